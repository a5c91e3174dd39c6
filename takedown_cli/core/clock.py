"""The clock for days and seconds that are stored or shown: the system's, or one that a test holds still.

Do not measure with it how long something takes: the time may jump.
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
        """Return the day in UTC, as YYYY-MM-DD."""
        return datetime.fromtimestamp(self.seconds(), UTC).date().isoformat()


#: The clock of this computer.
SYSTEM: Final = Clock()
