"""``takedown intake``: make, serve and operate the reference intake.

It guarantees that a participant's keys are shown once, to whoever asked for them, and stored nowhere in the clear.
It must never print anything of a case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from takedown_cli.cli import event_log
from takedown_cli.cli.console import console
from takedown_cli.cli.intake_office import Folder, home_of, opened, organisation, participant
from takedown_cli.cli.options import application, one_of
from takedown_cli.errors import IntakeDatabaseError

if TYPE_CHECKING:
    from takedown_cli.cli.intake_documents import (
        AddressRow,
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
    from takedown_cli.intake.admission import Identity

app = application("Run and operate the reference intake.")
app.add_typer(participant, name="participant")
app.add_typer(organisation, name="organisation")


@app.command()
def init(
    folder: Folder,
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="What people see as the intake's name.")
    ] = "Takedown intake",
    origin: Annotated[
        str | None, typer.Option(metavar="URL", help="Where people reach it: https://intake.example.org.")
    ] = None,
    test: Annotated[bool, typer.Option("--test", help="Takes only bundles marked as test.")] = False,
    database: Annotated[
        str | None, typer.Option(metavar="URL", help="postgresql+psycopg://…; SQLite in the folder when left out.")
    ] = None,
) -> None:
    """Make an intake: keys, database, signed card.

    \b
    takedown intake init /srv/intake --name "Example Helpline" \\
        --origin https://intake.example.org
    """
    home = home_of(folder)
    from takedown_cli.intake.service import make_intake
    from takedown_cli.intake.settings import make_settings

    identity = make_intake(home, make_settings(name, origin, test=test, database=database))
    if console.json:
        made: IntakeInitReport = {
            "schema": "takedown.intake.init",
            "version": 1,
            **_address(identity),
            "card": str(home.card),
        }
        console.emit(made)
        return
    console.result(str(identity))
    console.say("This is the intake's address, with the key to pin after the '#'. Give it to the people who use it.")
    console.say("The file intake-card.json in the folder is for sealing bundles offline. Back up the folder 'keys'.")


def _address(identity: Identity) -> AddressRow:
    audience = identity.audience
    return {
        "address": str(identity),
        "origin": audience.origin,
        "key_id": audience.key_id,
        "test": identity.test,
    }


@app.command()
def serve(
    folder: Folder,
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(
            "--port", metavar="N", min=0, max=65535, help="0 takes a free one; the origin's on loopback, or 8470."
        ),
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option(
            "--processes",
            metavar="N",
            min=0,
            max=64,
            help="Processes beside it that open messages; one for each processor but one.",
        ),
    ] = None,
    log: Annotated[
        str, typer.Option("--log", metavar="json|text|none", help="What it tells on stderr: counts, never who.")
    ] = "text",
) -> None:
    """Serve until it is told to stop; prints the address when it is ready.

    takedown intake serve /srv/intake --port 8470
    """
    form = one_of("--log", log, event_log.FORMS)
    home = home_of(folder)
    from takedown_cli.intake.server import serve as run

    event_log.show(form)
    run(home, host, port, _announce, processes)


def _announce(identity: Identity) -> None:
    if console.json:
        served: IntakeServeReport = {"schema": "takedown.intake.serve", "version": 1, **_address(identity)}
        console.emit(served)
    else:
        console.result(str(identity))
        console.say("Ready. Ctrl-C stops it after the requests that have begun.")


@app.command()
def review(
    folder: Folder,
    release: Annotated[list[int] | None, typer.Option("--release", metavar="CASE", help="List these.")] = None,
    drop: Annotated[list[int] | None, typer.Option("--drop", metavar="CASE", help="Withdraw these.")] = None,
) -> None:
    """What is held and why; release or drop it by the number shown.

    takedown intake review /srv/intake --release 12 --release 15
    """
    from functools import partial

    with opened(folder) as intake:
        from takedown_cli.intake import review as reviewing

        released = intake.operate(partial(reviewing.release, case_ids=release)) if release else 0
        dropped = intake.operate(partial(reviewing.drop, case_ids=drop)) if drop else 0
        held = intake.read(reviewing.held)
        provisional = intake.read(reviewing.provisional)
    if console.json:
        report: IntakeReviewReport = {
            "schema": "takedown.intake.review",
            "version": 1,
            "released": released,
            "dropped": dropped,
            "held": [cast("HeldRow", asdict(one)) for one in held],
            "provisional": {one.list: one.hashes for one in provisional},
        }
        console.emit(report)
        return
    if release or drop:
        console.say(f"Items released: {released}, dropped: {dropped}.")
    for one in held:
        what = f"{one.items} items, {one.fingerprints} hashes, {one.list} list"
        console.result(f"{one.case:>8}  received {one.received}  {one.reason:<8}  {what}")
    if not held:
        console.say("Nothing is held.")
    for few in provisional:
        console.say(f"Provisional on the {few.list} list, from anonymous reports alone: {few.hashes:,} hashes.")


@app.command()
def backup(folder: Folder, target: Annotated[Path, typer.Argument(metavar="TARGET", help="A new folder.")]) -> None:
    """Copy an intake, keys and all, while it serves. Keep the copy as safe as the intake.

    takedown intake backup /srv/intake /media/safe/intake-monday
    """
    home = home_of(folder)
    from takedown_cli.intake.backup import backup as run

    report: IntakeBackupReport = {"schema": "takedown.intake.backup", "version": 1, "files": run(home, target)}
    _done(report)


@app.command()
def restore(source: Annotated[Path, typer.Argument(metavar="BACKUP")], folder: Folder) -> None:
    """Make an intake from a backup, in a new folder."""
    home = home_of(folder)
    from takedown_cli.intake.backup import restore as run

    report: IntakeRestoreReport = {"schema": "takedown.intake.restore", "version": 1, "files": run(source, home)}
    _done(report)


@app.command()
def verify(folder: Folder) -> None:
    """Look at the whole database: is the file sound, and does all in it agree?"""
    with opened(folder) as intake:
        health = intake.examine()
    report: IntakeVerifyReport = {
        "schema": "takedown.intake.verify",
        "version": 1,
        "cases": health.cases,
        "items": health.items,
        "hashes": health.hashes,
        "wrong": list(health.wrong),
    }
    _done(report)
    if not health.wrong:
        console.say("The database is sound, and all in it agrees.")
    else:
        raise IntakeDatabaseError


@app.command()
def purge(folder: Folder) -> None:
    """Delete what is past its day now; a serving intake does it by itself twice a day."""
    with opened(folder) as intake:
        purged = intake.purge()
    report: IntakePurgeReport = {
        "schema": "takedown.intake.purge",
        "version": 1,
        "cases": purged.cases,
        "hashes": purged.hashes,
    }
    _done(report)
    if not purged.erased:
        from takedown_cli.errors import ConfigError

        raise ConfigError(
            "What was deleted may still be in the database's log, which could not be emptied.",
            hint="Let backups and verifying end, look for room on the disk, and purge again.",
        )


@app.command("metrics-token")
def metrics_token(folder: Folder) -> None:
    """The bearer token with which your Prometheus may read /metrics."""
    with opened(folder) as intake:
        token = intake.metrics_token
    if console.json:
        report: MetricsTokenReport = {"schema": "takedown.intake.metrics-token", "version": 1, "token": token}
        console.emit(report)
    else:
        console.result(token)


def _done(report: Mapping[str, object]) -> None:
    """The report as it is, or a line for each of its facts."""
    if console.json:
        console.emit(report)
        return
    for name, value in report.items():
        if name in {"schema", "version"}:
            continue
        if isinstance(value, list):
            for sentence in value:
                console.result(sentence)
        else:
            console.result(f"{name}: {value}")
