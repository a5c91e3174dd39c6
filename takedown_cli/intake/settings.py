"""The intake's folder: where its settings, keys and database are, and how it is made.

It guarantees that an intake is made once, completely and readable by its owner alone, or not at all.
It must never hold anything about a case or a person.
"""

from __future__ import annotations

import json
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, ValidationError

from takedown_cli.address import IntakeAddress
from takedown_cli.errors import ConfigError
from takedown_cli.wire import Document, Origin

DEFAULT_ORIGIN: Final = "http://127.0.0.1:8470"

_FILE: Final = "intake.toml"


class Settings(Document):
    """What the operator decides. ``database`` is an SQLAlchemy URL; none means the SQLite file in the folder.

    Beyond ``anonymous_per_hour`` anonymous submissions in an hour each has to do work first; ``proof_of_work`` makes
    all or none do it. Beyond ``flood_per_hour`` in an hour or ``anonymous_per_day`` in a day, above
    ``items_per_submission``, and above ``items_per_case`` over the life of a case, what comes is held for review
    instead of listed at once. Beyond ``address_per_hour`` submissions from one address, if that is not 0, each has to
    do work: for an intake without a proxy in front only, since behind one all come from its address.
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
    address_per_hour: Annotated[int, Field(ge=0)] = 0


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
        """PDQ values of well-known pictures that are never listed, one in a line; there need not be one."""
        return self.path / "deny.txt"

    @property
    def exists(self) -> bool:
        return (self.path / _FILE).is_file()

    def database_url(self, settings: Settings) -> str:
        return settings.database or f"sqlite:///{self.database.absolute()}"

    def load(self) -> Settings:
        """The settings. Raises ConfigError when there is no intake here, or when they cannot be used."""
        try:
            values = tomllib.loads((self.path / _FILE).read_text(encoding="utf-8"))
            return Settings.model_validate(values)
        except (OSError, UnicodeDecodeError):
            raise ConfigError(
                "There is no intake in this folder, or it may not be read.", hint="Make one: takedown intake init."
            ) from None
        except (tomllib.TOMLDecodeError, ValidationError):
            raise ConfigError("The intake's settings file cannot be used.", hint="See its documentation.") from None

    def save(self, settings: Settings) -> None:
        """Write the settings last, so that a folder with settings is a whole intake."""
        lines = [
            f"{key} = {json.dumps(value, ensure_ascii=False)}\n"
            for key, value in settings.model_dump(mode="json", exclude_none=True).items()
        ]
        write_private(self.path / _FILE, "".join(lines).encode())


def make_settings(name: str, origin: str | None, *, test: bool, database: str | None = None) -> Settings:
    """Settings as given by the operator. Raises ConfigError with what is wrong with them."""
    address = IntakeAddress.parse(origin or DEFAULT_ORIGIN).origin
    try:
        return Settings(name=name, origin=address, test=test, database=database)
    except ValidationError:
        raise ConfigError(
            "The name must have 1 to 80 characters and no control characters.", hint="Choose another name."
        ) from None


def make_folder(path: Path) -> None:
    """Make a folder for its owner alone. Raises ConfigError."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        raise ConfigError("The intake's folder could not be made.", hint="Choose another place.") from None


def write_private(path: Path, data: bytes) -> None:
    """Write a file of mode 0600 durably: all of it, or nothing. Raises ConfigError."""
    beside = path.with_name(path.name + ".new")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        _sync_folder(path.parent)
    except OSError:
        raise ConfigError("The intake's folder cannot be written.", hint="Check space and rights.") from None


def _sync_folder(path: Path) -> None:
    """Make a rename in this folder durable, where the system can."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
