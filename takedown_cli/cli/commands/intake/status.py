"""``takedown intake status``: what an operator, or a monitoring program, looks at."""

from __future__ import annotations

from typing import Final

import typer

from takedown_cli import __version__
from takedown_cli.cli.commands.intake.folder import Folder, intake_home
from takedown_cli.cli.results.intake_status import (
    AttentionRow,
    HeldRow,
    IntakeStatusReport,
    ListRow,
    PlatformRow,
    ServerRow,
)
from takedown_cli.cli.terminal.console import console

#: The exit code that monitoring waits for.
NEEDS_ATTENTION: Final = 10


def show_status(folder: Folder) -> None:
    """Show what an intake has, how it does, and what needs attention. Nothing is changed.

    \b
    Exit code 0: nothing needs attention. 10: something does, and is listed.
    2 or 5: settings, keys or database cannot be used.

    takedown intake status /srv/intake
    """
    home = intake_home(folder)
    from takedown_cli.intake.operations.inspection import inspect_intake

    found = inspect_intake(home)
    census = found.census
    console.show(
        IntakeStatusReport(
            program=__version__,
            database=found.revision,
            test=found.test,
            server=None if found.server is None else ServerRow.copied_from(found.server),
            lists=[ListRow.copied_from(one) for one in census.lists] if census else [],
            held=HeldRow(cases=census.held_cases, items=census.held_items, hashes=census.held_hashes)
            if census
            else None,
            platforms=[PlatformRow.copied_from(one) for one in census.platforms] if census else [],
            last_purge=found.last_purge,
            last_backup=found.last_backup,
            database_bytes=census.size if census else None,
            free_bytes=found.free,
            attention=[AttentionRow.copied_from(one) for one in found.attention],
        )
    )
    if found.attention:
        raise typer.Exit(NEEDS_ATTENTION)
