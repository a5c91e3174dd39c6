"""``takedown keys``: make, show and rotate the key with which a helpline signs. Only public keys are shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from takedown_cli.cli.options.common import application
from takedown_cli.cli.options.ledger import today
from takedown_cli.cli.options.organisation_key import PassphraseOptions
from takedown_cli.cli.results.keys import KeysReport, PastKeyRow
from takedown_cli.cli.terminal.console import console
from takedown_cli.core.errors import OutputError

if TYPE_CHECKING:
    from takedown_cli.helpline.keys.secret import KeyDescription

app = application("The organisation's key: it signs a helpline's bundles and locks its ledger.")

Uri = Annotated[str, typer.Argument(metavar="URI", help="file:PATH, keyring:NAME or pkcs11:…")]


@app.command("new")
def create_key(uri: Uri, *, passphrase: PassphraseOptions) -> None:
    """Make a key and store it. Shows the public half, for the intake's operator.

    \b
    takedown keys new file:helpline.key
    takedown keys new keyring:helpline
    """
    from takedown_cli.helpline.keys import key_uri, lifecycle

    place = key_uri.parse_key_uri(uri)
    console.show(_report_key(lifecycle.create_key(place, passphrase.new(place), today(), write_key_file)))
    if isinstance(place, key_uri.FileUri):
        console.say(
            "Keep a copy of the file, and keep the passphrase in another place. The ledger is lost without either one."
        )
    else:
        console.say("The ledger is lost without this key. Back it up with the tools of the key store.")
    console.say(
        "Send the public key to the intake's operator, who runs:\n  takedown intake organisation add DIR NAME KEY"
    )


@app.command("show")
def show_key(uri: Uri, *, passphrase: PassphraseOptions) -> None:
    """Show the public key, and those that were used before it.

    takedown keys show file:helpline.key
    """
    from takedown_cli.helpline.keys import key_uri, lifecycle

    place = key_uri.parse_key_uri(uri)
    console.show(_report_key(lifecycle.describe_key(place, passphrase.known(place))))


@app.command("rotate")
def rotate_key(uri: Uri, *, passphrase: PassphraseOptions) -> None:
    """Replace the signing key with a new one. The ledger stays as it is.

    takedown keys rotate file:helpline.key
    """
    from takedown_cli.helpline.keys import key_uri, lifecycle

    place = key_uri.parse_key_uri(uri)
    console.show(_report_key(lifecycle.rotate_key(place, passphrase.known(place), today(), write_key_file)))
    console.say(
        "Send the new public key to the intake's operator, who adds it under a new name and revokes the old name. "
        "Until then that intake does not accept the new signature."
    )


def write_key_file(path: Path, data: bytes, replace: bool) -> None:
    """Write the file of a key, as ``lifecycle`` asks for it. Raise OutputError."""
    from takedown_cli.core import atomic_file

    try:
        atomic_file.write_file(path, data, force=replace)
    except OutputError as error:
        error.hint = "Check the name of the key, the free space and the folder's permissions. Nothing was changed."
        raise


def _report_key(described: KeyDescription) -> KeysReport:
    from takedown_cli.protocol.public_keys import key_id

    return KeysReport(
        public_key=described.public.hex(),
        key_id=key_id(described.public),
        since=described.since,
        past=[PastKeyRow(public_key=past.public.hex(), since=past.since, until=past.until) for past in described.past],
    )
