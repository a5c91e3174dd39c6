"""Notes in the intake's folder on which day it was last purged and last backed up, for the operator who watches it."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from typing import Final, Literal, get_args

from takedown_cli.core.errors import ConfigError
from takedown_cli.intake.settings import Home, write_private

Chore = Literal["purge", "backup"]
CHORES: Final[tuple[Chore, ...]] = get_args(Chore)
#: An intake whose last purge was on a day so far away purges again only when its operator says that the clock is right.
CLOCK_DAYS: Final = 60
_LENGTH: Final = len("2026-11-30")


def note_done(home: Home, chore: Chore, day: str) -> None:
    """Note that a chore was done on ``day`` (YYYY-MM-DD). Where the folder cannot be written to, nothing is noted."""
    with suppress(ConfigError):
        write_private(home.path / f"last-{chore}", f"{day}\n".encode())


def last_done(home: Home, chore: Chore) -> str | None:
    """Return the day on which a chore was last done, or None if that is not known."""
    try:
        with (home.path / f"last-{chore}").open("rb") as stream:
            return date.fromisoformat(stream.read(_LENGTH).decode("ascii")).isoformat()
    except (OSError, ValueError):
        return None


def clock_doubt(home: Home, today: str) -> str | None:
    """Return a sentence if the clock may be wrong: it says that the last purge is more than CLOCK_DAYS away.

    A clock that is years ahead would have everything deleted, and a serving intake purges twice a day. One that
    is years behind, as after a start without a battery, would have its day noted, and then the right one be doubted.
    """
    last = last_done(home, "purge")
    if last is None or abs((date.fromisoformat(today) - date.fromisoformat(last)).days) <= CLOCK_DAYS:
        return None
    return f"The computer's clock says {today}, and the last purge was on {last}."
