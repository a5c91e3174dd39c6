"""``takedown intake upgrade``: bring the database to this version, or try that out."""

from __future__ import annotations

from typing import Annotated

import typer

from takedown_cli.cli.commands.intake.folder import Folder, intake_home
from takedown_cli.cli.results.intake_upgrade import IntakeUpgradeReport, StepRow
from takedown_cli.cli.terminal.console import console
from takedown_cli.core.errors import IntakeDatabaseError


def upgrade_database(
    folder: Folder,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do all of it, check the database, and undo it.")] = False,
) -> None:
    """Bring the database of an intake to this version, and check it. Stop the server first.

    The server does the same when it starts. If a fault is found, nothing is changed.

    takedown intake upgrade /srv/intake --dry-run
    """
    home = intake_home(folder)
    from takedown_cli.intake.operations import upgrade
    from takedown_cli.intake.store.migrations import HEAD

    done = upgrade.upgrade_database(home, rehearse=dry_run)
    console.show(
        IntakeUpgradeReport(
            before=done.before,
            after=HEAD,
            dry_run=dry_run,
            steps=[StepRow(revision=revision, summary=summary) for revision, summary in done.steps],
            wrong=list(done.wrong),
        )
    )
    if done.wrong:
        raise IntakeDatabaseError(
            "The database has faults, so it was not upgraded. Nothing was changed.",
            hint="Install the earlier version again, and look at what it says:\n  takedown intake verify DIR",
        )
