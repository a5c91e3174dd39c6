"""``takedown keys``: makes, shows and rotates the key with which a helpline signs what it hands in.

It guarantees that only public keys come out, and that a key file is there whole, old or new, at every moment.
It must never print, log or accept in an argument anything that is secret.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from takedown_cli.cli.batch_options import today
from takedown_cli.cli.console import console
from takedown_cli.cli.options import application, carries
from takedown_cli.cli.organisation_key import PASSPHRASE

if TYPE_CHECKING:
    from takedown_cli.cli.documents import KeysReport
    from takedown_cli.helpline.keys.secret import Described

app = application("The organisation's key: a helpline's second signature, and the lock of its ledger.")

Uri = Annotated[str, typer.Argument(metavar="URI", help="file:PATH, keyring:NAME or pkcs11:…")]


@app.command()
@carries(PASSPHRASE)
def new(uri: Uri) -> None:
    """Draw a key and keep it there; prints its public half, for the intake's operator.

    \b
    takedown keys new file:helpline.key
    takedown keys new keyring:helpline
    """
    from takedown_cli.helpline.keys import store as key_store
    from takedown_cli.helpline.keys import uri as key_uri

    place = key_uri.parse(uri)
    told = key_store.create(place, PASSPHRASE.get().new(), today(), _write)
    _show(told)
    if isinstance(place, key_uri.FileUri):
        console.say("Keep a copy of the file, and the passphrase apart from it: without either the ledger is lost.")
    else:
        console.say("Without this key the ledger is lost: keep a copy in the way its keeper offers.")
    console.say("The intake's operator takes the public key in: takedown intake organisation add DIR NAME KEY")


@app.command()
@carries(PASSPHRASE)
def show(uri: Uri) -> None:
    """The public key, and those that were used before it.

    takedown keys show file:helpline.key
    """
    from takedown_cli.helpline.keys import store as key_store
    from takedown_cli.helpline.keys import uri as key_uri

    _show(key_store.describe(key_uri.parse(uri), PASSPHRASE.get().known()))


@app.command()
@carries(PASSPHRASE)
def rotate(uri: Uri) -> None:
    """Draw a new signing key in place of the old one; the ledger stays as it is.

    takedown keys rotate file:helpline.key
    """
    from takedown_cli.helpline.keys import store as key_store
    from takedown_cli.helpline.keys import uri as key_uri

    _show(key_store.rotate(key_uri.parse(uri), PASSPHRASE.get().known(), today(), _write))
    console.say(
        "Give the new public key to the intake's operator, who takes it in under a new name, and revokes the old name. "
        "Until then the new signature counts for nothing there."
    )


def _write(path: Path, data: bytes, replace: bool) -> None:
    from takedown_cli.cli import output

    output.write(path, data, force=replace)


def _show(told: Described) -> None:
    if console.json:
        console.emit(report(told))
        return
    console.result(told.public.hex())
    for past in told.past:
        days = f"  {past.since} to {past.until}" if past.since else ""
        console.say(f"Before: {past.public.hex()}{days}")


def report(told: Described) -> KeysReport:
    """The object of ``--json``."""
    from takedown_cli.keys import key_id

    return {
        "schema": "takedown.keys",
        "version": 1,
        "public_key": told.public.hex(),
        "key_id": key_id(told.public),
        "since": told.since,
        "past": [{"public_key": past.public.hex(), "since": past.since, "until": past.until} for past in told.past],
    }
