"""Measures how much of the processors' time was used lately."""

from __future__ import annotations

import math
import time
from typing import Final

#: Seconds over which the use is averaged, and the share of the time from which on it is a load.
_AVERAGED: Final = 5.0
_USUAL: Final = 0.75


class ProcessorTime:
    """The use of some processors: an average in which what is past counts less and less."""

    def __init__(self, processors: int) -> None:
        self._processors = processors
        self._seconds = 0.0
        self._at = time.monotonic()

    def add(self, seconds: float) -> None:
        """Add processor time that was used just now."""
        self._decay()
        self._seconds += seconds

    @property
    def load(self) -> float:
        """From 0, for three quarters of the time and less, to 1 for all of it."""
        self._decay()
        share = self._seconds / _AVERAGED / self._processors
        return min(1.0, max(0.0, (share - _USUAL) / (1 - _USUAL)))

    def _decay(self) -> None:
        now = time.monotonic()
        self._seconds *= math.exp((self._at - now) / _AVERAGED)
        self._at = now
