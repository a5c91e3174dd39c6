"""A clock that stands still until a test moves it, for an intake whose days matter.

It never goes back: an intake dates what it lists, and nothing may come before what was read already.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from takedown_cli.core.clock import Clock


class FrozenClock:
    """Noon of ``day`` (YYYY-MM-DD) in UTC, until it is moved."""

    def __init__(self, day: str = "2024-02-29") -> None:
        self._now = datetime.fromisoformat(f"{day}T12:00:00+00:00")

    @property
    def clock(self) -> Clock:
        """The clock for ``running(…, clock=…)``."""
        return Clock(self._seconds)

    def _seconds(self) -> float:
        return self._now.timestamp()

    @property
    def day(self) -> str:
        return self._now.date().isoformat()

    def advance(self, *, days: int = 0, seconds: float = 0) -> None:
        """Let time pass. Raise ValueError for a negative step."""
        step = timedelta(days=days, seconds=seconds)
        if step < timedelta(0):
            raise ValueError("time does not run backwards")
        self._now += step

    def move_to(self, day: str) -> None:
        """Go on to noon of a later day. Raise ValueError for an earlier one."""
        noon = datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC) + timedelta(hours=12)
        self.advance(seconds=(noon - self._now).total_seconds())
