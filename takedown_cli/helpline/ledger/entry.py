"""One caller's entry in the ledger: the sum of the records about them."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, cast

from takedown_cli.helpline.case import CaseState, PlatformAnswer

#: One record, as plain JSON values: ``a`` is its act, ``i`` the item number, ``d`` the day, ``o`` the operator.
Record = dict[str, Any]


class Act(StrEnum):
    """The ledger's list of acts. ``HISTORY`` are those that an entry's history shows."""

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
    WITHDREW = "withdrew"


HISTORY: Final = frozenset({
    Act.ENROLLED, Act.REOPENED, Act.HASHED, Act.SENT, Act.FOUND, Act.REFUSED, Act.FAILED, Act.NOTHING, Act.ANSWERED,
    Act.LEAVING, Act.WITHDRAWN, Act.GONE, Act.SLIP,
})  # fmt: skip


@dataclass(slots=True)
class Entry:
    """One caller's case. ``source`` and other data for the work are kept only until the case is sent.

    ``pending`` are bundles (DSSE bytes, or as they came) that are not acknowledged, ``acknowledged`` counts those that
    are; ``covered`` names files, and ``seen`` items, that are in one of them; ``place`` is a digest of the source once
    the source is removed; ``claim`` is the run that works on it; ``leaving`` is the day on which a withdrawal was
    requested, until nothing of the case can arrive at the intake any more.

    ``number`` is the case number as it is shown, None for a bundle made elsewhere, whose number the helpline never
    learns. ``items`` were sent, ``unprotected`` files could not be, ``twice`` counts duplicates in the folder; ``sent``
    and ``expires`` are days of the intake; ``reason`` is a sentence on why the case was refused or failed;
    ``history`` is who did what when, as day (UTC), operator and act.
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
    def state(self) -> CaseState:
        if self.verdict is not None:
            return CaseState(self.verdict)
        if not self.finished:
            return CaseState.WAITING
        return CaseState.READY if self.pending or not self.acknowledged else CaseState.SENT

    @property
    def open(self) -> bool:
        """Whether a run may still work on it."""
        return self.leaving is None and self.state in {CaseState.WAITING, CaseState.READY, CaseState.FAILED}

    @property
    def path(self) -> Path:
        """The caller's folder or ready-made bundle, while there is work left."""
        return Path(self.source)

    @property
    def contacted(self) -> bool:
        """Whether the intake may know the case: a part of it was ready to be sent, or was sent."""
        return bool(self.pending or self.acknowledged)

    @property
    def has_slip(self) -> bool:
        """Whether a slip with the case number was made."""
        return any(act == Act.SLIP for _, _, act in self.history)

    @property
    def platform_answers(self) -> list[PlatformAnswer]:
        """What platforms said, sorted by answer and platform. ``answers`` has it as the ledger's file does."""
        keys = ((key.partition(" "), said) for key, said in sorted(self.answers.items()))
        return [PlatformAnswer(platform, cast("Any", state), *said) for (state, _, platform), said in keys]

    # ------------------------------------------------------------------------------------------------------ in records

    def kept(self) -> Record:
        """Return the whole entry as one record, for a ledger that is rewritten."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {"a": Act.KEPT, **values, "covered": sorted(self.covered), "seen": sorted(self.seen)}

    @classmethod
    def of(cls, record: Record) -> Entry:
        """Return the entry of an ``enrolled`` or ``kept`` record."""
        values = {name: value for name, value in record.items() if name in _NAMES}
        entry = cls(**{"item": record.get("i"), **values})
        entry.covered, entry.seen = set(entry.covered), set(entry.seen)
        entry.history = [(day, operator, act) for day, operator, act in entry.history]
        return entry

    def take(self, record: Record) -> bool:
        """Apply one record. Return whether it is news for a person."""
        act = Act(record["a"])
        match act:
            case Act.REOPENED:
                self.source, self.finished, self.verdict = record["source"], False, None
            case Act.CLAIMED:
                self._claimed(record)
            case Act.HASHED:
                self._hashed(record)
            case Act.SENT:
                self._sent(record)
            case Act.FOUND:
                self._found(record)
            case Act.REFUSED | Act.FAILED | Act.NOTHING | Act.WITHDRAWN:
                self._ended(CaseState(act), record.get("why"))
            case Act.ANSWERED:
                self._answered(record)
            case Act.LEAVING:
                self.leaving, self.reason = self.leaving or record["d"], record["why"]
                self._leave()
            case Act.GONE:
                self.reason = record["why"]
            case Act.SLIP:
                pass  # the history has it: the case number is on paper
            case _:
                raise ValueError(act)
        if act in HISTORY:
            self.history.append((record["d"], record["o"], str(act)))
        return act in HISTORY

    def _claimed(self, record: Record) -> None:
        self.claim = record["s"]
        if self.verdict == CaseState.FAILED:
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
            self.verdict = CaseState.NOTHING
        if self.finished:
            self._settled()

    def _sent(self, record: Record) -> None:
        if record["part"] != self.acknowledged or not self.pending:
            return  # another run sent it as well; the intake counted it once, and so do we
        self.pending.pop(0)
        self.items += self.waiting_items.pop(0)
        self.acknowledged += 1
        self.sent = self.sent or record["received"]
        self.expires = max(self.expires or "", record["expires"])
        self._settled()

    def _found(self, record: Record) -> None:
        """Record a part that the intake has and the ledger lost. Later parts are added to that case."""
        if not self.contacted:
            self.acknowledged, self.items = 1, record["items"]
            self.sent, self.expires = record["received"], record["expires"]

    def _settled(self) -> None:
        if self.finished and not self.pending:
            self._leave()

    def _leave(self) -> None:
        """Release the entry, and keep only a digest of where its files were."""
        if self.source:
            self.place = place_digest(self.path)
        self.claim, self.source = None, ""

    def _ended(self, verdict: CaseState, reason: str | None) -> None:
        self.verdict, self.reason = verdict, reason
        if verdict is not CaseState.FAILED:
            self.pending, self.waiting_items, self.leaving = [], [], None
            self._leave()

    def _answered(self, record: Record) -> None:
        self.sent, self.expires = record["received"], record["expires"]
        before, self.answers = self.answers, {}
        for platform, state, items, day in record["answers"]:
            key = f"{state} {platform}"
            self.answers[key] = [items, before[key][1] if key in before else day]


def place_digest(source: Path) -> str:
    """Return 24 hexadecimal digits that stand for a caller's folder or bundle, an absolute path without links.

    The ledger keeps this digest instead of the path once a case is sent.
    """
    return sha256(b"takedown/ledger/place/v1\0" + bytes(source)).hexdigest()[:24]


_NAMES: Final = frozenset(f.name for f in fields(Entry))
