"""``takedown intake``: make, serve and operate the reference intake.

It guarantees that a participant's keys are shown once, to whoever asked for them, and stored nowhere in the clear.
It must never print anything of a case.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from takedown_cli.cli.console import console, sanitise
from takedown_cli.cli.options import application, one_of

if TYPE_CHECKING:
    from takedown_cli.intake.admission import Identity
    from takedown_cli.intake.participants import Keys, Participant
    from takedown_cli.intake.service import Intake
    from takedown_cli.intake.settings import Home

app = application("Run and operate the reference intake.")
participant = application("The platforms that pull the lists.")
app.add_typer(participant, name="participant")

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The intake's folder.")]
ENDPOINTS = {"fetch": "FetchHashes", "feedback": "SubmitFeedback", "submit": "SubmitHashes"}


def _home(folder: Path) -> Home:
    """Raises MissingExtraError."""
    from takedown_cli.intake import require_extra

    require_extra()
    from takedown_cli.intake.settings import Home

    return Home(folder)


def _opened(folder: Path) -> Intake:
    home = _home(folder)
    from takedown_cli.intake.service import Intake

    return Intake.open(home)


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
    home = _home(folder)
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
    home = _home(folder)
    from takedown_cli.intake.server import serve as run

    run(home, host, port, _announce)


def _announce(identity: Identity) -> None:
    if console.json:
        console.emit({"schema": "takedown.intake.serve", "version": 1, **_address(identity)})
    else:
        console.result(str(identity))
        console.say("Ready. Ctrl-C stops it after the requests that have begun.")


@participant.command()
def add(
    folder: Folder,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The platform's name, as cases show it.")],
    lists: Annotated[str, typer.Option("--list", metavar="under-18|adult|both", help="What it may pull.")] = "both",
    submit: Annotated[bool, typer.Option("--submit", help="It may also list hashes of its own.")] = False,
) -> None:
    """Take a platform in, and show its keys once.

    takedown intake participant add /srv/intake "Example Platform" --list adult
    """
    one_of("--list", lists, ("under-18", "adult", "both"))
    intake = _opened(folder)
    from takedown_cli.intake.participants import SCOPES, USUAL

    try:
        keys = intake.add_participant(name, lists, SCOPES if submit else USUAL)  # type: ignore[arg-type]
    finally:
        intake.close()
    _show_keys(name, lists, keys)


def _show_keys(name: str, lists: str, keys: Keys) -> None:
    functions = {ENDPOINTS[scope]: key for scope, key in keys.endpoints.items() if scope in ENDPOINTS}
    login = {"username": keys.username, "password": keys.endpoints["ncmec"]}
    if console.json:
        document = {"name": name, "list": lists, "subscription_key": keys.subscription, "function_keys": functions}
        console.emit({"schema": "takedown.intake.participant", "version": 1, **document, "ncmec": login})
        return
    console.say("These keys are shown once. Pass them on by a safe way.")
    console.result(f"Ocp-Apim-Subscription-Key          {keys.subscription}")
    for endpoint, key in functions.items():
        console.result(f"x-functions-key {endpoint:<18} {key}")
    console.result(f"NCMEC user name and password       {login['username']}:{login['password']}")


@participant.command(name="list")
def everyone(folder: Folder) -> None:
    """The platforms that take part, and what they may pull."""
    intake = _opened(folder)
    try:
        found = intake.participants()
    finally:
        intake.close()
    if console.json:
        rows = [_participant(one) for one in found]
        console.emit({"schema": "takedown.intake.participants", "version": 1, "participants": rows})
        return
    for one in found:
        state = f"revoked {one.revoked}" if one.revoked else f"since {one.since}"
        console.result(f"{sanitise(one.name)}  ({' and '.join(one.lists)}; {state})")
    if not found:
        console.say("No platform takes part yet.")


def _participant(one: Participant) -> dict[str, object]:
    return {"name": one.name, "lists": list(one.lists), "since": one.since, "revoked": one.revoked}
