"""What the ledger knows of one caller, as the records of the ledger add up to it.

It guarantees that the same records give the same entry, in whichever program they are read.
It must never decide what is recorded: that is for who takes a turn at the ledger.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, cast

from takedown_cli.helpline.ledger.place import place_of
from takedown_cli.helpline.nouns import Answer, Authority, Behalf, Case, Event, State
from takedown_cli.wire import Age

#: One record, as plain JSON values: ``a`` is its act, ``i`` the item number, ``d`` the day, ``o`` the operator.
Record = dict[str, Any]


class Act(StrEnum):
    """The ledger's list of acts; ``HISTORY`` are those that an entry's history shows."""

    ENROLLED = "enrolled"
    REOPENED = "reopened"
    CLAIMED = "claimed"
    HASHED = "hashed"
    SENT = "sent"
    FOUND = "found"
    REFUSED = "refused"
    FAILED = "failed"
    NOTHING = "nothing"
    ANSWERED = "answered"
    LEAVING = "withdrawal-asked"
    WITHDRAWN = "withdrawn"
    GONE = "gone"
    SLIP = "slip"
    FORGOTTEN = "forgotten"
    KEPT = "kept"
    BEGUN = "begun"
    SHOWN = "shown"
    HANDED_OVER = "handed-over"
    TORN = "torn"
    RECONCILED = "reconciled"


HISTORY: Final = frozenset({
    Act.ENROLLED, Act.REOPENED, Act.HASHED, Act.SENT, Act.FOUND, Act.REFUSED, Act.FAILED, Act.NOTHING, Act.ANSWERED,
    Act.LEAVING, Act.WITHDRAWN, Act.GONE, Act.SLIP,
})  # fmt: skip


@dataclass(slots=True)
class Entry:
    """One caller's case. ``source`` and what serves the work is kept only until the case is sent.

    ``pending`` are bundles (DSSE bytes, or as they came) that are not acknowledged, ``acknowledged`` counts those that
    are; ``covered`` names files, and ``seen`` items, that are in one of them; ``place`` is a digest of the source, when
    that has gone; ``claim`` is the run that works on it; ``leaving`` is the day on which it was asked to be taken back,
    until the intake can get nothing of it any more.
    """

    item: int
    reference: str = field(repr=False)
    row: int
    source: str = field(repr=False)
    age: str
    behalf: str
    authority: str | None
    copies: list[str]
    intake: str
    language: str
    ready_made: bool
    test: bool
    number: str | None = field(repr=False)
    claim: str | None = None
    finished: bool = False
    verdict: str | None = None
    reason: str | None = None
    leaving: str | None = None
    place: str | None = None
    pending: list[str] = field(default_factory=list, repr=False)
    acknowledged: int = 0
    items: int = 0
    waiting_items: list[int] = field(default_factory=list)
    unprotected: int = 0
    twice: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    covered: set[str] = field(default_factory=set, repr=False)
    seen: set[str] = field(default_factory=set, repr=False)
    sent: str | None = None
    expires: str | None = None
    answers: dict[str, list[Any]] = field(default_factory=dict)
    history: list[tuple[str, str, str]] = field(default_factory=list)
    changed: int = 0

    @property
    def state(self) -> State:
        if self.verdict is not None:
            return State(self.verdict)
        if not self.finished:
            return State.WAITING
        return State.READY if self.pending or not self.acknowledged else State.SENT

    @property
    def open(self) -> bool:
        """Whether there is work left that a run may do."""
        return self.leaving is None and self.state in {State.WAITING, State.READY, State.FAILED}

    @property
    def path(self) -> Path:
        """The caller's folder or ready-made bundle, while there is work left."""
        return Path(self.source)

    @property
    def contacted(self) -> bool:
        """Whether the intake may know the case: something of it was ready to be sent, or was."""
        return bool(self.pending or self.acknowledged)

    def case(self) -> Case:
        """The entry as the noun that the other parts of the caseload share."""
        return Case(
            reference=self.reference, number=self.number, state=self.state, age=cast("Age", self.age),
            behalf=cast("Behalf", self.behalf), authority=cast("Authority | None", self.authority),
            language=self.language, intake=self.intake, items=self.items, unprotected=self.unprotected, sent=self.sent,
            expires=self.expires, answers=tuple(_answer(key, said) for key, said in sorted(self.answers.items())),
            history=tuple(Event(*event) for event in self.history), item=self.item, twice=self.twice,
            reason=self.reason, leaving=self.leaving is not None,
        )  # fmt: skip

    # ------------------------------------------------------------------------------------------------------ in records

    def kept(self) -> Record:
        """The whole entry as one record, for a ledger that is written anew."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {"a": Act.KEPT, **values, "covered": sorted(self.covered), "seen": sorted(self.seen)}

    @classmethod
    def of(cls, record: Record) -> Entry:
        """The entry of an ``enrolled`` or ``kept`` record."""
        values = {name: value for name, value in record.items() if name in _NAMES}
        entry = cls(**{"item": record.get("i"), **values})
        entry.covered, entry.seen = set(entry.covered), set(entry.seen)
        entry.history = [(day, operator, act) for day, operator, act in entry.history]
        return entry

    def take(self, record: Record) -> bool:
        """Let one record change the entry; whether it says something that a person would want to know."""
        act = Act(record["a"])
        _TAKES[act](self, record)
        if act in HISTORY:
            self.history.append((record["d"], record["o"], str(act)))
        return act in HISTORY

    def _claimed(self, record: Record) -> None:
        self.claim = record["s"]
        if self.verdict == State.FAILED:
            self.verdict = self.reason = None

    def _hashed(self, record: Record) -> None:
        if record["bundle"] is not None:
            self.pending.append(record["bundle"])
            self.waiting_items.append(record["items"])
        self.unprotected += record["unprotected"]
        for reason, count in record["reasons"].items():
            self.reasons[reason] = self.reasons.get(reason, 0) + count
        self.twice += record["twice"]
        self.covered.update(record["covered"])
        self.seen.update(record["seen"])
        self.finished = record["last"]
        if self.finished and not self.contacted:
            self.verdict = State.NOTHING
        if self.finished:
            self._settled()

    def _sent(self, record: Record) -> None:
        if record["part"] != self.acknowledged or not self.pending:
            return  # another run sent it as well; the intake took it once, and so do we
        self.pending.pop(0)
        self.items += self.waiting_items.pop(0)
        self.acknowledged += 1
        self.sent = self.sent or record["received"]
        self.expires = max(self.expires or "", record["expires"])
        self._settled()

    def _found(self, record: Record) -> None:
        """The intake has a part of it that the ledger lost: what is sent from now on adds to that."""
        if not self.contacted:
            self.acknowledged, self.items = 1, record["items"]
            self.sent, self.expires = record["received"], record["expires"]

    def _settled(self) -> None:
        if self.finished and not self.pending:
            self._leave()

    def _reopened(self, record: Record) -> None:
        self.source, self.finished, self.verdict = record["source"], False, None

    def _leave(self) -> None:
        """No run has it any more, and of where its files were only a digest is kept."""
        if self.source:
            self.place = place_of(self.path)
        self.claim, self.source = None, ""

    def _ended(self, record: Record) -> None:
        self.verdict, self.reason = _VERDICTS[Act(record["a"])], record.get("why")
        if self.verdict != State.FAILED:
            self.pending, self.waiting_items, self.leaving = [], [], None
            self._leave()

    def _answered(self, record: Record) -> None:
        self.sent, self.expires = record["received"], record["expires"]
        before, self.answers = self.answers, {}
        for platform, state, items, day in record["answers"]:
            key = f"{state} {platform}"
            self.answers[key] = [items, before[key][1] if key in before else day]

    def _leaving(self, record: Record) -> None:
        self.leaving, self.reason = self.leaving or record["d"], record["why"]
        self._leave()

    def _gone(self, record: Record) -> None:
        self.reason = record["why"]

    def _slip(self, record: Record) -> None:
        """Nothing changes but the history: the number is on paper."""


def _answer(key: str, said: list[Any]) -> Answer:
    state, _, platform = key.partition(" ")
    return Answer(platform, cast("Any", state), said[0], said[1])


_NAMES: Final = frozenset(f.name for f in fields(Entry))
_VERDICTS: Final = {
    Act.REFUSED: State.REFUSED, Act.FAILED: State.FAILED, Act.NOTHING: State.NOTHING, Act.WITHDRAWN: State.WITHDRAWN,
}  # fmt: skip
_TAKES: Final[dict[Act, Callable[[Entry, Record], None]]] = {
    Act.REOPENED: Entry._reopened,
    Act.CLAIMED: Entry._claimed,
    Act.HASHED: Entry._hashed,
    Act.SENT: Entry._sent,
    Act.FOUND: Entry._found,
    Act.REFUSED: Entry._ended,
    Act.FAILED: Entry._ended,
    Act.NOTHING: Entry._ended,
    Act.WITHDRAWN: Entry._ended,
    Act.ANSWERED: Entry._answered,
    Act.LEAVING: Entry._leaving,
    Act.GONE: Entry._gone,
    Act.SLIP: Entry._slip,
}
