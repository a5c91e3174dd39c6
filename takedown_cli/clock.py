"""The clock that a day or a second is taken from: the system's, or the one that a test holds still.

It guarantees that whoever is given a clock uses no other for what is stored or shown.
It must never be used to measure how long something takes: time may jump.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final


@dataclass(frozen=True, slots=True)
class Clock:
    """``seconds`` gives the seconds since 1970 began, in UTC."""

    seconds: Callable[[], float] = time.time

    def day(self) -> str:
        """The day in UTC, as YYYY-MM-DD."""
        return datetime.fromtimestamp(self.seconds(), UTC).date().isoformat()


#: The clock of this computer.
SYSTEM: Final = Clock()
