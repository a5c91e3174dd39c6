"""The whole offline half as one line: walk → decode → fingerprint → bundle → sign and seal.

It guarantees that every regular file comes out exactly once, in a stable order, as one outcome.
It must never open a connection; the module that does so is not imported here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from takedown_cli.discover import open_media, walk
from takedown_cli.model import Failed, Hashed, Hasher, Outcome, Recipe, Skipped
from takedown_cli.pool import Pool
from takedown_cli.reasons import Reason

if TYPE_CHECKING:
    from takedown_cli.bundle.document import Bundle, Declaration, Item
    from takedown_cli.case import CaseNumber
    from takedown_cli.wire import Age, IntakeCard


def outcomes(
    paths: Iterable[Path], recipe: Recipe, *, workers: int | None = None, hasher: Hasher | None = None
) -> Iterator[Outcome]:
    """One outcome for every file at or below ``paths``, as soon as it and all before it are known.

    ``workers`` is the number of decoding processes (all cores when None); ``hasher`` replaces the local pool.
    """
    found = walk(paths, recipe.limits)
    if hasher is not None:
        yield from hasher.outcomes(found)
        return
    with Pool(recipe, workers=workers, opener=open_media) as pool:
        yield from pool.outcomes(found)


@dataclass(slots=True)
class Tally:
    """Running totals over outcomes; ``files`` is always the sum of the four kinds. Bytes are of files read whole."""

    hashed: int = 0
    partial: int = 0
    skipped: int = 0
    failed: int = 0
    weak: int = 0
    bytes: int = 0
    reasons: Counter[Reason] = field(default_factory=Counter)

    @property
    def files(self) -> int:
        return self.hashed + self.partial + self.skipped + self.failed

    @property
    def complete(self) -> bool:
        """Whether every file is protected as well as it can be."""
        return self.hashed == self.files and not self.weak

    def add(self, outcome: Outcome) -> None:
        match outcome:
            case Hashed():
                self._add_hashed(outcome)
            case Skipped():
                self.skipped += 1
                self.reasons[outcome.reason] += 1
            case Failed():
                self.failed += 1
                self.reasons[outcome.reason] += 1

    def _add_hashed(self, hashed: Hashed) -> None:
        self.bytes += hashed.size
        if hashed.weak is not None:
            self.weak += 1
            self.reasons[hashed.weak] += 1
        if hashed.partial is None:
            self.hashed += 1
        else:
            self.partial += 1
            self.reasons[hashed.partial] += 1


@dataclass(frozen=True, slots=True)
class Declared:
    """What the person declared: once for all, and by folder or file where a mixed folder is split.

    The deepest named folder decides; ``age`` holds for everything that is below none of them.
    """

    declaration: Declaration
    age: Age
    by_path: tuple[tuple[Path, Age], ...] = ()

    def age_of(self, path: Path) -> Age:
        below = [(len(root.parts), age) for root, age in self.by_path if path == root or root in path.parents]
        return max(below, default=(0, self.age))[1]

    def item(self, hashed: Hashed, *, exact: bool = False) -> Item | None:
        """What of this file goes into the bundle; None when no platform could match it."""
        # Here and below: a report without a bundle does not wait for pydantic and cryptography to load.
        from takedown_cli.bundle.document import item_of

        return item_of(hashed, self.age_of(hashed.path), exact=exact)


def bundle(
    items: Iterable[Item],
    case: CaseNumber,
    declared: Declared,
    *,
    day: str,
    card: IntakeCard | None = None,
    nonce: str | None = None,
    adds: bool = False,
    test: bool = False,
) -> tuple[Bundle, bytes]:
    """The payload, and the bytes of its signed file, sealed when the intake's ``card`` is known.

    Raises NothingToDoError when there is no item, TooLargeError when there are too many.
    """
    from takedown_cli.bundle.file import payload_of, write

    payload = payload_of(items, case, declared.declaration, day=day, card=card, nonce=nonce, adds=adds, test=test)
    return payload, write(payload, case, card)
