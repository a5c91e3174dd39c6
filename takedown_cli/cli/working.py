"""What a person sees while the computer works for a busy intake: how far it is, and about how long it will take.

It guarantees a first line within a second and one every few seconds, on a terminal as in a log. It must never say
more than that: not which intake, nor for what.
"""

from __future__ import annotations

import time
from typing import Final

from takedown_cli.cli.console import console

_FIRST_SECONDS: Final = 0.5
_SECONDS: Final = 5.0


class Working:
    """To be called after each try, with the tries done and those needed on average."""

    def __init__(self) -> None:
        self._began: float | None = None
        self._last = 0.0
        self._next = _FIRST_SECONDS

    def __call__(self, tried: int, expected: int) -> None:
        now = time.monotonic()
        if self._began is None or tried < self._last:  # another challenge begins
            self._began, self._next = now, _FIRST_SECONDS
        self._last = tried
        seconds = now - self._began
        if seconds < self._next:
            return
        if self._next == _FIRST_SECONDS:
            console.say(_beginning(seconds / tried * expected))
        else:
            console.say(f"Still working: {100 * tried // expected} % of what it usually takes.")
        self._next = seconds + _SECONDS


def _beginning(usually: float) -> str:
    return (
        "Many are sending at the moment, so the intake asks each computer for some work first, which keeps floods out. "
        f"Here it usually takes {max(1, round(usually))} seconds, with luck less, without more. Ctrl-C stops it."
    )
