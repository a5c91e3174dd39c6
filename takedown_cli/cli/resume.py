"""``--resume JOURNAL``: opens or makes the journal of a large run, under the number of its case.

It guarantees that the number of a new journal is shown before the work begins: without it nobody can go on.
It must never make a journal unless asked, nor replace a file that is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from takedown_cli.cli.ask import case_number
from takedown_cli.cli.console import console
from takedown_cli.cli.number import tell_number
from takedown_cli.errors import UsageError

if TYPE_CHECKING:
    from takedown_cli.case import CaseNumber
    from takedown_cli.journal import Journal
    from takedown_cli.model import Recipe


@dataclass(frozen=True, slots=True)
class Resumed:
    """An open journal, and the case number that opens it."""

    journal: Journal
    number: CaseNumber

    @property
    def opens_case(self) -> bool:
        """Whether the number was drawn for this journal, so that its bundle is the first of a case."""
        return self.journal.fresh_case


@contextmanager
def resuming(path: Path | None, case: str | None, recipe: Recipe) -> Iterator[Resumed | None]:
    """The journal at ``path`` for as long as the block lasts, or None without one.

    Raises UsageError for an existing journal without its number, and what ``Journal`` raises.
    """
    if path is None:
        yield None
        return
    from takedown_cli.case import CaseNumber
    from takedown_cli.journal import Journal, begun

    if case is None and begun(path):
        raise UsageError("This journal exists already.", hint="Go on from it with its case number: add --case -.")
    number = CaseNumber.draw() if case is None else case_number(case)
    with Journal(path, number.journal_key(), recipe, fresh_case=case is None) as journal:
        if case is None:
            tell_number(str(number), to_stderr=True)
            console.say(f"If the run is interrupted, go on with: the same command, --resume {path.name!a} --case -")
        elif len(journal):
            console.say(f"Going on: {len(journal):,} files are in the journal.")
        yield Resumed(journal, number)
