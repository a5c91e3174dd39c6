"""Settings, each with its value and where the value came from: flag, environment, user file or default.

It guarantees one order of precedence for every setting, and that a mistyped one is an error with its name.
It must never read a file or the environment by itself, nor hold a secret: the command line hands both in.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from takedown_cli.errors import ConfigError

Source = Literal["flag", "environment", "file", "default"]


@dataclass(frozen=True, slots=True)
class Known:
    """A setting that exists: its name in the file, what it means, and its default as text."""

    name: str
    meaning: str
    default: str | None = None

    @property
    def variable(self) -> str:
        return f"TAKEDOWN_{self.name.upper()}"


@dataclass(frozen=True, slots=True)
class Setting:
    known: Known
    value: str | None
    source: Source


KNOWN: Final = (
    Known("intake", "address of the intake, with its key id after '#'"),
    Known("intake_card", "file with the intake's card, so that bundles can be sealed without a network"),
    Known("proxy", "proxy for every connection, such as socks5h://127.0.0.1:9050 for Tor"),
    Known("key", "where the organisation's key is kept, as for 'takedown keys'; never the key itself"),
    Known("workers", "decoding processes; all cores when not set"),
    Known("copies", "classes of predicted copies that are hashed too", "flips"),
    Known("video", "which frames of a video are hashed: gaps, keyframes, vpdq or every", "gaps"),
    Known("executor", "scheduler of a cluster that hashes, such as dask://10.0.0.5:8786"),
    Known("executor_ca", "file with the authority of that cluster's certificates"),
    Known("executor_cert", "file with the certificate that is shown to the cluster"),
    Known("executor_key", "file with the key of that certificate"),
    Known("progress", "how progress is shown: auto, plain, json or none", "auto"),
)
_BY_NAME: Final = {known.name: known for known in KNOWN}


def usual(name: str) -> str:
    """What a setting is when nobody sets it; empty for one that has no default."""
    return _BY_NAME[name].default or ""


def read_file(text: str) -> dict[str, str]:
    """The settings of a TOML user file as text. Raises ConfigError for bad TOML or a name that does not exist."""
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError):  # also for a number of thousands of digits
        raise ConfigError("The settings file is not valid TOML.") from None
    for name, value in table.items():
        if name not in _BY_NAME:
            raise ConfigError("The settings file holds a setting that does not exist.", hint=_allowed())
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise ConfigError(f"The setting '{name}' in the settings file must be text or a whole number.")
    return {name: str(value) for name, value in table.items()}


def _allowed() -> str:
    return "It may hold: " + ", ".join(_BY_NAME) + "."


def resolve(flags: Mapping[str, str | None], environ: Mapping[str, str], file: Mapping[str, str]) -> dict[str, Setting]:
    """Each known setting by name. An empty environment variable counts as not set."""
    return {known.name: _resolve(known, flags, environ, file) for known in KNOWN}


def _resolve(
    known: Known, flags: Mapping[str, str | None], environ: Mapping[str, str], file: Mapping[str, str]
) -> Setting:
    flag = flags.get(known.name)
    if flag is not None:
        return Setting(known, flag, "flag")
    if environ.get(known.variable):
        return Setting(known, environ[known.variable], "environment")
    if known.name in file:
        return Setting(known, file[known.name], "file")
    return Setting(known, known.default, "default")
