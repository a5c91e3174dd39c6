"""``takedown config show``: each setting, its value, and where the value comes from.

It guarantees that what is shown is what every other command would use.
It must never show a password: the one that a proxy's address may hold is hidden.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from takedown_cli.cli import settings
from takedown_cli.cli.console import console, sanitise, shown_path
from takedown_cli.cli.options import application

if TYPE_CHECKING:
    from takedown_cli.cli.installation_documents import ConfigReport, SettingRow
    from takedown_cli.config import Setting

app = application("The settings, and where each comes from.")

_SOURCES: Final = {"flag": "option", "environment": "environment", "file": "settings file", "default": "default"}


@app.callback()
def _group() -> None:
    """The settings, and where each comes from."""


@app.command()
def show() -> None:
    """Each setting with its value and its source: option, environment, settings file or default.

    \b
    takedown config show
    TAKEDOWN_WORKERS=2 takedown config show --json
    """
    document = report()
    if console.json:
        console.emit(document)
        return
    file = document["file"]
    console.result(f"Settings file: {'none on this computer' if file is None else shown_path(file)}")
    for row in document["settings"]:
        console.result()
        value = "not set" if row["value"] is None else sanitise(row["value"])
        console.result(f"{row['name']}: {value}  ({_SOURCES[row['source']]})")
        console.paragraphs(f"  {row['meaning']}")
        console.result(f"  {row['variable']}")


def report() -> ConfigReport:
    """The object of ``config show --json``. Raises ConfigError for a settings file that cannot be used."""
    path = settings.file_path()
    return {
        "schema": "takedown.config",
        "version": 1,
        "file": None if path is None else str(path),
        "settings": [_row(setting) for setting in settings.settings({}).values()],
    }


def _row(setting: Setting) -> SettingRow:
    return {
        "name": setting.known.name,
        "value": None if setting.value is None else _without_password(setting.value),
        "source": setting.source,
        "meaning": setting.known.meaning,
        "variable": setting.known.variable,
    }


def _without_password(value: str) -> str:
    return re.sub(r"(?<=://)[^/@]*@", "…@", value)
