"""The result of ``takedown intake upgrade``."""

from __future__ import annotations

from collections.abc import Iterator

from takedown_cli.cli.results.result import Result, Row
from takedown_cli.cli.results.words import counted


class StepRow(Row):
    """A change of the database: its revision, and in a line what it is for."""

    revision: str
    summary: str


class IntakeUpgradeReport(Result, schema="takedown.intake.upgrade"):
    """``takedown intake upgrade --json``.

    The database was of revision ``before``, which is null for an empty one. ``steps`` lead to ``after``. With
    ``dry_run``, or if there is a sentence in ``wrong``, they were undone.
    """

    before: str | None
    after: str
    dry_run: bool
    steps: list[StepRow]
    wrong: list[str]

    def lines(self) -> Iterator[str]:
        yield from (f"{step.revision}  {step.summary}" for step in self.steps)
        yield from self.wrong

    def notes(self) -> Iterator[str]:
        if not self.steps:
            yield f"The database is of revision {self.after}, as this version needs it."
        elif self.wrong:
            return
        elif self.dry_run:
            yield (
                f"The database can be upgraded from revision {self.before} to {self.after} "
                f"in {counted(len(self.steps), 'step')}. All of it was tried, checked and undone."
            )
        else:
            yield f"The database was upgraded from revision {self.before} to {self.after}, and is intact."
