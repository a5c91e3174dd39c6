"""How long a client waits for a server, all tries of one exchange together, and what it says meanwhile.

The time starts again only for progress, and only a body that arrives or leaves fast enough is progress. So no server
can hold a client by an endless handshake, by headers that come in drops, or by interim answers without an end.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

#: Seconds without progress after which an exchange ends.
TIMEOUT: Final = 45.0
#: Bytes of a body that count as one second of progress.
BODY_RATE: Final = 8_000
_FIRST_NOTICE: Final = 2.0
_NEXT_NOTICE: Final = 10.0


@dataclass(frozen=True, slots=True)
class Notice:
    """Whom a client waits for: the try, how many there are at most, and the seconds so far and at most.

    ``pause`` is the number of seconds until the next try while a server that is busy is left alone; 0 otherwise.
    """

    server: str
    attempt: int
    attempts: int
    seconds: float
    timeout: float
    pause: float = 0.0


OnWaiting = Callable[[Notice], None]


class Deadline:
    """A moment that comes after ``seconds`` without progress."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._moment = time.monotonic() + seconds

    def remaining(self) -> float:
        return self._moment - time.monotonic()

    def count_body(self, size: int) -> None:
        """Move the moment on by the time that ``size`` bytes may take; it is never further away than at first."""
        self._moment = min(self._moment + size / BODY_RATE, time.monotonic() + self.seconds)


class Exchange:
    """One request with all its tries: what time is left for it, and when to say that it is waiting."""

    def __init__(self, attempts: int = 1, timeout: float = TIMEOUT, total: float = 0.0) -> None:
        """Let one try take ``timeout`` seconds without progress, and all of them together that or ``total``."""
        self.attempts, self.attempt = attempts, 0
        self._timeout = timeout
        self._all = Deadline(max(timeout, total))
        self._try = Deadline(timeout)
        self._began = time.monotonic()
        self._next = self._began + _FIRST_NOTICE

    def begin_try(self) -> None:
        self.attempt += 1
        self._try = Deadline(self._timeout)
        if self.attempt > 1:
            self._next = max(time.monotonic(), self._began + _FIRST_NOTICE)

    def remaining(self) -> float:
        """Return the seconds that are left for this try, zero or less when it has to end."""
        return min(self._try.remaining(), self._all.remaining())

    def waited(self) -> float:
        """Return the seconds since the first try began."""
        return time.monotonic() - self._began

    def allows_pause(self, seconds: float) -> bool:
        """Return whether another try may follow after a pause."""
        return self.attempt < self.attempts and self._all.remaining() > seconds

    def count_body(self, size: int) -> None:
        self._try.count_body(size)
        self._all.count_body(size)

    def until_notice(self) -> float:
        return max(0.0, self._next - time.monotonic())

    def notice(self, server: str, pause: float = 0.0) -> Notice:
        """Return what to say now; the next notice is due some seconds later."""
        now = time.monotonic()
        self._next = now + pause + _NEXT_NOTICE
        return Notice(server, self.attempt, self.attempts, self.waited(), self._all.seconds, pause)
