"""Finds a command's intake in flags, environment and settings file, and gives its card and a client for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from takedown_cli.cli.options.connection import Connection
from takedown_cli.cli.options.progress import chosen_progress_mode
from takedown_cli.cli.options.settings import setting, settings
from takedown_cli.cli.terminal.console import console
from takedown_cli.core.errors import ConfigError, NoIntakeError
from takedown_cli.locale.filled import filled

if TYPE_CHECKING:
    from takedown_cli import api
    from takedown_cli.protocol.addresses import IntakeAddress
    from takedown_cli.protocol.wire import IntakeCard

Intake = Annotated[
    str | None, typer.Option("--intake", metavar="URL#KEY", help="The intake, with its key id after '#'.")
]


def intake_address(flag: str | None) -> IntakeAddress:
    """Return the address of the intake. Raise NoIntakeError when none is named, ConfigError when it is unusable."""
    from takedown_cli.protocol.addresses import IntakeAddress

    text = setting("intake", flag)
    if text is None:
        raise NoIntakeError
    return IntakeAddress.parse(text)


def read_intake_card(file: Path | None, flag: str | None) -> IntakeCard | None:
    """Return the card from the named or configured file, or None if there is no such file.

    Raise UntrustedIntakeError if it is another intake's card. Raise ConfigError.
    """
    from takedown_cli.protocol.addresses import IntakeAddress

    chosen = settings({"intake": flag, "intake_card": None if file is None else str(file)})
    card, address = chosen["intake_card"], chosen["intake"].value
    if card.value is None:
        return None
    where = "--intake-card" if card.source == "flag" else "the setting 'intake_card' (takedown config show)"
    return read_card_file(Path(card.value), where, None if address is None else IntakeAddress.parse(address))


def read_card_file(path: Path, where: str, address: IntakeAddress | None = None) -> IntakeCard:
    """Return the card in a file, which must be the intake's at ``address``; ``where`` says what named the file.

    Raise UntrustedIntakeError, ConfigError.
    """
    from takedown_cli.api import Intake

    try:
        return Intake.read_card(path, address)
    except ConfigError as error:
        raise ConfigError(error.sentence, hint=filled("Check {where}.", where=filled(where))) from None


def status_command(address: IntakeAddress) -> str:
    """Return the command that shows a case at this intake: with the address, unless the settings name it."""
    from takedown_cli.protocol.addresses import IntakeAddress

    configured = setting("intake")
    if configured is not None and IntakeAddress.parse(configured).origin == address.origin:
        return "takedown status -"
    return f"takedown status - --intake {address}"


@contextmanager
def intake_client(
    address: IntakeAddress,
    connection: Connection,
    progress: str | None = None,
    *,
    attempts: int | None = None,
    patience: float | None = None,
    on_work: Callable[[int, int], object] | None = None,
    card: IntakeCard | None = None,
) -> Iterator[api.Intake]:
    """Connect to an intake for as long as the block lasts; ``progress`` says how to show that it is waited for.

    ``on_work`` shows the work that a crowded intake asks for, as ``WorkProgress`` does. The rest is for ``api.Intake``.

    Raise ConfigError for an unusable proxy or authority.
    """
    from takedown_cli import api
    from takedown_cli.cli.terminal.waiting import WaitingLines
    from takedown_cli.cli.terminal.work_progress import WorkProgress

    console.contacted = True
    with api.Intake(
        address,
        proxy=setting("proxy", connection.proxy),
        ca=connection.authority(),
        attempts=attempts,
        timeout=connection.timeout,
        patience=patience,
        on_work=on_work or WorkProgress(),
        on_waiting=WaitingLines(chosen_progress_mode(progress)).show,
        card=card,
    ) as intake:
        yield intake
