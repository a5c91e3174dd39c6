"""``takedown intake organisation``: the helplines whose second signature the intake trusts."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from takedown_cli.cli.commands.intake.folder import Folder, Name, Since, open_intake, parse_day
from takedown_cli.cli.options.common import application
from takedown_cli.cli.results.intake import OrganisationReport, OrganisationRow, OrganisationsReport, RevokedReport
from takedown_cli.cli.terminal.console import console
from takedown_cli.core.errors import UsageError

app = application("The helplines whose second signature counts.")


@app.command("add")
def add_organisation(
    folder: Folder,
    name: Name,
    key: Annotated[str, typer.Argument(metavar="KEY", help="Its public key, 64 hexadecimal digits.")],
    quota: Annotated[
        int,
        typer.Option(
            "--quota", metavar="N", min=1, max=1_000_000, help="Submissions a day; large ones count several times."
        ),
    ] = 1000,
) -> None:
    """Add a helpline. What it countersigns is not held during a flood.

    takedown intake organisation add /srv/intake "Example Helpline" 5866…66a0
    """
    try:
        public = bytes.fromhex(key)
    except ValueError:
        raise UsageError("The public key must have 64 hexadecimal digits.") from None
    with open_intake(folder) as intake:
        from takedown_cli.intake.cases import organisations

        intake.operate(partial(organisations.add_organisation, name=name, key=public, quota=quota))
    console.show(OrganisationReport(name=name, quota=quota))


@app.command("revoke")
def revoke_organisation(folder: Folder, name: Name, since: Since = None) -> None:
    """Stop trusting a helpline's second signature, also on what it signed before.

    With --since, what it signed before that day still counts. What came with its signature from then on is held for
    review.

    \b
    takedown intake organisation revoke /srv/intake "Example Helpline" \\
        --since 2026-11-03
    """
    day = parse_day(since)
    with open_intake(folder) as intake:
        from takedown_cli.intake.cases import organisations

        intake.operate(partial(organisations.revoke_organisation, name=name, since=day))
    console.show(RevokedReport(name=name))


@app.command("list")
def list_organisations(folder: Folder) -> None:
    """List the helplines, with their quota and what they sent today."""
    with open_intake(folder) as intake:
        from takedown_cli.intake.cases import organisations

        found = intake.read(partial(organisations.list_organisations, day=intake.clock.day()))
    console.show(OrganisationsReport(organisations=[OrganisationRow.copied_from(one) for one in found]))
