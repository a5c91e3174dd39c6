"""``--resume JOURNAL``: opens or makes the journal of a large run, under the number of its case.

The number of a new journal is shown before the work begins: without it nobody can continue.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from takedown_cli.cli.terminal.case_number import show_case_number
from takedown_cli.cli.terminal.console import console
from takedown_cli.cli.terminal.prompts import read_case_number
from takedown_cli.core.errors import UsageError
from takedown_cli.locale.filled import filled, filled_many

if TYPE_CHECKING:
    from takedown_cli.core.model import Recipe
    from takedown_cli.hashing.journal import Journal
    from takedown_cli.protocol.case_number import CaseNumber


_CONTINUING: Final = (
    "Continuing. The journal already has {count} file.",
    "Continuing. The journal already has {count} files.",
)


@dataclass(frozen=True, slots=True)
class Resumed:
    """An open journal, and the case number that opens it."""

    journal: Journal
    number: CaseNumber


@contextmanager
def open_journal(path: Path | None, case: str | None, recipe: Recipe) -> Iterator[Resumed | None]:
    """Open the journal at ``path`` for as long as the block lasts; give None without a path.

    Raise UsageError for an existing journal without its number, and what ``Journal`` raises.
    """
    if path is None:
        yield None
        return
    from takedown_cli.hashing.journal import Journal, has_begun
    from takedown_cli.protocol.case_number import CaseNumber

    if case is None and has_begun(path):
        raise UsageError("This journal exists already.", hint="To continue from it, add its case number: --case -")
    number = CaseNumber.draw() if case is None else read_case_number(case)
    with Journal(path, number.journal_key(), recipe, fresh_case=case is None) as journal:
        if case is None:
            show_case_number(str(number), to_stderr=True)
            console.say(
                filled(
                    "If the run is interrupted, continue with the same command and --resume {journal} --case -",
                    journal=ascii(path.name),
                )
            )
        elif len(journal):
            console.say(filled_many(*_CONTINUING, len(journal)))
        yield Resumed(journal, number)
