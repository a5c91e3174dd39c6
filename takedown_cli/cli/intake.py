"""``takedown intake``: make, serve and operate the reference intake.

It guarantees that a participant's keys are shown once, to whoever asked for them, and stored nowhere in the clear.
It must never print anything of a case.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from takedown_cli.cli.console import console
from takedown_cli.cli.intake_office import Folder, home_of, opened, organisation, participant
from takedown_cli.cli.options import application

if TYPE_CHECKING:
    from takedown_cli.intake.admission import Identity

app = application("Run and operate the reference intake.")
app.add_typer(participant, name="participant")
app.add_typer(organisation, name="organisation")


@app.command()
def init(
    folder: Folder,
    name: Annotated[str, typer.Option(help="What people see as the intake's name.")] = "Takedown intake",
    origin: Annotated[
        str | None, typer.Option(metavar="URL", help="Where people reach it: https://intake.example.org.")
    ] = None,
    test: Annotated[bool, typer.Option("--test", help="Takes only bundles marked as test.")] = False,
    database: Annotated[
        str | None, typer.Option(metavar="URL", help="postgresql+psycopg://…; SQLite in the folder when left out.")
    ] = None,
) -> None:
    """Make an intake: keys, database, signed card.

    takedown intake init /srv/intake --name "Example Helpline" --origin https://intake.example.org
    """
    home = home_of(folder)
    from takedown_cli.intake.service import make_intake
    from takedown_cli.intake.settings import make_settings

    identity = make_intake(home, make_settings(name, origin, test=test, database=database))
    if console.json:
        console.emit({"schema": "takedown.intake.init", "version": 1, **_address(identity), "card": str(home.card)})
        return
    console.result(str(identity))
    console.say("This is the intake's address, with the key to pin after the '#'. Give it to the people who use it.")
    console.say("The file intake-card.json in the folder is for sealing bundles offline. Back up the folder 'keys'.")


def _address(identity: Identity) -> dict[str, object]:
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
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="0 takes a free one; the origin's on loopback, or 8470.")
    ] = None,
) -> None:
    """Serve until it is told to stop; prints the address when it is ready.

    takedown intake serve /srv/intake --port 8470
    """
    home = home_of(folder)
    from takedown_cli.intake.server import serve as run

    run(home, host, port, _announce)


def _announce(identity: Identity) -> None:
    if console.json:
        console.emit({"schema": "takedown.intake.serve", "version": 1, **_address(identity)})
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
    if console.json:
        rows = [asdict(one) for one in held]
        document = {"released": released, "dropped": dropped, "held": rows}
        console.emit({"schema": "takedown.intake.review", "version": 1, **document})
        return
    if release or drop:
        console.say(f"Items released: {released}, dropped: {dropped}.")
    for one in held:
        what = f"{one.items} items, {one.fingerprints} hashes, {one.list} list"
        console.result(f"{one.case:>8}  received {one.received}  {one.reason:<8}  {what}")
    if not held:
        console.say("Nothing is held.")


@app.command()
def backup(folder: Folder, target: Annotated[Path, typer.Argument(metavar="TARGET", help="A new folder.")]) -> None:
    """Copy an intake, keys and all, while it serves. Keep the copy as safe as the intake.

    takedown intake backup /srv/intake /media/safe/intake-monday
    """
    home = home_of(folder)
    from takedown_cli.intake.backup import backup as run

    _done("backup", files=run(home, target))


@app.command()
def restore(source: Annotated[Path, typer.Argument(metavar="BACKUP")], folder: Folder) -> None:
    """Make an intake from a backup, in a new folder."""
    home = home_of(folder)
    from takedown_cli.intake.backup import restore as run

    _done("restore", files=run(source, home))


@app.command()
def verify(folder: Folder) -> None:
    """Look at the whole database: is the file sound, and does all in it agree?"""
    with opened(folder) as intake:
        health = intake.examine()
    _done("verify", cases=health.cases, items=health.items, hashes=health.hashes, wrong=list(health.wrong))
    if health.wrong:
        from takedown_cli.errors import ConfigError

        raise ConfigError("The intake's database is not whole.", hint="Stop it, and restore the latest good backup.")


@app.command()
def purge(folder: Folder) -> None:
    """Delete what is past its day now; a serving intake does it by itself twice a day."""
    with opened(folder) as intake:
        purged = intake.purge()
    _done("purge", cases=purged.cases, hashes=purged.hashes)


@app.command("metrics-token")
def metrics_token(folder: Folder) -> None:
    """The bearer token with which your Prometheus may read /metrics."""
    with opened(folder) as intake:
        token = intake.metrics_token
    if console.json:
        console.emit({"schema": "takedown.intake.metrics-token", "version": 1, "token": token})
    else:
        console.result(token)


def _done(action: str, **facts: int | list[str]) -> None:
    if console.json:
        console.emit({"schema": f"takedown.intake.{action}", "version": 1, **facts})
        return
    for name, value in facts.items():
        if isinstance(value, list):
            for sentence in value:
                console.result(sentence)
        else:
            console.result(f"{name}: {value}")
