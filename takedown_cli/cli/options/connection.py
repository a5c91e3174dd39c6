"""The options for how a server is reached: proxy, authority, and how long it may let us wait."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from takedown_cli.cli.options.paths import require_paths
from takedown_cli.cli.options.progress import chosen_progress_mode
from takedown_cli.cli.options.settings import setting
from takedown_cli.cli.terminal.console import console
from takedown_cli.cli.typer_glue.options import OptionGroup
from takedown_cli.core.errors import ConfigError

if TYPE_CHECKING:
    from takedown_cli.client.transport import Transport
    from takedown_cli.protocol.addresses import IntakeAddress


@dataclass(frozen=True, slots=True)
class Connection:
    """What the options and settings say about reaching a server."""

    proxy: Annotated[
        str | None, typer.Option("--proxy", metavar="URL", help="Go through a proxy; socks5h://127.0.0.1:9050 is Tor.")
    ] = None
    ca: Annotated[
        Path | None,
        typer.Option("--ca", metavar="FILE", help="Trust only this certificate authority (PEM file)."),
    ] = None
    timeout: Annotated[
        float,
        typer.Option("--timeout", metavar="S", min=1, max=3600, help="Seconds to wait for a server that is silent."),
    ] = 45.0

    def open_transport(self, address: IntakeAddress, progress: str | None = None) -> Transport:
        """Return a transport to a server; ``progress`` is the value of ``--progress``.

        Raise ConfigError for an unusable proxy or authority, UsageError for a file that does not exist.
        """
        from takedown_cli.cli.terminal.waiting import WaitingLines
        from takedown_cli.client.transport import Transport

        console.contacted = True
        lines = WaitingLines(chosen_progress_mode(progress))
        return Transport(address, setting("proxy", self.proxy), ca=self.authority(), on_waiting=lines.show)

    def authority(self) -> Path | None:
        """Return the file of the only authority to trust, as the option or the settings name it. Raise ConfigError."""
        if self.ca is not None:
            require_paths([self.ca], "--ca")
            return self.ca
        named = setting("intake_ca")
        if named is None:
            return None
        if not Path(named).is_file():
            raise ConfigError("The file that the setting 'intake_ca' names cannot be read.")
        return Path(named)


ConnectionOptions = Annotated[Connection, OptionGroup(Connection, "Connection")]
