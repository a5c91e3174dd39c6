"""Settings, each with its value and where the value came from: flag, environment, user file or default.

The command line reads the file and the environment and hands both in. A setting never holds a secret.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from takedown_cli.core.errors import ConfigError
from takedown_cli.locale.filled import filled

Source = Literal["flag", "environment", "file", "default"]


@dataclass(frozen=True, slots=True)
class Known:
    """A known setting: its name in the file, what it means, and its default as text."""

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
    Known("intake_ca", "file (PEM) with the intake's own certificate authority; no other is then trusted"),
    Known("proxy", "proxy for every connection, such as socks5h://127.0.0.1:9050 for Tor"),
    Known("key", "where the organisation's key is kept, as for 'takedown keys'; never the key itself"),
    Known("ledger", "the caseload's ledger, for 'takedown batch'"),
    Known("name", "your organisation's name, as slips show it to callers"),
    Known("contact", "how callers reach your organisation, as slips show it"),
    Known("workers", "decoding processes; all cores when not set"),
    Known("copies", "classes of predicted copies that are hashed too", "flips"),
    Known("video", "which frames of a video are hashed: gaps, keyframes, vpdq or every", "gaps"),
    Known("executor", "scheduler of a cluster that hashes, such as dask://10.0.0.5:8786"),
    Known("executor_ca", "file with the authority of that cluster's certificates"),
    Known("executor_cert", "file with the certificate that is shown to the cluster"),
    Known("executor_key", "file with the key of that certificate"),
    Known("lang", "language of questions and answers, such as de; the system's when not set"),
    Known("progress", "how progress is shown: auto, plain, json or none", "auto"),
)
_NAME: Final = re.compile("[a-z_]{1,30}")
_BY_NAME: Final = {known.name: known for known in KNOWN}


def default_of(name: str) -> str:
    """Return the default of a setting, or empty text if it has none."""
    return _BY_NAME[name].default or ""


def read_settings_file(text: str) -> dict[str, str]:
    """Return the settings of a TOML user file as text. Raise ConfigError for bad TOML or an unknown name."""
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError):  # also for a number of thousands of digits
        raise ConfigError("The settings file is not valid TOML.") from None
    for name, value in table.items():
        if name not in _BY_NAME:
            raise _unknown_setting(name)
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise ConfigError(
                filled("The setting '{name}' in the settings file must be text or a whole number.", name=name)
            )
    return {name: str(value) for name, value in table.items()}


def known_setting(name: str) -> Known:
    """Return a setting by its name. Raise ConfigError that names the nearest one."""
    if name not in _BY_NAME:
        raise _unknown_setting(name, "There is no such setting.", "There is no such setting: '{name}'.")
    return _BY_NAME[name]


def change_settings_text(text: str, changes: Mapping[str, str | None]) -> str:
    """Return the text of a settings file with some settings set, or removed for None; the rest stays as it is.

    Raise ConfigError if it could not be read back.
    """
    kept = [line for line in text.splitlines() if line.partition("=")[0].strip() not in changes]
    added = [
        f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in changes.items() if value is not None
    ]
    changed = "".join(f"{line}\n" for line in (*kept, *added))
    if read_settings_file(changed) != {
        **{name: value for name, value in read_settings_file(text).items() if name not in changes},
        **{name: value for name, value in changes.items() if value is not None},
    }:
        raise ConfigError("The settings file is written in a way that takedown cannot change. Edit it by hand.")
    return changed


def _unknown_setting(
    name: str,
    sentence: str = "The settings file holds an unknown setting.",
    named: str = "The settings file holds an unknown setting: '{name}'.",
) -> ConfigError:
    from difflib import get_close_matches  # takes 3 ms, and only errors need it

    near = get_close_matches(name, _BY_NAME, n=1)
    hint = (
        filled("Did you mean '{near}'?", near=near[0]) if near
        else filled("The settings are: {names}.", names=", ".join(_BY_NAME))
    )  # fmt: skip
    # What is not like a name may be a secret in the wrong place.
    return ConfigError(filled(named, name=name) if _NAME.fullmatch(name) else sentence, hint=hint)


def resolve_settings(
    flags: Mapping[str, str | None], environ: Mapping[str, str], file: Mapping[str, str]
) -> dict[str, Setting]:
    """Return each known setting by name. An empty environment variable counts as not set."""
    found = {}
    for known in KNOWN:
        by_source: dict[Source, str | None] = {
            "flag": flags.get(known.name),
            "environment": environ.get(known.variable) or None,
            "file": file.get(known.name),
        }
        given = (Setting(known, value, source) for source, value in by_source.items() if value is not None)
        found[known.name] = next(given, Setting(known, known.default, "default"))
    return found
