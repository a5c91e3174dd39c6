"""The intake's folder: where its settings, keys and database are, and how it is made."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import Field, ValidationError

from takedown_cli.core import atomic_file
from takedown_cli.core.errors import ConfigError, OutputError
from takedown_cli.core.given_text import SAVE_AS_UTF8, decode_text
from takedown_cli.protocol.addresses import IntakeAddress
from takedown_cli.protocol.wire import Document, Origin

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

DEFAULT_ORIGIN: Final = "http://127.0.0.1:8470"

_FILE: Final = "intake.toml"
_MEND: Final = "Correct it, or take intake.toml from the latest backup. Nothing else was touched."
_LONGEST_NAME: Final = 40


class Settings(Document):
    """The operator's settings. ``database`` is an SQLAlchemy URL; the default is the SQLite file in the folder.

    Anonymous submissions beyond ``anonymous_per_hour`` need proof of work. ``proof_of_work`` can demand it of all or of
    none. Submissions from one address beyond ``address_per_hour`` need it too, unless that is 0. Use this only without
    a proxy in front: behind one, all submissions come from the proxy's address. A large submission counts several times
    in all of these, and in ``flood_per_hour`` and ``anonymous_per_day`` (``cases.holds.count_units``).

    These submissions are held for review: beyond ``flood_per_hour`` or ``anonymous_per_day``, with more items or hashes
    than ``items_per_submission`` and ``hashes_per_submission``, or beyond ``items_per_case`` or ``hashes_per_case``
    over the life of a case. Submissions that would bring all that is held beyond ``held_hashes`` are refused.
    """

    name: Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]*$")]
    origin: Origin = DEFAULT_ORIGIN
    test: bool = False
    database: str | None = None
    retention_days: Annotated[int, Field(ge=1, le=36_500)] = 730
    proof_of_work: Literal["auto", "always", "never"] = "auto"
    anonymous_per_hour: Annotated[int, Field(ge=0)] = 300
    flood_per_hour: Annotated[int, Field(ge=0)] = 500
    anonymous_per_day: Annotated[int, Field(ge=0)] = 5000
    items_per_submission: Annotated[int, Field(ge=1)] = 5000
    items_per_case: Annotated[int, Field(ge=1)] = 20_000
    hashes_per_submission: Annotated[int, Field(ge=1)] = 10_000
    hashes_per_case: Annotated[int, Field(ge=1)] = 20_000
    held_hashes: Annotated[int, Field(ge=0)] = 500_000
    address_per_hour: Annotated[int, Field(ge=0)] = 0


def read_settings(text: bytes) -> Settings:
    """Return the settings in the text of ``intake.toml``. Raise ConfigError."""
    try:
        return Settings.model_validate(tomllib.loads(decode_text(text)))
    except UnicodeError:
        raise ConfigError("The intake's settings file is not in UTF-8.", hint=SAVE_AS_UTF8) from None
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        where = f"line {line[1]}" if line else "its end"
        raise ConfigError(f"The intake's settings file, intake.toml, has a fault at {where}.", hint=_MEND) from None
    except ValidationError as error:
        raise ConfigError(_explain_fault(error.errors(include_url=False)[0]), hint=_MEND) from None


def _explain_fault(fault: ErrorDetails) -> str:
    name = str(fault["loc"][0])[:_LONGEST_NAME] if fault["loc"] else ""
    if fault["type"] == "missing":
        return f"The intake's settings file, intake.toml, has no line for '{name}'."
    if fault["type"] == "extra_forbidden":
        return f"The intake's settings file, intake.toml, has an unknown setting: {name}"
    return f"The intake's settings file, intake.toml, has a value for '{name}' that cannot be used."


@dataclass(frozen=True, slots=True)
class Home:
    """An intake's folder."""

    path: Path

    @property
    def keys(self) -> Path:
        return self.path / "keys"

    @property
    def card(self) -> Path:
        return self.path / "intake-card.json"

    @property
    def database(self) -> Path:
        """The SQLite file, when the settings name no other database."""
        return self.path / "intake.db"

    @property
    def deny_list(self) -> Path:
        """PDQ values of well-known pictures that are never listed, one a line. The file is optional."""
        return self.path / "deny.txt"

    @property
    def exists(self) -> bool:
        return (self.path / _FILE).is_file()

    def database_url(self, settings: Settings) -> str:
        """Return the address of the database. Raise ConfigError if the file in the folder is missing."""
        if settings.database is None and not self.database.is_file():
            raise ConfigError(
                "The intake's database is missing: there is no intake.db in its folder.",
                hint="Restore the latest backup. With an empty database no case could be found again.",
            )
        return settings.database or f"sqlite:///{self.database.absolute()}"

    def load(self) -> Settings:
        """Return the settings. Raise ConfigError when there is no intake here, or when they cannot be used."""
        try:
            text = (self.path / _FILE).read_bytes()
        except OSError:
            raise ConfigError(
                "There is no intake in this folder, or it cannot be read.",
                hint="To make one, run:\n  takedown intake init DIR",
            ) from None
        return read_settings(text)

    def save(self, settings: Settings) -> None:
        """Write the settings last, so that a folder with settings is a whole intake."""
        lines = [
            f"{key} = {json.dumps(value, ensure_ascii=False)}\n"
            for key, value in settings.model_dump(mode="json", exclude_none=True).items()
        ]
        write_private(self.path / _FILE, "".join(lines).encode())


def make_settings(name: str, origin: str | None, *, test: bool, database: str | None = None) -> Settings:
    """Return the operator's settings. Raise ConfigError, which names the fault."""
    address = IntakeAddress.parse(origin or DEFAULT_ORIGIN).origin
    try:
        return Settings(name=name, origin=address, test=test, database=database)
    except ValidationError:
        raise ConfigError(
            "The name must have 1 to 80 characters and no control characters.", hint="Choose another name."
        ) from None


def make_folder(path: Path) -> None:
    """Make a folder that only its owner can use. Raise ConfigError."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        raise ConfigError("The intake's folder could not be made.", hint="Choose another place.") from None


def write_private(path: Path, data: bytes) -> None:
    """Write a file of mode 0600 durably: all of it, or nothing. Raise ConfigError."""
    try:
        atomic_file.write_file(path, data, force=True)
    except OutputError:
        raise ConfigError(
            "The intake's folder cannot be written to.", hint="Check the free space and the folder's permissions."
        ) from None
