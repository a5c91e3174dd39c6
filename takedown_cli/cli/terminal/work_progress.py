"""Shows how far the computer is with the work that a busy intake asks for, and about how long it takes.

A first line comes within a second, and then one every few seconds, on a terminal and in a log alike.
"""

from __future__ import annotations

import threading
import time
from typing import Final

from takedown_cli.cli.terminal.console import console
from takedown_cli.locale.filled import filled_many

_FIRST_SECONDS: Final = 0.5
_SECONDS: Final = 5.0

_WORK: Final = (
    (
        "Many people are sending now, so the intake asks each computer to do some work first. "
        "This takes about a second. To stop, press Ctrl-C."
    ),
    (
        "Many people are sending now, so the intake asks each computer to do some work first. "
        "This takes about {count} seconds. To stop, press Ctrl-C."
    ),
)


class WorkProgress:
    """Called after each try, with the tries done and those needed on average; with 0 when more work is asked for."""

    def __init__(self) -> None:
        self._began: float | None = None
        self._last = 0.0
        self._next = _FIRST_SECONDS

    def __call__(self, tried: int, expected: int) -> None:
        now = time.monotonic()
        if tried == 0:
            console.say("The intake now asks for more work than before. Your computer goes on by itself.")
        if self._began is None or tried < self._last:  # another challenge begins
            self._began, self._next = now, _FIRST_SECONDS
        self._last = tried
        seconds = now - self._began
        if tried == 0 or seconds < self._next:
            return
        if self._next == _FIRST_SECONDS:
            console.say(filled_many(*_WORK, max(1, round(seconds / tried * expected))))
        else:
            console.say("Still working…")
        self._next = seconds + _SECONDS


class OneThreadAtATime:
    """A ``WorkProgress`` for several threads: it shows one of them, until that one was silent for a while."""

    def __init__(self, shown: WorkProgress) -> None:
        self._shown = shown
        self._lock = threading.Lock()
        self._current, self._heard = 0, 0.0

    def __call__(self, tried: int, expected: int) -> None:
        with self._lock:
            now, me = time.monotonic(), threading.get_ident()
            if me != self._current and now - self._heard < _SECONDS:
                return
            self._current, self._heard = me, now
            self._shown(tried, expected)
