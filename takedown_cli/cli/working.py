"""What a person sees while the computer works for a busy intake: how far it is, and about how long it will take.

It guarantees a first line within a second and one every few seconds, on a terminal as in a log. It must never say
more than that: not which intake, nor for what.
"""

from __future__ import annotations

import threading
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


class InTurn:
    """A ``Working`` for several threads: only one is told of at a time, until it has said nothing for a while."""

    def __init__(self, working: Working) -> None:
        self._working = working
        self._lock = threading.Lock()
        self._speaker, self._heard = 0, 0.0

    def __call__(self, tried: int, expected: int) -> None:
        with self._lock:
            now, me = time.monotonic(), threading.get_ident()
            if me != self._speaker and now - self._heard < _SECONDS:
                return
            self._speaker, self._heard = me, now
            self._working(tried, expected)


def _beginning(usually: float) -> str:
    return (
        "Many are sending at the moment, so the intake asks each computer for some work first, which keeps floods out. "
        f"Here it usually takes {max(1, round(usually))} seconds, with luck less, without more. Ctrl-C stops it."
    )
