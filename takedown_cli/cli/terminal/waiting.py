"""Says on stderr whom a command waits for: in words, or as JSON for scripts."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Final, Literal

from typing_extensions import TypedDict

from takedown_cli.cli.terminal.console import console, sanitise
from takedown_cli.locale.filled import filled

if TYPE_CHECKING:
    from takedown_cli.client.waiting import Notice

#: Several connections may wait at a time: their lines are at least this far apart.
_SECONDS: Final = 1.0


class WaitingLine(TypedDict):
    """One line on stderr of ``--progress=json`` while a server lets us wait, the first after two seconds.

    ``attempt`` of at most ``attempts`` is running, or over when a ``pause`` of some seconds follows; the command gives
    up after ``timeout`` seconds without progress.
    """

    schema: Literal["takedown.waiting"]
    version: Literal[1]
    server: str
    attempt: int
    attempts: int
    seconds: float
    timeout: float
    pause: float


class WaitingLines:
    """Shows notices of one or several connections as ``--progress`` says: in words, as JSON, or not at all."""

    def __init__(self, mode: str) -> None:
        self._mode = mode
        self._lock = threading.Lock()
        self._shown = float("-inf")

    def show(self, notice: Notice) -> None:
        if self._mode == "none" or console.quiet:
            return
        with self._lock:
            if time.monotonic() - self._shown < _SECONDS:
                return
            self._shown = time.monotonic()
        console.error_line(json.dumps(_line(notice)) if self._mode == "json" else _words(notice))


def _line(notice: Notice) -> WaitingLine:
    return {
        "schema": "takedown.waiting",
        "version": 1,
        "server": notice.server,
        "attempt": notice.attempt,
        "attempts": notice.attempts,
        "seconds": round(notice.seconds, 1),
        "timeout": notice.timeout,
        "pause": round(notice.pause, 1),
    }


def _words(notice: Notice) -> str:
    numbers = {"server": sanitise(notice.server), "attempts": notice.attempts}
    if notice.pause:
        return filled(
            "{server} is busy or away. Asking again in {seconds} s (try {attempt} of {attempts}).",
            seconds=round(notice.pause), attempt=notice.attempt + 1, **numbers,
        )  # fmt: skip
    sentence = (
        "Waiting for {server}, try {attempt} of {attempts}: {seconds} s of at most {most} s. To stop, press Ctrl-C."
        if notice.attempt > 1
        else "Waiting for {server}: {seconds} s of at most {most} s. To stop, press Ctrl-C."
    )
    return filled(
        sentence, seconds=round(notice.seconds), most=round(notice.timeout), attempt=notice.attempt, **numbers
    )
