"""``takedown intake``: make, serve and operate the reference intake."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from takedown_cli.cli.commands.intake import block, organisation, participant, status, upgrade
from takedown_cli.cli.commands.intake.folder import Folder, intake_home, open_intake
from takedown_cli.cli.options.common import application, choice
from takedown_cli.cli.results.intake import (
    HeldRow,
    IntakeBackupReport,
    IntakeInitReport,
    IntakePurgeReport,
    IntakeRestoreReport,
    IntakeReviewReport,
    IntakeServeReport,
    IntakeVerifyReport,
    MetricsTokenReport,
)
from takedown_cli.cli.terminal import event_log
from takedown_cli.cli.terminal.console import console
from takedown_cli.cli.terminal.prompts import confirm
from takedown_cli.core.errors import ConfigError, IntakeDatabaseError

if TYPE_CHECKING:
    from takedown_cli.intake.messages.admission import Identity

app = application("Run and operate the reference intake.")
app.add_typer(participant.app, name="participant")
app.add_typer(organisation.app, name="organisation")


@app.command("init")
def init_intake(
    folder: Folder,
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="What people see as the intake's name.")
    ] = "Takedown intake",
    origin: Annotated[
        str | None, typer.Option(metavar="URL", help="Where people reach it: https://intake.example.org.")
    ] = None,
    test: Annotated[bool, typer.Option("--test", help="Accept only bundles that are marked as tests.")] = False,
    database: Annotated[
        str | None, typer.Option(metavar="URL", help="postgresql+psycopg://… Default: SQLite in the folder.")
    ] = None,
) -> None:
    """Make an intake: keys, database, signed card.

    \b
    takedown intake init /srv/intake --name "Example Helpline" \\
        --origin https://intake.example.org
    """
    home = intake_home(folder)
    from takedown_cli.intake.service import make_intake
    from takedown_cli.intake.settings import make_settings

    identity = make_intake(home, make_settings(name, origin, test=test, database=database))
    console.show(IntakeInitReport(**_address_of(identity), card=str(home.card)))


def _address_of(identity: Identity) -> dict[str, Any]:
    audience = identity.audience
    return {
        "address": str(identity), "origin": audience.origin, "key_id": audience.key_id, "test": identity.test,
    }  # fmt: skip


@app.command("serve")
def serve_intake(
    folder: Folder,
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            metavar="N",
            min=0,
            max=65535,
            help="The port; 0 for any free one. Default: the origin's port if that is on loopback, else 8470.",
        ),
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option(
            "--processes",
            metavar="N",
            min=0,
            max=64,
            help="Processes that open messages. Default: one a processor, 2 to 5.",
        ),
    ] = None,
    log: Annotated[str, choice("--log", event_log.FORMS, "What to log on stderr: counts, never persons.")] = "text",
) -> None:
    """Serve until stopped. Shows the address when it is ready.

    takedown intake serve /srv/intake --port 8470
    """
    home = intake_home(folder)
    from takedown_cli.intake.http.server import serve as run_server
    from takedown_cli.intake.page import page_digest

    def announce(identity: Identity, port: int) -> None:
        console.show(IntakeServeReport(**_address_of(identity), host=host, port=port))
        if not console.json:  # with --json, stderr belongs to the lines of --log alone
            console.say(
                "This intake has no page for callers: run 'make web' in the source tree, and start it again."
                if page_digest() is None
                else f"The page for callers is at {identity.page_address}"
            )
            console.say(f"It listens at {host}, port {port}. People reach it at {identity.audience.origin}")
            console.say("Ready. Press Ctrl-C to stop; requests that have begun are finished first.")

    event_log.show(log)
    run_server(home, host, port, announce, processes)


@app.command("review")
def review_held(
    folder: Folder,
    release: Annotated[
        list[int] | None, typer.Option("--release", metavar="CASE", help="Put this case on the lists; may be repeated.")
    ] = None,
    drop: Annotated[
        list[int] | None, typer.Option("--drop", metavar="CASE", help="Withdraw this case; may be repeated.")
    ] = None,
) -> None:
    """Show which cases are held back and why. Release or drop them by the number shown.

    takedown intake review /srv/intake --release 12 --release 15
    """
    with open_intake(folder) as intake:
        from takedown_cli.intake.cases import review as held_items

        released = intake.operate(partial(held_items.release_held, case_ids=release)) if release else 0
        dropped = intake.operate(partial(held_items.drop_held, case_ids=drop)) if drop else 0
        held = intake.read(held_items.list_held)
        provisional = intake.read(held_items.count_provisional)
    console.show(
        IntakeReviewReport(
            released=released,
            dropped=dropped,
            held=[HeldRow.copied_from(one) for one in held],
            provisional={one.list: one.hashes for one in provisional},
        )
    )


app.command("status")(status.show_status)
app.command("upgrade")(upgrade.upgrade_database)
app.command("block")(block.block_hashes)
app.command("unblock")(block.unblock_hashes)
app.command("audit")(block.audit_acts)


@app.command("backup")
def back_up(folder: Folder, target: Annotated[Path, typer.Argument(metavar="TARGET", help="A new folder.")]) -> None:
    """Copy an intake, keys included, while it serves. Keep the copy as safe as the intake.

    A PostgreSQL database is not in the copy. The command then says so and ends with exit code 3.

    takedown intake backup /srv/intake /media/safe/intake-monday
    """
    home = intake_home(folder)
    from takedown_cli.intake.operations.backup import backup_intake

    elsewhere = home.load().database is not None
    console.show(IntakeBackupReport(files=backup_intake(home, target)))
    if elsewhere:
        console.warn("The database is NOT in this backup: it is in PostgreSQL. Without it no case can be restored.")
        console.warn("To copy it too, run: pg_dump --format=custom --file=intake.dump DATABASE")
        raise typer.Exit(3)


@app.command("restore")
def restore_backup(
    source: Annotated[Path, typer.Argument(metavar="BACKUP", help="The folder of the backup.")], folder: Folder
) -> None:
    """Make an intake from a backup, in a new folder.

    If its settings name a database elsewhere, the command asks first: the old folder may still be using it.
    """
    home = intake_home(folder)
    from takedown_cli.intake.operations.backup import read_backup, restore_intake

    backup = read_backup(source)
    if backup.settings.database is not None:
        confirm("This intake will use the database that its settings name. Have all other folders stopped using it?")
    console.show(IntakeRestoreReport(files=restore_intake(backup, home)))


@app.command("verify")
def verify_database(folder: Folder) -> None:
    """Check that the whole database is intact and consistent."""
    with open_intake(folder) as intake:
        health = intake.check_integrity()
    console.show(IntakeVerifyReport.copied_from(health))
    if health.wrong:
        raise IntakeDatabaseError


@app.command("purge")
def purge_expired(folder: Folder) -> None:
    """Delete what has expired, at once. A running intake does this twice a day by itself.

    If the last purge was long ago, the command asks first: a clock that is ahead would have everything deleted.
    """
    with open_intake(folder) as intake:
        from takedown_cli.intake.operations.upkeep import clock_doubt

        doubt = clock_doubt(intake.home, intake.clock.day())
        if doubt is not None:
            confirm(f"{doubt} Is the clock right? What has expired by that day will be deleted.")
        purged = intake.purge()
    console.show(IntakePurgeReport.copied_from(purged))
    if not purged.erased:
        raise ConfigError(
            "Deleted records may still be in the database's log, because the log could not be emptied.",
            hint="Let running backups and checks end, make sure that the disk has room, and purge again.",
        )


@app.command("metrics-token")
def show_metrics_token(folder: Folder) -> None:
    """Show the bearer token with which your Prometheus may read /metrics."""
    with open_intake(folder) as intake:
        token = intake.metrics_token
    console.show(MetricsTokenReport(token=token))
