"""One run over files for a command: the pipeline's outcomes counted, reported and gathered for a bundle.

It guarantees constant memory in the number of files unless a bundle or one JSON object is made of them.
It must never write a bundle by itself, nor draw a case number before there is something to put in the case.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from takedown_cli import pipeline
from takedown_cli.cli import report
from takedown_cli.cli.console import console, shown_path
from takedown_cli.cli.progress import Progress
from takedown_cli.cli.settings import settings
from takedown_cli.clock import SYSTEM
from takedown_cli.errors import ConfigError, NothingToDoError, TooLargeError, UsageError
from takedown_cli.model import Hashed, Hasher, Outcome
from takedown_cli.reasons import SENTENCES

if TYPE_CHECKING:
    from takedown_cli.bundle.document import Bundle, Item
    from takedown_cli.case import CaseNumber
    from takedown_cli.cli.recipe import Work
    from takedown_cli.pipeline import Declared
    from takedown_cli.wire import IntakeCard

_LARGEST_CARD = 1 << 16


@dataclass(frozen=True, slots=True)
class Bundling:
    """What a bundle is made of besides items.

    ``case`` is an existing number, to which the bundle adds, unless the bundle ``opens_case`` after all.
    """

    declared: Declared
    case: CaseNumber | None
    card_file: Path | None = None
    intake: str | None = None
    exact: bool = False
    test: bool = False
    nonce: str | None = None
    opens_case: bool = False

    def card(self) -> IntakeCard | None:
        """The intake's card from the file that was named or configured. Raises UntrustedIntakeError, ConfigError."""
        from takedown_cli.address import IntakeAddress
        from takedown_cli.bundle.card import read_card

        chosen = settings(
            {"intake": self.intake, "intake_card": None if self.card_file is None else str(self.card_file)}
        )
        name, address = chosen["intake_card"].value, chosen["intake"].value
        if name is None:
            return None
        try:
            with Path(name).open("rb") as stream:
                data = stream.read(_LARGEST_CARD)
        except (OSError, ValueError):
            raise ConfigError("The intake's card cannot be read.", hint="Check --intake-card.") from None
        return read_card(data, None if address is None else IntakeAddress.parse(address))


@dataclass(frozen=True, slots=True)
class Made:
    """A bundle: its payload, the bytes of its file, and its case number if it was drawn now."""

    payload: Bundle
    data: bytes
    new_number: str | None = field(repr=False)


class Run:
    """Hashes what is at or below ``roots``. ``own`` is the file being written, which is never read."""

    def __init__(
        self, roots: list[Path], work: Work, bundling: Bundling | None = None, own: Path | None = None
    ) -> None:
        self._roots = roots
        self._work = work
        self._bundling = bundling
        self._card = None if bundling is None else bundling.card()  # an unusable card is said before the work
        self._nonce = None if bundling is None else _nonce(bundling.nonce)
        self._own = own
        self._spool = report.Spool() if console.json else None
        self._items: list[Item] = []
        self._fingerprints = 0
        self._started = time.monotonic()
        self.tally = pipeline.Tally()

    def go(self, progress: str | None, *, show_paths: bool = False, hasher: Hasher | None = None) -> None:
        """Do it, showing progress on stderr; ``hasher`` may be processes that were started before.

        Raises TooLargeError as soon as no bundle could hold it all.
        """
        recipe = self._work.recipe
        with Progress(progress) as shown:
            shown.count_in_advance(self._roots, recipe.limits)
            for outcome in pipeline.outcomes(self._roots, recipe, workers=self._work.workers, hasher=hasher):
                if self._is_own(outcome.path):
                    continue
                shown.advance(outcome)
                self._take(outcome, show_paths=show_paths)

    def _is_own(self, path: Path) -> bool:
        """Whether this is the bundle that is about to be replaced (``--force``), met on the walk."""
        return self._own is not None and path.name == self._own.name and path.resolve() == self._own.resolve()

    def _take(self, outcome: Outcome, *, show_paths: bool) -> None:
        self.tally.add(outcome)
        if self._spool is not None:
            self._spool.add(report.file_row(outcome))
        elif console.jsonl:
            console.emit(report.file_row(outcome))
        if isinstance(outcome, Hashed) and self._bundling is not None:
            self._keep(self._bundling.declared.item(outcome, exact=self._bundling.exact))
        if show_paths:
            console.error_line(_named(outcome))

    def _keep(self, item: Item | None) -> None:
        from takedown_cli.bundle.document import MAX_FINGERPRINTS, MAX_ITEMS

        if item is None:
            return
        self._items.append(item)
        self._fingerprints += len(item.fingerprints)
        if len(self._items) > MAX_ITEMS or self._fingerprints > MAX_FINGERPRINTS:
            raise TooLargeError

    @property
    def items(self) -> tuple[Item, ...]:
        """What a bundle of all that was found holds, each item once."""
        from takedown_cli.bundle.document import canonical_items

        return canonical_items(self._items)

    @property
    def found_twice(self) -> int:
        """How many of the files that can be protected give an item that another gives already."""
        return len(self._items) - len(self.items)

    def bundle(self, card: IntakeCard | None = None) -> Made:
        """The bundle of all that was found, for the intake of ``card`` or of the card that was configured.

        Raises NothingToDoError, TooLargeError.
        """
        if self._bundling is None or not self._items:
            raise NothingToDoError
        given = self._bundling
        from takedown_cli.case import CaseNumber

        case = given.case or CaseNumber.draw()
        adds = given.case is not None and not given.opens_case
        payload, data = pipeline.bundle(
            self._items,
            case,
            given.declared,
            day=SYSTEM.day(),
            card=card or self._card,
            nonce=self._nonce,
            adds=adds,
            test=given.test,
        )
        # The number of a journal was shown when that was begun; a report holds it all the same.
        shown = given.opens_case and not (console.json or console.jsonl)
        return Made(payload, data, None if adds or shown else str(case))

    def explain(self) -> None:
        """The summary for the person, on stderr."""
        for line in report.in_words(self.tally, time.monotonic() - self._started):
            console.say(line)

    def report(self, bundle_name: str | None, number: str | None) -> None:
        """The result as JSON, if it was asked for."""
        totals = report.summary(self.tally, time.monotonic() - self._started)
        if self._spool is not None:
            report.emit(self._spool, bundle_name, number, totals)
        elif console.jsonl:
            console.emit(report.summary_line(bundle_name, number, totals))

    def exit_code(self) -> int:
        """0 when every file is protected, 4 when none is, 3 otherwise."""
        if self.tally.complete and self.tally.files:
            return 0
        return 3 if self.tally.hashed + self.tally.partial else NothingToDoError.exit_code


def _nonce(text: str | None) -> str | None:
    if text is not None and (len(text) != 32 or not set(text) <= set("0123456789abcdef")):
        raise UsageError("A nonce is 32 hexadecimal digits in lower case.")
    return text


def _named(outcome: Outcome) -> str:
    if not isinstance(outcome, Hashed):
        return f"{shown_path(outcome.path)}: {SENTENCES[outcome.reason]}"
    reasons = [SENTENCES[reason] for reason in (outcome.partial, outcome.weak) if reason is not None]
    return f"{shown_path(outcome.path)}: {' '.join(reasons) or 'fingerprinted.'}"
