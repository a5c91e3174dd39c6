"""What the commands of ``takedown platform`` share: the folder, and a reader of the feed that it joined."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from takedown_cli.cli.options.connection import Connection
from takedown_cli.cli.options.progress import chosen_progress_mode
from takedown_cli.cli.options.settings import setting
from takedown_cli.cli.terminal.console import console

if TYPE_CHECKING:
    from takedown_cli.platform.feed_reader import FeedReader
    from takedown_cli.platform.home import Settings

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The platform's folder.")]


def feed_reader(settings: Settings, connection: Connection, progress: str | None = None) -> FeedReader:
    """Return a reader of the feed that a folder joined; ``progress`` says how to show that the intake is waited for.

    Raise ConfigError.
    """
    from takedown_cli.cli.terminal.waiting import WaitingLines
    from takedown_cli.client.retries import Retries
    from takedown_cli.platform.feed_reader import FeedReader

    console.contacted = True
    return FeedReader(
        settings.address,
        settings.token,
        setting("proxy", connection.proxy),
        Retries(timeout=connection.timeout),
        ca=connection.authority(),
        on_waiting=WaitingLines(chosen_progress_mode(progress)).show,
    )
