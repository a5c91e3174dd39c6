"""One caller's folder while it is hashed: its outcomes are gathered into parts, and each part is a signed bundle.

Each item is in only one part, even if its picture is in the folder several times. A part is never hashed again.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from takedown_cli.core.errors import TooLargeError
from takedown_cli.core.file_kind import is_link_at
from takedown_cli.core.file_names import literal_path
from takedown_cli.core.model import Failed, Found, Hashed, Limits, Outcome, Skipped, count_of_archive
from takedown_cli.core.reasons import NO_LOSS, Reason
from takedown_cli.hashing.discover import walk
from takedown_cli.helpline.run.file_recognition import recognition_digest
from takedown_cli.protocol.bundle import envelope
from takedown_cli.protocol.bundle.document import Bundle, Declaration, Item, items_of
from takedown_cli.protocol.bundle.file import payload_of
from takedown_cli.protocol.case_number import CaseNumber
from takedown_cli.protocol.wire import encode

if TYPE_CHECKING:
    from takedown_cli.helpline.keys import OrganisationKey
    from takedown_cli.helpline.ledger.entry import Entry
    from takedown_cli.protocol.wire import IntakeCard

#: A part is closed after this many files or fingerprints. If a run is killed, at most this much is hashed again. And no
#: bundle comes near the size that an intake refuses.
PART_FILES: Final = 64
PART_FINGERPRINTS: Final = 20_000
#: If this many files stop or crash the decoder, the rest of the folder waits for another run.
MOST_LOST: Final = 10
_LOST: Final = frozenset({Reason.TOO_SLOW, Reason.DECODER_CRASHED, Reason.TOO_MUCH_MEMORY})


@dataclass
class Part:
    """What one part of a case adds to the ledger, as the values of a ``hashed`` record.

    ``bundle`` is None when nothing in it could be protected; ``item`` is the case's number, ``items`` counts pictures
    and videos; ``covered`` and ``seen`` are as in ``Entry``.
    """

    item: int
    bundle: str | None = field(default=None, repr=False)
    items: int = 0
    unprotected: int = 0
    twice: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    last: bool = False
    covered: list[str] = field(default_factory=list, repr=False)
    seen: list[str] = field(default_factory=list, repr=False)


class Folder:
    """One caller's folder while it is hashed. ``key`` countersigns; ``card`` belongs to the intake of the case."""

    def __init__(self, entry: Entry, limits: Limits, card: IntakeCard, key: OrganisationKey, day: str) -> None:
        assert entry.number is not None
        self.item = entry.item
        self.in_pool = 0  # files that the pool was given and has not answered for
        self.seconds = 0.0
        self.lost = 0
        self.walked = False
        self.unreadable: Reason | None = None  # why the folder itself could not be read
        self._entry = entry
        self._limits = limits
        self._number = CaseNumber.parse(entry.number)
        self._name_key = self._number.journal_key()
        self._card, self._key, self._day = card, key, day
        self._declaration = Declaration.model_validate({"behalf": entry.behalf, "authority": entry.authority})
        self._adds = entry.contacted
        self._covered, self._seen = set(entry.covered), set(entry.seen)
        self._given: dict[Path, tuple[str, float]] = {}
        #: What was counted of archives of which more will come: it is in no part before all of it is known.
        self._archives: dict[Path, Part] = {}
        self._came = Counter[Path]()
        self._clear()

    def _clear(self) -> None:
        self._part = Part(self.item)
        self._items: list[Item] = []
        self._fingerprints = 0

    @property
    def set_aside(self) -> bool:
        """Whether the rest of it waits for another run, so that it does not hold up the others."""
        return self.lost >= MOST_LOST

    @property
    def is_finished(self) -> bool:
        """Whether nothing more will come out of it now."""
        return self.in_pool == 0 and (self.walked or self.set_aside)

    @property
    def begun(self) -> bool:
        """Whether something came out of it that is in no part yet."""
        return bool(self._part.covered or self._items)

    @property
    def full(self) -> bool:
        return max(len(self._part.covered), len(self._items)) >= PART_FILES or self._fingerprints >= PART_FINGERPRINTS

    def files(self) -> Iterator[Found | Skipped | Failed]:
        """Yield the files of the folder that are in no part yet. Nothing on the disk makes this raise."""
        if is_link_at(
            literal_path(self._entry.path)
        ):  # since the manifest was read; it may lead to another caller's folder
            self.unreadable = Reason.SYMLINK
            return
        for found in walk([self._entry.path], self._limits):
            name = recognition_digest(found, self._name_key)
            if name not in self._covered:
                self._given[found.path] = name, time.monotonic()
                yield found

    def take(self, outcome: Outcome) -> None:
        """Count one outcome, and keep its item. Nothing that a file or a decoder does makes this raise."""
        of_archive = count_of_archive(outcome)
        counts = self._archives.setdefault(outcome.path, Part(self.item)) if of_archive else self._part
        self._count(outcome, counts)
        if of_archive:
            self._came[outcome.path] += 1
            if self._came[outcome.path] < of_archive:
                return
            del self._came[outcome.path], self._archives[outcome.path]
            self._part.unprotected += counts.unprotected
            self._part.twice += counts.twice
            self._part.reasons.update(counts.reasons)
        name, since = self._given.pop(outcome.path, ("", time.monotonic()))
        self.in_pool -= 1
        self.seconds += time.monotonic() - since
        if of_archive or isinstance(outcome, Hashed) or outcome.reason is not Reason.IN_CLOUD:
            self._part.covered.append(name)  # a download changes neither name, size nor time

    def _count(self, outcome: Outcome, counts: Part) -> None:
        if isinstance(outcome, Hashed):
            self._count_hashed(outcome, counts)
            return
        self.lost += outcome.reason in _LOST
        if isinstance(outcome, Failed) and outcome.member is None and outcome.path == self._entry.path:
            self.unreadable = outcome.reason
        if outcome.reason is Reason.DUPLICATE:
            counts.twice += 1
        elif outcome.reason not in NO_LOSS:
            counts.unprotected += 1
            counts.reasons[outcome.reason] += 1

    def _count_hashed(self, hashed: Hashed, counts: Part) -> None:
        try:
            items = items_of(hashed, self._entry.age)  # type: ignore[arg-type]
        except TooLargeError:
            items = ()
        if not items:
            counts.unprotected += 1
            counts.reasons[hashed.weak or Reason.LOW_QUALITY] += 1
            return
        if hashed.partial is not None:
            counts.reasons[hashed.partial] += 1
        for item in items:
            digest = sha256(item.model_dump_json().encode()).digest()[:12].hex()
            if digest in self._seen:
                counts.twice += 1
                continue
            self._seen.add(digest)
            self._part.seen.append(digest)
            self._items.append(item)
            self._fingerprints += len(item.fingerprints)

    def part(self, *, last: bool) -> Part:
        """Return what was gathered since the last part, as a bundle signed by the case and the organisation."""
        part = self._part
        part.bundle, part.items, part.last = self._bundle() if self._items else None, len(self._items), last
        self._clear()
        return part

    def _bundle(self) -> str:
        payload = payload_of(
            self._items, self._number, self._declaration, day=self._day, card=self._card, adds=self._adds,
            test=self._entry.test,
        )  # fmt: skip
        self._adds = True
        signed = envelope.sign(Bundle.TYPE, encode(payload), self._number.signing_key())
        return self._key.countersign(signed).decode("ascii")
