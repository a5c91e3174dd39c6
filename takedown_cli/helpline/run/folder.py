"""One caller's folder while it is hashed: what comes out of it is gathered into parts, each a signed bundle.

It guarantees that an item is in one part only, however often its picture lies in the folder, and that what is in a part
is not hashed again. It must never put two callers' items, keys or numbers together.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from takedown_cli.bundle import envelope
from takedown_cli.bundle.document import Bundle, Declaration, Item, item_of
from takedown_cli.bundle.file import payload_of
from takedown_cli.case import CaseNumber
from takedown_cli.discover import walk
from takedown_cli.errors import TooLargeError
from takedown_cli.helpline.run.known import name_of
from takedown_cli.model import Failed, Found, Hashed, Limits, Outcome, Skipped
from takedown_cli.reasons import Reason
from takedown_cli.wire import encode

if TYPE_CHECKING:
    from takedown_cli.helpline.keys.organisation import OrganisationKey
    from takedown_cli.helpline.ledger.entry import Entry
    from takedown_cli.wire import IntakeCard

#: A part is closed after so many files or fingerprints: so much is hashed again when a run is killed, and no bundle
#: comes near what an intake refuses.
PART_FILES: Final = 64
PART_FINGERPRINTS: Final = 20_000
#: After so many files that hung or crashed the decoder, the rest of a folder waits for another run.
MOST_LOST: Final = 10
#: Files that are nothing to protect, or are protected by another.
_NO_LOSS: Final = frozenset({Reason.EMPTY, Reason.NOT_MEDIA, Reason.DUPLICATE})
_LOST: Final = frozenset({Reason.TOO_SLOW, Reason.DECODER_CRASHED, Reason.TOO_MUCH_MEMORY})


@dataclass(slots=True)
class Part:
    """What one part adds to the ledger; ``bundle`` is None when nothing in it could be protected."""

    item: int
    bundle: str | None = field(repr=False)
    values: dict[str, Any] = field(repr=False)


class Folder:
    """One caller's folder in work. ``key`` countersigns; ``card`` is that of the intake the case goes to."""

    def __init__(self, entry: Entry, limits: Limits, card: IntakeCard, key: OrganisationKey, day: str) -> None:
        assert entry.number is not None
        self.item = entry.item
        self.out = 0  # files given to the pool, and not back
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
        self._clear()

    def _clear(self) -> None:
        self._items: list[Item] = []
        self._fingerprints = self._files = self._unprotected = self._twice = 0
        self._reasons: Counter[str] = Counter()
        self._new_covered: list[str] = []
        self._new_seen: list[str] = []

    @property
    def set_aside(self) -> bool:
        """Whether the rest of it waits for another run, so that it does not hold up the others."""
        return self.lost >= MOST_LOST

    @property
    def done(self) -> bool:
        """Whether nothing more will come out of it now."""
        return self.out == 0 and (self.walked or self.set_aside)

    @property
    def begun(self) -> bool:
        """Whether something came out of it that is in no part yet."""
        return self._files > 0

    @property
    def full(self) -> bool:
        return self._files >= PART_FILES or self._fingerprints >= PART_FINGERPRINTS

    def files(self) -> Iterator[Found | Skipped | Failed]:
        """What is in the folder and in no part yet. Never raises for anything on the disk."""
        if self._entry.path.is_symlink():  # since the manifest was read; it may lead to another caller's folder
            self.unreadable = Reason.SYMLINK
            return
        for found in walk([self._entry.path], self._limits):
            name = name_of(found, self._name_key)
            if name not in self._covered:
                self._given[found.path] = name, time.monotonic()
                yield found

    def take(self, outcome: Outcome) -> None:
        """Count one outcome, and keep its item. Never raises for anything a file or a decoder may do."""
        name, since = self._given.pop(outcome.path, ("", time.monotonic()))
        self.out -= 1
        self.seconds += time.monotonic() - since
        self._files += 1
        self._new_covered.append(name)
        if isinstance(outcome, Hashed):
            self._take_hashed(outcome)
            return
        self.lost += outcome.reason in _LOST
        if isinstance(outcome, Failed) and outcome.path == self._entry.path:
            self.unreadable = outcome.reason
        if outcome.reason is Reason.DUPLICATE:
            self._twice += 1
        elif outcome.reason not in _NO_LOSS:
            self._unprotected += 1
            self._reasons[outcome.reason] += 1

    def _take_hashed(self, hashed: Hashed) -> None:
        try:
            item = item_of(hashed, self._entry.age)  # type: ignore[arg-type]
        except TooLargeError:
            item = None
        if item is None:
            self._unprotected += 1
            self._reasons[hashed.weak or Reason.LOW_QUALITY] += 1
            return
        if hashed.partial is not None:
            self._reasons[hashed.partial] += 1
        digest = sha256(item.model_dump_json().encode()).digest()[:12].hex()
        if digest in self._seen:
            self._twice += 1
            return
        self._seen.add(digest)
        self._new_seen.append(digest)
        self._items.append(item)
        self._fingerprints += len(item.fingerprints)

    def part(self, *, last: bool) -> Part:
        """What was gathered since the last part, as a bundle of this case, signed by it and by the organisation."""
        bundle = self._bundle() if self._items else None
        values = {
            "bundle": bundle, "items": len(self._items), "unprotected": self._unprotected, "twice": self._twice,
            "reasons": dict(self._reasons), "last": last, "covered": self._new_covered,
            "seen": self._new_seen,
        }  # fmt: skip
        self._clear()
        return Part(self.item, bundle, values)

    def _bundle(self) -> str:
        payload = payload_of(
            self._items, self._number, self._declaration, day=self._day, card=self._card, adds=self._adds,
            test=self._entry.test,
        )  # fmt: skip
        self._adds = True
        signed = envelope.sign(Bundle.TYPE, encode(payload), self._number.signing_key())
        return self._key.countersign(signed).decode("ascii")
