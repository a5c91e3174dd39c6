"""``takedown platform relay``: takes callbacks of review software, and sends the verdicts to the intake."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, get_args

import typer

from takedown_cli.cli.commands.platform.folder import Folder, feed_reader
from takedown_cli.cli.options.common import choice
from takedown_cli.cli.options.connection import Connection, ConnectionOptions
from takedown_cli.cli.results.platform import RelayReport
from takedown_cli.cli.terminal import event_log
from takedown_cli.cli.terminal.console import console
from takedown_cli.core.errors import RefusedError, UnreachableError, UsageError

if TYPE_CHECKING:
    from takedown_cli.client.hma import BankClient
    from takedown_cli.platform.feedback.callbacks import Word
    from takedown_cli.protocol.addresses import BankAddress

_LARGEST: Final = 1 << 16


def relay_verdicts(
    folder: Folder,
    coop_key: Annotated[
        Path | None, typer.Option("--coop-key", metavar="FILE", help="Coop's webhook verification key (PEM).")
    ] = None,
    coop_action: Annotated[
        list[str] | None,
        typer.Option("--coop-action", metavar="ID=VERDICT", help="What an action of Coop means; may be repeated."),
    ] = None,
    webhook_secret: Annotated[
        Path | None, typer.Option("--webhook-secret", metavar="FILE", help="The secret of a webhook of your own.")
    ] = None,
    hma: Annotated[
        str | None, typer.Option("--hma", metavar="ADDRESS", help="The HMA bank of the entries: hma+https://HOST/BANK.")
    ] = None,
    plain_http: Annotated[bool, typer.Option("--plain-http", help="Allow an HMA address without TLS.")] = False,
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", metavar="N", min=0, max=65535, help="The port; 0 for any free one.")
    ] = 8471,
    log: Annotated[str, choice("--log", event_log.FORMS, "What to log on stderr: counts, never persons.")] = "text",
    *,
    connection: ConnectionOptions,
) -> None:
    """Take signed callbacks of Coop, or of software of your own, and send the verdicts.

    \b
    takedown platform relay /srv/takedown --webhook-secret secret.txt
    takedown platform relay /srv/takedown --coop-key coop.pem \\
        --coop-action 4f1c=Blocked --coop-action 9ab2=NotBlocked \\
        --hma hma+https://hma.example/NCII

    It listens for POST /coop and POST /webhook. Put TLS in front of it. What is not
    signed, is stale or was sent before changes nothing. Nothing about an uploader
    is kept. Verdicts wait on the disk while the intake is away.

    Exit codes: 0 stopped; 2 a key, a secret or the address is not valid; 6 the HMA
    server has no such bank.
    """
    from takedown_cli.intake import require_extra
    from takedown_cli.platform.home import Home
    from takedown_cli.protocol.addresses import BankAddress

    require_extra()
    home = Home(folder)
    settings = home.load()
    if coop_key is None and webhook_secret is None:
        raise UsageError("No sender of callbacks was named.", hint="Add --coop-key or --webhook-secret.")
    actions = _read_actions(coop_action or [])
    if (coop_key is None) != (not actions):
        raise UsageError("--coop-key and --coop-action are needed together.")
    from takedown_cli.platform.feedback.callbacks import read_coop_key, read_secret
    from takedown_cli.platform.feedback.relay import Forwarder, Senders, serve

    senders = Senders(
        None if coop_key is None else read_coop_key(_read_file(coop_key, "--coop-key")),
        actions,
        None if webhook_secret is None else read_secret(_read_file(webhook_secret, "--webhook-secret")),
        entries=hma is not None,
    )
    bank = None if hma is None else BankAddress.parse(hma, plain=plain_http)
    open_bank = None if bank is None else partial(_bank_client, bank, connection)
    event_log.show(log)
    if bank is not None:
        _check_bank(bank, connection)
    forwarder = Forwarder(home, partial(feed_reader, settings, connection), open_bank)

    def announce(port: int) -> None:
        shown = f"[{host}]" if ":" in host else host
        routes = [name for name, given in (("coop", coop_key), ("webhook", webhook_secret)) if given is not None]
        console.show(RelayReport(address=f"http://{shown}:{port}", routes=routes))

    serve(home, host, port, senders, forwarder, announce)


def _read_actions(given: list[str]) -> dict[str, Word]:
    from takedown_cli.platform.feedback.callbacks import Word

    actions: dict[str, Word] = {}
    for text in given:
        action, _, verdict = text.rpartition("=")
        word = next((word for word in get_args(Word) if word == verdict), None)
        if not action or word is None:
            raise UsageError(
                "--coop-action must be ID=VERDICT.", hint=f"The verdict is one of: {', '.join(get_args(Word))}."
            )
        actions[action] = word
    return actions


def _read_file(path: Path, option: str) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(_LARGEST)
    except (OSError, ValueError):
        raise UsageError(f"The file that {option} names cannot be read.") from None


def _check_bank(address: BankAddress, connection: Connection) -> None:
    """Raise RefusedError if the HMA server has no such bank. One that is away now is asked later."""
    from takedown_cli.client.hma import BankClient
    from takedown_cli.client.retries import Retries
    from takedown_cli.intake.runtime.events import log_failure

    try:
        with connection.open_transport(address.server) as transport:
            has_bank = BankClient(transport, address, Retries(1, connection.timeout)).has_bank()
    except UnreachableError as error:
        log_failure("relay-bank-unchecked", error)
        return
    if not has_bank:
        raise RefusedError(
            f"The HMA server has no bank {address.bank}.",
            hint="Check the name at the end of --hma. GET /c/banks of the HMA server lists its banks.",
        )


@contextmanager
def _bank_client(address: BankAddress, connection: Connection, bank: str | None) -> Iterator[BankClient]:
    from takedown_cli.client.hma import BankClient
    from takedown_cli.client.retries import Retries
    from takedown_cli.protocol.addresses import BankAddress

    chosen = address if bank is None else BankAddress(address.server, bank)
    with connection.open_transport(address.server) as transport:
        yield BankClient(transport, chosen, Retries(timeout=connection.timeout))
