"""A platform's folder: where its settings, its local list and its waiting verdicts are, and how it is made."""

from __future__ import annotations

import json
import secrets
import stat
import sys
import tomllib
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, get_args

from pydantic import Field, ValidationError

from takedown_cli.core import atomic_file
from takedown_cli.core.errors import ConfigError, OutputError
from takedown_cli.core.given_text import SAVE_AS_UTF8, decode_text
from takedown_cli.platform.feed_reader import NEGATIVE, Selection
from takedown_cli.protocol.addresses import IntakeAddress
from takedown_cli.protocol.feed import FeedList, Tier
from takedown_cli.protocol.wire import Document

#: Days after which a list may not be used, unless the settings name another number.
DEFAULT_AGE: Final = 7
#: The largest number of days that the settings may name.
MAX_AGE: Final = 365
#: Characters of a token at most.
LONGEST_TOKEN: Final = 400
_FILE: Final = "platform.toml"

_Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,19}$")]


class Settings(Document):
    """What a platform pulls from which intake, its token, and how many days old its list may be.

    ``journal_key`` seals the journals of its scans. Nothing named in ``lists``, ``tiers`` or ``classes`` is everything.
    With ``clips`` it is also pulled which hashes are the frames of one video.
    The negative list is pulled beside the others into a file of its own; alone, it is the local list.
    """

    version: Literal[1] = 1
    intake: str
    token: Annotated[str, Field(min_length=1, max_length=LONGEST_TOKEN, pattern=r"^[\x21-\x7e]+$", repr=False)]
    lists: tuple[FeedList, ...] = ()
    tiers: tuple[Tier, ...] = ()
    classes: tuple[_Word, ...] = ()
    clips: bool = False
    max_age_days: Annotated[int, Field(ge=1, le=MAX_AGE)] = DEFAULT_AGE
    journal_key: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", repr=False)]

    @property
    def address(self) -> IntakeAddress:
        """The intake's address with its key. Raise ConfigError."""
        return IntakeAddress.parse(self.intake)

    @property
    def selection(self) -> Selection:
        """What to pull into the local list."""
        return Selection(self._listed(), self.tiers, self.classes)

    def _listed(self) -> tuple[str, ...]:
        return tuple(name for name in self.lists if name != NEGATIVE) or self.lists

    @property
    def beside(self) -> Self | None:
        """The settings of the negative list that is pulled beside the local list; None without one."""
        if self.lists and (NEGATIVE not in self.lists or self._listed() == self.lists):
            return None
        return self.model_copy(update={"lists": (NEGATIVE,), "tiers": (), "classes": (), "clips": False})

    def source(self) -> str:
        """Return what a list must be of: a digest of the intake's key and the selection."""
        chosen = (self.address.pin, sorted(self._listed()), sorted(self.tiers), sorted(self.classes))
        return sha256(repr(chosen).encode()).hexdigest()


def make_settings(
    intake: str,
    token: str,
    lists: tuple[str, ...],
    tiers: tuple[str, ...],
    classes: tuple[str, ...],
    max_age: int,
    *,
    clips: bool = False,
) -> Settings:
    """Return the settings of a platform that joins now. Raise ConfigError, which names the fault."""
    for words, allowed, option in ((lists, get_args(FeedList), "--lists"), (tiers, get_args(Tier), "--tiers")):
        wrong = next((word for word in words if word not in allowed), None)
        if wrong is not None:
            raise ConfigError(f"{option} must name some of: {', '.join(allowed)}.", hint="Separate them with commas.")
    values: dict[str, Any] = {
        "intake": str(IntakeAddress.parse(intake)), "token": token, "lists": lists, "tiers": tiers,
        "classes": classes, "clips": clips, "max_age_days": max_age, "journal_key": secrets.token_hex(32),
    }  # fmt: skip
    try:
        return Settings(**values)
    except ValidationError:
        raise ConfigError(
            "The token, or a word in --classes, is not valid.",
            hint="Copy the token again from 'participant add'; the classes are words such as original,flips.",
        ) from None


@dataclass(frozen=True, slots=True)
class Home:
    """A platform's folder."""

    path: Path

    @property
    def list_file(self) -> Path:
        return self.path / "list.db"

    @property
    def negative_file(self) -> Path:
        """The negative list, where it is pulled beside the local list."""
        return self.path / "negative.db"

    @property
    def verdicts_file(self) -> Path:
        """The verdicts that wait for the intake."""
        return self.path / "verdicts.db"

    @property
    def relay_file(self) -> Path:
        """Decisions that a relay took and has not handed on."""
        return self.path / "relay.db"

    @property
    def exists(self) -> bool:
        """Whether a platform joined an intake from this folder."""
        return (self.path / _FILE).is_file()

    def load(self) -> Settings:
        """Return the settings. Raise ConfigError when there are none, or when they cannot be used."""
        try:
            text = decode_text((self.path / _FILE).read_bytes())
            return Settings.model_validate_json(json.dumps(tomllib.loads(text), default=str))
        except UnicodeError:
            raise ConfigError(f"The file {_FILE} is not in UTF-8.", hint=SAVE_AS_UTF8) from None
        except OSError:
            raise ConfigError(
                "This folder has joined no intake, or it cannot be read.",
                hint="To join one, run:\n  takedown platform join DIR --intake URL#KEY",
            ) from None
        except (tomllib.TOMLDecodeError, ValidationError):
            raise ConfigError(
                f"The file {_FILE} is not valid.", hint="Join again with 'takedown platform join --force'."
            ) from None

    def save(self, settings: Settings) -> None:
        """Make the folder, for its owner alone, and write the settings with mode 0600.

        Raise OutputError, also for a folder in which other accounts may write: they could put another list there.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError:
            raise OutputError("The platform's folder could not be made.", hint="Choose another place.") from None
        if sys.platform != "win32" and self.path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise OutputError(
                "Other accounts may write in this folder, and could change the list.",
                hint="Name a folder that is not there yet, or take that right away with: chmod go-w DIR",
            )
        lines = [f"{key} = {json.dumps(value)}\n" for key, value in settings.model_dump(mode="json").items()]
        atomic_file.write_file(self.path / _FILE, "".join(lines).encode(), force=True)
