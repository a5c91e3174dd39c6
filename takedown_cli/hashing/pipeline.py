"""The offline half of the program: find files → decode → fingerprint → bundle → sign and seal.

Every regular file gives exactly one outcome, in a stable order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from takedown_cli.core.model import Failed, Hashed, Hasher, Media, Outcome, Recipe, Skipped
from takedown_cli.core.reasons import NO_LOSS, Reason
from takedown_cli.hashing.discover import open_media, walk
from takedown_cli.hashing.pool.supervisor import Pool

if TYPE_CHECKING:
    from takedown_cli.protocol.bundle.document import Bundle, Declaration, Item
    from takedown_cli.protocol.case_number import CaseNumber
    from takedown_cli.protocol.wire import Age, IntakeCard


def outcomes(
    paths: Iterable[Path],
    recipe: Recipe,
    *,
    workers: int | None = None,
    hasher: Hasher | None = None,
    on_start: Callable[[Hasher], object] = lambda _: None,
) -> Generator[Outcome]:
    """Yield one outcome for every file at or below ``paths``, as soon as it and all before it are known.

    ``workers`` is the number of decoding processes (all cores when None); ``hasher`` replaces the local pool.
    ``on_start`` is called with the one that hashes.
    """
    with nullcontext(hasher) if hasher else Pool(recipe, workers=workers, open_file=open_media) as chosen:
        on_start(chosen)
        yield from chosen.outcomes(walk(paths, recipe.limits))


@dataclass(slots=True)
class Tally:
    """Running totals over outcomes; ``files`` is always the sum of the four kinds. Bytes are of files read whole.

    ``screens`` counts screenshots, ``inside`` the pictures that were taken out of them. ``maybe_screens`` are those of
    which the whole was taken too. ``recordings`` and ``maybe_recordings`` are the same for videos.
    """

    hashed: int = 0
    partial: int = 0
    skipped: int = 0
    failed: int = 0
    weak: int = 0
    bytes: int = 0
    screens: int = 0
    maybe_screens: int = 0
    inside: int = 0
    recordings: int = 0
    maybe_recordings: int = 0
    reasons: Counter[Reason] = field(default_factory=Counter)

    @property
    def files(self) -> int:
        return self.hashed + self.partial + self.skipped + self.failed

    @property
    def complete(self) -> bool:
        """Whether something is protected, and every file that could be is protected as well as it can be."""
        beside = sum(self.reasons[reason] for reason in NO_LOSS)
        return self.hashed > 0 and self.hashed + beside == self.files and not self.weak

    def add(self, outcome: Outcome) -> None:
        """Count one outcome."""
        if isinstance(outcome, Hashed):
            self.bytes += outcome.size
            self.weak += outcome.weak is not None
            certain = not outcome.keeps_whole
            if outcome.inside and outcome.media is Media.VIDEO:
                self.recordings += certain
                self.maybe_recordings += not certain
            elif outcome.inside:
                self.screens += certain
                self.maybe_screens += not certain
                self.inside += len(outcome.inside) if certain else 0
            self.partial += outcome.partial is not None
            self.hashed += outcome.partial is None
            self.reasons.update(reason for reason in (outcome.weak, outcome.partial) if reason is not None)
            return
        self.skipped += isinstance(outcome, Skipped)
        self.failed += isinstance(outcome, Failed)
        self.reasons[outcome.reason] += 1


@dataclass(frozen=True, slots=True)
class Declared:
    """The person's declarations: one for all files, and the age by folder or file where a mixed folder is split.

    The deepest named folder decides; ``age`` holds for everything that is below none of them.
    """

    declaration: Declaration
    age: Age
    by_path: tuple[tuple[Path, Age], ...] = ()

    def age_of(self, path: Path) -> Age:
        below = [(len(root.parts), age) for root, age in self.by_path if path == root or root in path.parents]
        return max(below, default=(0, self.age))[1]

    def items(self, hashed: Hashed, *, exact: bool = False) -> tuple[Item, ...]:
        """Return the bundle's items for this file: none if no platform could match it, two if it has a clip inside."""
        # Here and below: a report without a bundle does not wait for pydantic and cryptography to load.
        from takedown_cli.protocol.bundle.document import items_of

        return items_of(hashed, self.age_of(hashed.path), exact=exact)


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
    """Return the payload, and the bytes of its signed file, sealed when the intake's ``card`` is known.

    Raise NothingToDoError when there is no item, TooLargeError when there are too many.
    """
    from takedown_cli.protocol.bundle.file import encode_bundle, payload_of

    payload = payload_of(items, case, declared.declaration, day=day, card=card, nonce=nonce, adds=adds, test=test)
    return payload, encode_bundle(payload, case, card)
