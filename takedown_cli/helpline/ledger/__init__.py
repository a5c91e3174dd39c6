"""The ledger of a caseload: every caller's case, and who did what when, for as many operators as work on it.

It guarantees that what a turn wrote is on the disk when it ends, that nobody's turn overlaps, and that a caller is
worked on by one run at a time. It must never be read or written outside of a turn, nor show what it holds.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from takedown_cli.errors import LedgerError
from takedown_cli.helpline.keys.organisation import OrganisationKey
from takedown_cli.helpline.ledger.entry import Act, Entry, Record
from takedown_cli.helpline.ledger.file import LedgerFile
from takedown_cli.helpline.ledger.locks import Session, is_alive
from takedown_cli.helpline.nouns import Case

#: A ledger is written anew when it is larger than this many bytes, and four times what its entries come to: so many
#: bytes each and for each file's name in them, compressed, and the bundles that are not acknowledged.
WORTHWHILE: Final = 4 << 20
_ENTRY: Final = 400
_NAME: Final = 16
_IN_A_FRAME: Final = 256


@dataclass(slots=True)
class State:
    """What the records so far add up to. ``clock`` counts what a person would want to know; ``shown`` and ``handed``
    are where it stood when the cases were last shown, and handed over; ``next_item`` is never given twice. ``torn`` is
    set from when an end was found that is no whole entry until the intakes were asked what that was about."""

    entries: dict[int, Entry] = field(default_factory=dict)
    references: dict[str, int] = field(default_factory=dict, repr=False)
    clock: int = 0
    shown: int = 0
    handed: int = 0
    next_item: int = 1
    torn: bool = False

    def take(self, record: Record) -> None:
        """Raises LedgerError for a record of a later version."""
        try:
            self._take(Act(record["a"]), record)
        except (KeyError, ValueError, TypeError, IndexError):
            raise LedgerError(
                "The ledger holds something that this version does not know.",
                hint="Use the latest takedown.",
            ) from None

    def _take(self, act: Act, record: Record) -> None:
        if act is Act.BEGUN:
            self.clock, self.shown, self.handed = record["clock"], record["shown"], record["handed"]
            self.next_item = record["next"]
            self.torn = record.get("torn", False)
        elif act in {Act.TORN, Act.RECONCILED}:
            self.torn = act is Act.TORN
        elif act is Act.SHOWN:
            self.shown = record["clock"]
        elif act is Act.HANDED_OVER:
            self.handed = record["clock"]
        elif act is Act.FORGOTTEN:
            gone = self.entries.pop(record["i"], None)
            if gone is not None:
                self.references.pop(gone.reference, None)
        elif act in {Act.ENROLLED, Act.KEPT}:
            entry = Entry.of(record)
            if act is Act.ENROLLED:
                self.clock += 1
                entry.changed = self.clock
                entry.history.append((record["d"], record["o"], str(act)))
            self.entries[entry.item] = entry
            self.references[entry.reference] = entry.item
            self.next_item = max(self.next_item, entry.item + 1)
        elif (known := self.entries.get(record["i"])) is not None and known.take(record):
            self.clock += 1
            known.changed = self.clock

    def records(self) -> Iterator[Record]:
        """What amounts to this state, for a ledger that is written anew."""
        yield {
            "a": Act.BEGUN, "clock": self.clock, "shown": self.shown, "handed": self.handed, "next": self.next_item,
            "torn": self.torn,
        }  # fmt: skip
        for entry in self.entries.values():
            yield entry.kept()


class Turn:
    """What one turn may look at, ``state``, and adds to it. What it adds shows in ``state`` once the turn is over."""

    def __init__(self, state: State, day: str, operator: str) -> None:
        self.state = state
        self.added: list[Record] = []
        self._day, self._operator = day, operator

    def add(self, act: Act, item: int, **values: Any) -> None:
        """One record about one case; what ``values`` it has depends on the act (see ``entry``)."""
        self.added.append({"a": act, "i": item, "d": self._day, "o": self._operator, **values})

    def note(self, act: Act, clock: int | None = None) -> None:
        """That something was done about all cases, as they stand, or as they stood when the clock stood there."""
        at = self.state.clock if clock is None else clock
        self.added.append({"a": act, "clock": at, "d": self._day, "o": self._operator})


class Ledger:
    """An open ledger, as a context manager. ``operator`` is who works, ``day`` the day in UTC that is written down.

    Raises LedgerKeyError for another organisation's, LedgerError for a damaged one, OutputError where the file cannot
    be read, written or locked.
    """

    def __init__(self, path: Path, key: OrganisationKey, *, operator: str, day: str) -> None:
        self.path = path
        self._file = LedgerFile(path, key.ledger_key())
        self._operator, self.day = operator, day
        self._state = State()
        try:
            with self.turn() as turn:
                if self._file.torn:
                    turn.note(Act.TORN)
        except BaseException:
            self._file.close()
            raise

    @classmethod
    def make(cls, path: Path, key: OrganisationKey, *, operator: str, day: str) -> Self:
        """Open the ledger at ``path``, made now if there is nothing there."""
        if not path.exists():
            LedgerFile.create(path, key.ledger_key(), _encoded(State().records()))
        return cls(path, key, operator=operator, day=day)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """Look and write while nobody else does. Everything that was added is one frame: all of it, or nothing.

        Raises OutputError when it cannot be written; then it is as if there had been no turn.
        """
        with self._file.exclusive():
            self._read()
            turn = Turn(self._state, self.day, self._operator)
            yield turn
            if turn.added:
                with self._whole():
                    self._file.append(_encoded(turn.added))
                    for record in turn.added:
                        self._state.take(record)

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """What is interrupted in the block is not half known afterwards: the file is then read from its start."""
        try:
            yield
        except BaseException:
            self._file.rewind()
            raise

    def state(self) -> State:
        """How things stand now."""
        with self._file.exclusive():
            self._read()
        return self._state

    def cases(self) -> list[Case]:
        """Every case, in the order in which they were taken in."""
        return [entry.case() for entry in self.state().entries.values()]

    def claim(self, turn: Turn, session: Session, candidates: deque[int], most: int) -> list[Entry]:
        """Up to ``most`` of the ``candidates`` (item numbers, which are used up) that have work left and that no
        living run has; from now on they are this run's. A run gets no caller a second time."""
        alive: dict[str, bool] = {session.id: True}
        found: list[Entry] = []
        while candidates and len(found) < most:
            entry = turn.state.entries.get(candidates.popleft())
            if entry is None or not entry.open:
                continue
            holder = entry.claim
            if holder is not None and holder not in alive:
                alive[holder] = is_alive(self.path, holder)
            if holder is None or not alive[holder]:
                turn.add(Act.CLAIMED, entry.item, s=session.id)
                found.append(entry)
        return found

    def is_held(self, entry: Entry) -> bool:
        """Whether a run works on this case now."""
        return entry.open and entry.claim is not None and is_alive(self.path, entry.claim)

    def held_by_others(self, session: Session) -> int:
        """On how many callers another run works now."""
        claims = [entry.claim for entry in self.state().entries.values() if entry.open and entry.claim is not None]
        alive = {claim for claim in {*claims} - {session.id} if is_alive(self.path, claim)}
        return sum(claim in alive for claim in claims)

    def compact(self, *, always: bool = False) -> None:
        """Write the ledger anew without what no longer counts; unless ``always``, only when that is worth while.

        Raises OutputError; then the old one is as it was.
        """
        with self._file.exclusive():
            self._read()
            entries = self._state.entries.values()
            names = sum(len(entry.covered) + len(entry.seen) for entry in entries)
            held = _NAME * names + sum(_ENTRY + sum(map(len, entry.pending)) for entry in entries)
            if always or self._file.size > max(WORTHWHILE, 4 * held):
                self._file.replace(list(_frames(self._state.records())))

    def _read(self) -> None:
        with self._whole():
            fresh, frames = self._file.news()
            if fresh:
                self._state = State()
            for frame in frames:
                try:
                    records = json.loads(frame)
                except ValueError:
                    raise LedgerError from None
                for record in records:
                    self._state.take(record)


def _encoded(records: Iterable[Record]) -> bytes:
    return json.dumps(list(records), separators=(",", ":"), allow_nan=False).encode("ascii")


def _frames(records: Iterator[Record]) -> Iterator[bytes]:
    """The records, some hundreds to a frame, so that no frame is ever too large to be read."""
    batch: list[Record] = []
    for record in records:
        batch.append(record)
        if len(batch) == _IN_A_FRAME:
            yield _encoded(batch)
            batch = []
    if batch:
        yield _encoded(batch)
