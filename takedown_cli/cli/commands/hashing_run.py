"""One run over files for a command: it counts and reports every outcome, and keeps it if a bundle is made.

Its memory grows with the number of files only for a bundle or for one JSON object.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from takedown_cli.api import Bundle, hash_paths
from takedown_cli.api.bundle import ItemCollector
from takedown_cli.cli.options.progress import chosen_progress
from takedown_cli.cli.results import hash_report
from takedown_cli.cli.terminal.console import console, sanitise, shown_path
from takedown_cli.core.errors import NothingToDoError
from takedown_cli.core.model import Hashed, Hasher, Outcome
from takedown_cli.hashing import pipeline
from takedown_cli.locale.filled import filled_many

if TYPE_CHECKING:
    from takedown_cli.cli.options.recipe import HashingJob
    from takedown_cli.hashing.pipeline import Declared
    from takedown_cli.protocol.bundle.document import Item
    from takedown_cli.protocol.case_number import CaseNumber
    from takedown_cli.protocol.wire import IntakeCard


_SHORTENED: Final = (
    "{count} file has more hashes than a bundle takes of one file. The best of them are in it, spread evenly.",
    "{count} files have more hashes than a bundle takes of one file. The best of them are in it, spread evenly.",
)


@dataclass(frozen=True, slots=True)
class BundlePlan:
    """What a bundle is made of besides items.

    ``case`` is an existing number, to which the bundle adds, unless the bundle ``opens_case`` after all.
    """

    declared: Declared
    case: CaseNumber | None = None
    exact: bool = False
    test: bool = False
    nonce: str | None = None
    opens_case: bool = False


@dataclass(frozen=True, slots=True)
class MadeBundle:
    """A bundle, and its case number if it was drawn now."""

    bundle: Bundle
    new_number: str | None = field(repr=False)

    @property
    def data(self) -> bytes:
        """The bytes of the bundle's file."""
        return self.bundle.data


class HashingRun:
    """Hashes what is at or below ``roots``. ``own`` is the file being written, which is never read."""

    def __init__(
        self, roots: list[Path], job: HashingJob, plan: BundlePlan | None = None, own: Path | None = None
    ) -> None:
        self._roots, self._job, self._plan, self._own = roots, job, plan, own
        self._spool = hash_report.Spool() if console.json else None
        self._collected = None if plan is None else ItemCollector(plan.declared, exact=plan.exact)
        self._started = time.monotonic()
        self.tally = pipeline.Tally()

    def hash_files(self, progress: str | None, *, show_paths: bool = False, hasher: Hasher | None = None) -> None:
        """Hash the files, showing progress on stderr; ``hasher`` may be processes that were started before.

        Raise TooLargeError as soon as no bundle could hold it all.
        """
        recipe = self._job.recipe
        with (
            chosen_progress(progress) as shown,
            hash_paths(self._roots, recipe, workers=self._job.workers, hasher=hasher) as outcomes,
        ):
            shown.count.watch_run(outcomes)
            shown.count_in_advance(self._roots, recipe.limits)
            for outcome in outcomes:
                # The bundle that is about to be replaced (--force) may lie on the walk.
                own, met = self._own, outcome.path
                if own is not None and met.name == own.name and met.resolve() == own.resolve():
                    continue
                shown.advance(outcome)
                self._take(outcome, show_paths=show_paths)

    def _take(self, outcome: Outcome, *, show_paths: bool) -> None:
        self.tally.add(outcome)
        if self._spool is not None:
            self._spool.add(hash_report.file_row(outcome, names=show_paths))
        elif console.jsonl:
            console.emit(hash_report.file_line(outcome, names=show_paths))
        if self._collected is not None:
            self._collected.add(outcome)
        if show_paths:
            console.error_line(_describe(outcome))

    @property
    def items(self) -> tuple[Item, ...]:
        """The items for a bundle of all files, each once. Read this after all files are hashed."""
        return () if self._collected is None else self._collected.items

    @property
    def duplicates(self) -> int:
        """How many pictures and videos that can be protected are duplicates of another one."""
        return 0 if self._collected is None else self._collected.found - len(self.items)

    def make_bundle(self, card: IntakeCard | None) -> MadeBundle:
        """Make the bundle of all found items, sealed for the intake of ``card`` if there is one.

        Raise NothingToDoError, TooLargeError.
        """
        plan = self._plan
        if plan is None or not self.items:
            raise NothingToDoError
        adds = plan.case is not None and not plan.opens_case
        made = Bundle.of_items(
            self.items, plan.declared, case=plan.case, card=card, nonce=plan.nonce, adds=adds, test=plan.test
        )
        # A journal's number was shown when the journal was made. The report holds it as well.
        shown = plan.opens_case and not (console.json or console.jsonl)
        return MadeBundle(made, None if adds or shown else str(made.case))

    def say_summary(self, *, show_paths: bool = False) -> None:
        """Say on stderr what can be protected and what cannot."""
        for line in hash_report.summary_lines(self.tally, time.monotonic() - self._started):
            console.say(line)
        if self._collected is not None and self._collected.shortened:
            console.say(filled_many(*_SHORTENED, self._collected.shortened))
        if self.tally.files and not (self.tally.complete or show_paths or console.json or console.jsonl):
            console.say("Which files these are: --show-paths names them.")

    def report_fields(self) -> dict[str, Any]:
        """Return ``summary`` and ``files`` for the report of another command with ``--json``, else nothing."""
        if self._spool is None:
            return {}
        totals = hash_report.summary(self.tally, time.monotonic() - self._started)
        return {"summary": totals, "files": json.loads(b"".join(self._spool.pieces()))}

    def emit_report(self, bundle_name: str | None, number: str | None) -> None:
        """Write the report as JSON, if it was asked for."""
        totals = hash_report.summary(self.tally, time.monotonic() - self._started)
        if self._spool is not None:
            hash_report.emit_report(self._spool, bundle_name, number, totals)
        elif console.jsonl:
            line = hash_report.HashSummaryLine(bundle=bundle_name, case_number=number, summary=totals)
            console.emit(line.document())

    def exit_code(self) -> int:
        """Return 0 when every picture and video is protected, 4 when none is, 3 otherwise."""
        if self.tally.complete:
            return 0
        return 3 if self.tally.hashed + self.tally.partial else NothingToDoError.exit_code


def _describe(outcome: Outcome) -> str:
    say, path = console.language.look_up, shown_path(outcome.path)
    if outcome.member is not None:
        path = f"{path}, {sanitise(outcome.member.name) or outcome.member.number}"
    if not isinstance(outcome, Hashed):
        return f"{path}: {say(outcome.reason.sentence)}"
    reasons = [say(reason.sentence) for reason in (outcome.partial, outcome.weak) if reason is not None]
    return f"{path}: {' '.join(reasons) or say('fingerprinted.')}"
