"""The ledger of a caseload: every caller's case, and who did what and when. Several operators share it.

Transactions read and write it, one at a time. When a transaction ends, its records are on the disk.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from takedown_cli.core.errors import LedgerError, OutputError, UsageError
from takedown_cli.helpline.keys import OrganisationKey
from takedown_cli.helpline.ledger.digests import LedgerDigests
from takedown_cli.helpline.ledger.entry import Act, Entry, Record
from takedown_cli.helpline.ledger.file import LedgerFile
from takedown_cli.helpline.ledger.locks import Session, is_alive

#: A ledger is rewritten when it is larger than this many bytes and than four times what its entries need: bytes for
#: each entry and for each file name in it, compressed, and the bundles that are not acknowledged.
WORTHWHILE: Final = 4 << 20
_ENTRY: Final = 400
_NAME: Final = 16
_IN_A_FRAME: Final = 256
#: How often, and after how many seconds, a rewrite is tried again while another program has the file open.
_TRIES: Final = 20
_PAUSE: Final = 0.1


@dataclass(slots=True)
class LedgerState:
    """The sum of the records so far.

    ``clock`` counts the news for people. ``shown`` and ``handed`` are its values when the cases were last shown and
    handed over. ``next_item`` is never given twice. ``torn`` is true from the moment an incomplete end is found until
    the intakes were asked about it. ``withdrew`` has digests of the references of callers who withdrew and whose cases
    were forgotten.
    """

    entries: dict[int, Entry] = field(default_factory=dict)
    references: dict[str, int] = field(default_factory=dict, repr=False)
    clock: int = 0
    shown: int = 0
    handed: int = 0
    next_item: int = 1
    torn: bool = False
    withdrew: set[str] = field(default_factory=set, repr=False)
    digests: LedgerDigests | None = field(default=None, repr=False)

    def withdrawn_digest(self, reference: str) -> str | None:
        """Return the digest that stayed of a caller who withdrew and whose case was forgotten, None for others."""
        found = self.digests.of_reference(reference) if self.withdrew and self.digests is not None else None
        return found if found in self.withdrew else None

    def take(self, record: Record) -> None:
        """Apply one record. Raises LedgerError for a record of a later version."""
        try:
            self._take(Act(record["a"]), record)
        except (KeyError, ValueError, TypeError, IndexError):
            raise LedgerError(
                "The ledger was written by a newer version of takedown.",
                hint="Install the latest version.",
            ) from None

    def _take(self, act: Act, record: Record) -> None:
        if act is Act.BEGUN:
            self.clock, self.shown, self.handed = record["clock"], record["shown"], record["handed"]
            self.next_item = record["next"]
            self.torn = record.get("torn", False)
        elif act in {Act.TORN, Act.RECONCILED}:
            self.torn = act is Act.TORN
        elif act is Act.WITHDREW:
            self.withdrew = set(record["references"])
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
                self.withdrew.discard(record.get("withdrew", ""))
                self.clock += 1
                entry.changed = self.clock
                entry.history.append((record["d"], record["o"], str(act)))
            self.entries[entry.item] = entry
            self.references[entry.reference] = entry.item
            self.next_item = max(self.next_item, entry.item + 1)
        elif (known := self.entries.get(record["i"])) is not None and known.take(record):
            self.clock += 1
            known.changed = self.clock

    def records(self, without: Collection[int] = (), withdrew: Collection[str] | None = None) -> Iterator[Record]:
        """Yield records that add up to this state, except for the cases ``without``, for a rewritten ledger.

        ``withdrew`` replaces the digests of that name.
        """
        yield {
            "a": Act.BEGUN, "clock": self.clock, "shown": self.shown, "handed": self.handed, "next": self.next_item,
            "torn": self.torn,
        }  # fmt: skip
        digests = self.withdrew if withdrew is None else withdrew
        if digests:  # an earlier version does not know this act, and refuses the ledger: it would send them again
            yield {"a": Act.WITHDREW, "references": sorted(digests)}
        for entry in self.entries.values():
            if entry.item not in without:
                yield entry.kept()


class LedgerTransaction:
    """One transaction: ``state`` to read, and records to add. ``state`` has them after the transaction."""

    def __init__(self, state: LedgerState, day: str, operator: str) -> None:
        self.state = state
        self.added: list[Record] = []
        self._day, self._operator = day, operator

    def add(self, act: Act, item: int, **values: Any) -> None:
        """Add one record about one case; its ``values`` depend on the act (see ``entry``)."""
        self.added.append({"a": act, "i": item, "d": self._day, "o": self._operator, **values})

    def note(self, act: Act, clock: int | None = None) -> None:
        """Record an act about all cases, as they are now or as they were at ``clock``."""
        at = self.state.clock if clock is None else clock
        self.added.append({"a": act, "clock": at, "d": self._day, "o": self._operator})


class Ledger:
    """An open ledger, as a context manager. It records ``operator`` (a name) and ``day`` (UTC) with every act.

    Raises LedgerKeyError for another organisation's ledger, LedgerError for a damaged one, OutputError if the file
    cannot be read, written or locked.
    """

    def __init__(self, path: Path, key: OrganisationKey, *, operator: str, day: str) -> None:
        self.path = path
        self._file = LedgerFile(path, key.ledger_key())
        self.digests = LedgerDigests(key.ledger_key())
        self._operator, self.day = operator, day
        self._state = LedgerState(digests=self.digests)
        with self.transaction() as transaction:
            if self._file.torn:
                transaction.note(Act.TORN)

    @classmethod
    def make(cls, path: Path, key: OrganisationKey, *, operator: str, day: str) -> Self:
        """Open the ledger at ``path``, and make it if there is none."""
        if not path.exists():
            LedgerFile.create(path, key.ledger_key(), _encoded(LedgerState().records()))
        return cls(path, key, operator=operator, day=day)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing: the file is open only during a transaction."""

    @contextmanager
    def transaction(self) -> Iterator[LedgerTransaction]:
        """Read and write while nobody else does. The added records are one frame: all are written, or none.

        Raise OutputError if it cannot be written; then nothing has changed.
        """
        with self._file.exclusive():
            self._read()
            transaction = LedgerTransaction(self._state, self.day, self._operator)
            yield transaction
            if transaction.added:
                with self._whole():
                    self._file.append(_encoded(transaction.added))
                    for record in transaction.added:
                        self._state.take(record)

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """If the block is interrupted, read the file from its start next time: half of it may have been read."""
        try:
            yield
        except BaseException:
            self._file.rewind()
            raise

    def state(self) -> LedgerState:
        """Return the current state."""
        with self._file.exclusive():
            self._read()
        return self._state

    def cases(self) -> list[Entry]:
        """Return every case, in the order of enrolment."""
        return list(self.state().entries.values())

    def claim(self, transaction: LedgerTransaction, session: Session, candidates: deque[int], most: int) -> list[Entry]:
        """Claim up to ``most`` of the ``candidates`` (item numbers, which are used up) for this run, and return their
        entries. Entries without open work, or claimed by another living run, are left out.
        """
        alive: dict[str, bool] = {session.id: True}
        found: list[Entry] = []
        while candidates and len(found) < most:
            entry = transaction.state.entries.get(candidates.popleft())
            if entry is None or not entry.open:
                continue
            holder = entry.claim
            if holder is not None and holder not in alive:
                alive[holder] = is_alive(self.path, holder)
            if holder is None or not alive[holder]:
                transaction.add(Act.CLAIMED, entry.item, s=session.id)
                found.append(entry)
        return found

    def is_held(self, entry: Entry) -> bool:
        """Whether a run works on this case now."""
        return entry.open and entry.claim is not None and is_alive(self.path, entry.claim)

    def require_not_held(self, entry: Entry) -> None:
        """Raise UsageError while a run works on this case."""
        if self.is_held(entry):
            raise UsageError("A run is working on this case now.", hint="Wait until it has ended.")

    def count_held_by_others(self, session: Session) -> int:
        """Return on how many callers another run works now."""
        claims = [entry.claim for entry in self.state().entries.values() if entry.open and entry.claim is not None]
        alive = {claim for claim in {*claims} - {session.id} if is_alive(self.path, claim)}
        return sum(claim in alive for claim in claims)

    def compact(
        self,
        *,
        always: bool = False,
        without: Collection[int] = (),
        withdrew: Callable[[LedgerState], Collection[str]] | None = None,
    ) -> None:
        """Rewrite the ledger without outdated records: only if it is much too large, or ``always``.

        Leave out the cases ``without`` (item numbers); ``withdrew`` gives the new digests of that name.

        Raise UsageError while a run works on one of the cases: nobody would have the number of what it sends. Raise
        OutputError. In both cases the old file is unchanged.
        """
        always = always or bool(without)
        for _ in range(_TRIES):
            if self._compact_once(always=always, without=without, withdrew=withdrew):
                return
            time.sleep(_PAUSE)  # most programs have it open for a moment only
        if always:
            raise OutputError(
                "The ledger could not be rewritten: another program has it open, or it is write-protected.",
                hint="Close that program, or wait until the other run has ended. The old ledger is unchanged.",
            )

    def _compact_once(
        self,
        *,
        always: bool,
        without: Collection[int],
        withdrew: Callable[[LedgerState], Collection[str]] | None,
    ) -> bool:
        """Return False if another program had the file open, so that it could not be replaced."""
        with self._file.exclusive():
            self._read()
            for item in without:
                if (entry := self._state.entries.get(item)) is not None:
                    self.require_not_held(entry)
            digests = self._state.withdrew if withdrew is None else withdrew(self._state)
            entries = self._state.entries.values()
            names = sum(len(entry.covered) + len(entry.seen) for entry in entries)
            held = _NAME * names + sum(_ENTRY + sum(map(len, entry.pending)) for entry in entries)
            if not always and self._file.size <= max(WORTHWHILE, 4 * held):
                return True
            return self._file.replace(list(_frames(self._state.records(without, digests))))

    def _read(self) -> None:
        with self._whole():
            fresh, frames = self._file.news()
            if fresh:
                self._state = LedgerState(digests=self.digests)
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
    """Yield the records in frames of a few hundred, so that no frame is too large to read."""
    batch: list[Record] = []
    for record in records:
        batch.append(record)
        if len(batch) == _IN_A_FRAME:
            yield _encoded(batch)
            batch = []
    if batch:
        yield _encoded(batch)
