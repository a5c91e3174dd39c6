"""Reads the person's settings: the environment and the one settings file of this user.

It guarantees the order flag > ``TAKEDOWN_*`` > settings file > default, for every command alike.
It must never read a settings file from a folder that is being hashed: what lies there is not the person's word.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from takedown_cli import config
from takedown_cli.errors import ConfigError

_LARGEST: Final = 1 << 16


def file_path() -> Path | None:
    """Where the settings file would be; None on a computer without a home folder."""
    from platformdirs import user_config_path

    try:
        return user_config_path("takedown", appauthor=False) / "config.toml"
    except (RuntimeError, OSError, KeyError):
        return None


def settings(flags: Mapping[str, str | None]) -> Mapping[str, config.Setting]:
    """Every setting by name, given the flags of this command (None: not given). Raises ConfigError."""
    return config.resolve(flags, os.environ, config.read_file(_file_text()))


def setting(name: str, flag: str | None = None) -> str | None:
    """The value of one setting. Raises ConfigError."""
    return settings({name: flag})[name].value


def _file_text() -> str:
    path = file_path()
    if path is None:
        return ""
    try:
        with path.open("rb") as stream:
            return stream.read(_LARGEST).decode("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (OSError, ValueError):
        raise ConfigError("The settings file cannot be read.") from None
