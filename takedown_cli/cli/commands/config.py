"""``takedown config``: show each setting with its source, and change the settings file."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from takedown_cli.cli.options import settings
from takedown_cli.cli.options.common import application
from takedown_cli.cli.results.installation import ConfigPathReport, ConfigReport, SettingRow
from takedown_cli.cli.terminal.console import console
from takedown_cli.core.config import known_setting
from takedown_cli.core.errors import ConfigError

app = application("The settings, and where each comes from.")


@app.callback()
def _group() -> None:
    """The settings, and where each comes from."""


@app.command("show")
def show_settings() -> None:
    """Show each setting with its value and its source: option, environment, settings file or default.

    \b
    takedown config show
    TAKEDOWN_WORKERS=2 takedown config show --json
    """
    path = settings.file_path()
    rows = [
        SettingRow.copied_from(
            setting.known,
            # A proxy's address may hold a password.
            value=None if setting.value is None else re.sub(r"(?<=://)[^/@]*@", "…@", setting.value),
            source=setting.source,
        )
        for setting in settings.settings({}).values()
    ]
    console.show(ConfigReport(file=None if path is None else str(path), settings=rows))


Name = Annotated[str, typer.Argument(metavar="NAME", help="The setting; 'config show' lists them.")]


@app.command("set")
def set_setting(
    name: Name, value: Annotated[str, typer.Argument(metavar="VALUE", help="Its value; never a secret.")]
) -> None:
    """Write a setting into the settings file.

    \b
    takedown config set intake https://intake.example#KEY
    takedown config set ledger cases.ledger
    """
    path = settings.save_settings({name: value})
    console.show(ConfigPathReport(file=str(path), changed=name))


@app.command("unset")
def unset_setting(name: Name) -> None:
    """Remove a setting from the settings file, so that its default holds.

    takedown config unset proxy
    """
    known_setting(name)
    path = settings.save_settings({name: None})
    console.show(ConfigPathReport(file=str(path), changed=name))


@app.command("path")
def show_path() -> None:
    """Show where the settings file is, whether it exists or not.

    takedown config path
    """
    path = settings.file_path()
    if path is None:
        raise ConfigError("This computer has no place for a settings file.", hint="Use TAKEDOWN_* variables.")
    console.show(ConfigPathReport(file=str(path), changed=None))
