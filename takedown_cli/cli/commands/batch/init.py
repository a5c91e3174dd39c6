"""``takedown batch init``: sets up a helpline's computer in one go: key, ledger, intake, name."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Final

import typer

from takedown_cli.cli.commands.keys import write_key_file
from takedown_cli.cli.options.intake import Intake
from takedown_cli.cli.options.ledger import today
from takedown_cli.cli.options.organisation_key import PassphraseOptions
from takedown_cli.cli.options.settings import save_settings, setting
from takedown_cli.cli.results.batch.init import BatchInitReport
from takedown_cli.cli.terminal.console import console
from takedown_cli.cli.terminal.prompts import can_ask, type_line
from takedown_cli.core.errors import UsageError

_QUESTIONS: Final = {
    "intake": "The intake's address, with the key after '#': ",
    "name": "Your organisation's name, as callers know it: ",
    "contact": "How callers can reach you (a telephone number, an address): ",
}


def init(
    key: Annotated[
        str, typer.Option("--key", metavar="URI", help="The organisation's key; it is made if there is none.")
    ] = "file:helpline.key",
    ledger: Annotated[
        Path, typer.Option("--ledger", metavar="FILE", help="The caseload's ledger; it is made if there is none.")
    ] = Path("cases.ledger"),
    intake: Intake = None,
    name: Annotated[str | None, typer.Option("--name", metavar="TEXT", help="Your organisation's name.")] = None,
    contact: Annotated[str | None, typer.Option("--contact", metavar="TEXT", help="How callers can reach you.")] = None,
    *,
    passphrase: PassphraseOptions,
) -> None:
    """Set up this computer for a caseload: make the key and the ledger, and write the settings.

    \b
    takedown batch init --intake https://intake.example#KEY \\
        --name "Example Helpline" --contact "0800 000 000"

    What exists already is kept and used. Afterwards the other commands need neither
    --key nor --ledger nor --intake. Nothing is contacted.
    """
    from takedown_cli.helpline.keys import key_uri, lifecycle
    from takedown_cli.helpline.ledger import Ledger

    settings = _read_answers({"intake": intake, "name": name, "contact": contact})
    place = key_uri.parse_key_uri(key)
    new_key = isinstance(place, key_uri.FileUri) and not place.path.exists()
    read = cache(passphrase.new(place) if new_key else passphrase.known(place))  # asked for once
    if new_key:
        lifecycle.create_key(place, read, today(), write_key_file)
    unlocked = lifecycle.load_key(place, read)
    new_ledger = not ledger.exists()
    Ledger.make(ledger, unlocked, operator="operator", day=today())
    file = save_settings({**settings, "key": key, "ledger": str(ledger)})
    console.show(
        BatchInitReport(settings=str(file), public_key=unlocked.public.hex(), new_key=new_key, new_ledger=new_ledger)
    )


def _read_answers(given: dict[str, str | None]) -> dict[str, str]:
    """Return what the options, the settings and the person say. Raise UsageError if something is missing."""
    answers = {}
    for what, flag in given.items():
        value = setting(what, flag)
        if value is None and can_ask():
            value = type_line(_QUESTIONS[what])
        if not value:
            raise UsageError(f"--{what} is missing.", hint="Nothing was made. See 'takedown batch init --help'.")
        answers[what] = value
    return answers
