"""Reads the person's settings: the environment and the one settings file of this user.

The order is flag, ``TAKEDOWN_*``, settings file, default. A settings file in a folder that is being hashed is never
read: somebody else may have put it there.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Final

import typer

from takedown_cli.cli.terminal.console import console
from takedown_cli.core import atomic_file, config
from takedown_cli.core.errors import ConfigError, OutputError, UsageError
from takedown_cli.core.given_text import SAVE_AS_UTF8, decode_text
from takedown_cli.locale.filled import filled
from takedown_cli.locale.language import PERSON, language, nearest, tags

_LARGEST: Final = 1 << 16


def file_path() -> Path | None:
    """Return where the settings file would be, or None on a computer without a home folder."""
    from platformdirs import user_config_path

    try:
        return user_config_path("takedown", appauthor=False) / "config.toml"
    except (RuntimeError, OSError, KeyError):
        return None


def settings(flags: Mapping[str, str | None]) -> Mapping[str, config.Setting]:
    """Return every setting by name. In ``flags``, None means that the flag was not given. Raise ConfigError."""
    return config.resolve_settings(flags, os.environ, _read_file(file_path()))


def setting(name: str, flag: str | None = None) -> str | None:
    """Return the value of one setting; ``flag`` is the command's own option. Raise ConfigError."""
    return settings({name: flag})[name].value


#: Settings that name a file: a relative one is kept as the whole path, since commands run in other folders.
_FILES: Final = frozenset({"intake_card", "intake_ca", "ledger", "executor_ca", "executor_cert", "executor_key"})


_NO_PLACE: Final = (
    "Check the free space and the folder's permissions, or set variables such as TAKEDOWN_INTAKE instead."
)


def save_settings(changes: Mapping[str, str | None]) -> Path:
    """Write some settings into the settings file, or remove them for None; return the file.

    Raise ConfigError for an unknown setting or a value of it that cannot be, OutputError.
    """
    path = file_path()
    if path is None:
        raise ConfigError("This computer has no place for a settings file.", hint="Use TAKEDOWN_* variables.")
    new = {name: None if value is None else _checked(name, value) for name, value in changes.items()}
    _read_file(path)  # a file with a mistake is not changed
    try:
        text = decode_text(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        text = ""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        raise OutputError("The folder of the settings file could not be made.", hint=_NO_PLACE) from None
    try:
        atomic_file.write_file(path, config.change_settings_text(text, new).encode("utf-8"), force=True)
    except OutputError:
        raise OutputError("The settings file could not be written.", hint=_NO_PLACE) from None
    _read_file.cache_clear()
    return path


def _checked(name: str, value: str) -> str:
    """Return the value of a known setting as it is kept. Raise ConfigError."""
    from takedown_cli.protocol.addresses import IntakeAddress

    config.known_setting(name)
    if not value.isprintable() or not value:
        raise ConfigError(f"The value of '{name}' must be text in one line.")
    if name == "intake":
        return str(IntakeAddress.parse(value))
    if name == "workers" and not (value.isascii() and value.isdigit() and 1 <= int(value) <= 256):
        raise ConfigError("The setting 'workers' must be a number from 1 to 256.")
    if name == "key" and value.startswith("file:") and not value.startswith("file://"):
        return f"file:{Path(value.removeprefix('file:')).absolute()}"
    return str(Path(value).absolute()) if name in _FILES else value


@cache  # a command asks for several settings; it reads the file once
def _read_file(path: Path | None) -> Mapping[str, str]:
    if path is None:
        return {}
    try:
        with path.open("rb") as stream:
            return config.read_settings_file(decode_text(stream.read(_LARGEST)))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except UnicodeError:
        raise ConfigError("The settings file is not in UTF-8.", hint=SAVE_AS_UTF8) from None
    except (OSError, ValueError):
        raise ConfigError("The settings file cannot be read.") from None


# --------------------------------------------------------------------------------------------------- the language

#: Where POSIX systems name the language of a person, the strongest first.
_VARIABLES: Final = ("LC_ALL", "LC_MESSAGES", "LANG")


def _suggest(incomplete: str) -> list[str]:
    return [tag for tag in tags() if tag.startswith(incomplete)]


Lang = Annotated[
    str | None,
    typer.Option(
        "--lang",
        metavar="TAG",
        help="Your language: de, es, fr, ar, …; default: the system's.",
        autocompletion=_suggest,
    ),
]


def speak(flag: str | None) -> None:
    """Speak the language of the flag, of the settings or of the system from now on. Raise UsageError."""
    try:
        given = setting("lang", flag)
    except ConfigError:  # a command that needs the settings explains it, in the language that is left
        given = flag
    wanted = given or _language_of_system()
    found = "en" if wanted in {"", "C", "POSIX"} else nearest(wanted, tags())
    if given and found is None:
        raise UsageError(
            filled("There is no such language for --lang or TAKEDOWN_LANG. There are: {tags}.", tags=", ".join(tags()))
        )
    console.language = language(found or "en", PERSON)


def _language_of_system() -> str:
    if sys.platform == "win32":
        import ctypes
        import locale

        return locale.windows_locale.get(ctypes.windll.kernel32.GetUserDefaultUILanguage(), "")
    named = next((os.environ[name] for name in _VARIABLES if os.environ.get(name)), "")
    return re.split("[.@]", named)[0]
