"""Ctrl-C, termination and a closed terminal: the first signal unwinds the command, a second one ends it at once.

It guarantees that ``finally`` blocks run after SIGINT, SIGTERM and SIGHUP, and that the exit code is 128 + signal.
It must never do more in a handler than say so and raise.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import Final, NoReturn

_SAID: Final = b"\nInterrupted: stopping. Press Ctrl-C again to stop at once.\n"
_SHOW_CURSOR: Final = b"\x1b[?25h"
_SIGNALS: Final = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")


class Interrupted(KeyboardInterrupt):
    """The process was asked to stop; ``exit_code`` is 128 + signal number.

    A command for which the usual sentence or advice would be wrong sets ``sentence`` and ``hint``.
    """

    sentence: str | None = None
    hint: str | None = None

    def __init__(self, number: int) -> None:
        super().__init__()
        self.exit_code = 128 + number


#: The process whose first signal raises, 0 when none does any more; and the number of that signal once it came.
_state = {"armed": 0, "came": 0}


def install() -> None:
    """Take over the signals; those that the caller ignores (``nohup``) stay ignored. Until ``arm`` they end at once."""
    for name in _SIGNALS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _handle)


def arm() -> None:
    """From now on the first signal raises Interrupted here: call it where that is caught."""
    _state["armed"] = os.getpid()


def cause_of(error: BaseException) -> BaseException:
    """The interruption behind ``error``: a library that is interrupted while it is imported raises something else."""
    return Interrupted(_state["came"]) if _state["came"] else error


def disarm() -> None:
    """From now on a signal ends the process at once: the command is over and only its last words are left."""
    _state["armed"] = 0


def _handle(number: int, _frame: FrameType | None) -> NoReturn:
    if _state["armed"] != os.getpid():  # a second signal, or a child that inherited the handler
        _restore_terminal()
        os._exit(128 + number)
    disarm()
    _state["came"] = number
    with suppress(OSError):
        os.write(2, _SAID)
    raise Interrupted(number)


def _restore_terminal() -> None:
    with suppress(OSError):
        if sys.stderr is not None and os.isatty(2):
            os.write(2, _SHOW_CURSOR)
