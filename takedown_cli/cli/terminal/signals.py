"""Ctrl-C, termination and a closed terminal: the first signal unwinds the command, a second one ends it at once.

After SIGINT, SIGTERM and SIGHUP ``finally`` blocks run, and the exit code is 128 + signal. The handler itself only says
so and raises: more is not safe there. On Windows a closed window counts as SIGHUP: 129. Windows gives five seconds.
"""

from __future__ import annotations

import _thread
import os
import signal
import sys
import time
from contextlib import suppress
from types import FrameType
from typing import Any, Final, NoReturn

from takedown_cli.core.errors import Interrupted

#: Ends the line with "^C" or a question; what was done and what was not is said at the end, in one line.
_SAID: Final = b"\n"
_SHOW_CURSOR: Final = b"\x1b[?25h"
_SIGNALS: Final = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
_SIGHUP: Final = 1
#: What Windows calls a closed window, a log-off and a shutdown (wincon.h: CTRL_CLOSE_EVENT and the next ones).
_CLOSING: Final = frozenset({2, 5, 6})
_GRACE: Final = 10.0

#: ``armed`` is the process in which the first signal raises, 0 when none does; ``came`` is the number of that signal;
#: ``closed`` is 1 when the window was closed.
_state = {"armed": 0, "came": 0, "closed": 0}
#: Windows calls it when the window is closed, as long as it is kept.
_kept: list[object] = []


def install() -> None:
    """Handle the signals; those that the caller ignores (``nohup``) stay ignored. Until ``arm`` they end it."""
    for name in _SIGNALS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _handle_signal)
    if os.name == "nt":
        _watch_window()


def _watch_window() -> None:
    """Have Windows call ``_handle_window`` before the C library, which knows a closed window only as Ctrl-Break."""
    import ctypes

    library: Any = ctypes
    if not hasattr(library, "windll"):  # a Python of Cygwin
        return
    handler = library.WINFUNCTYPE(ctypes.c_int, ctypes.c_uint)(_handle_window)
    if library.windll.kernel32.SetConsoleCtrlHandler(handler, 1):
        _kept.append(handler)


def _handle_window(event: int) -> int:
    """Pass a closed window on to the main thread as a signal. Windows calls this in a thread of its own."""
    if event not in _CLOSING:
        return 0
    _state["closed"] = 1
    _thread.interrupt_main(getattr(signal, "SIGBREAK", signal.SIGTERM))
    time.sleep(_GRACE)  # when this returns Windows ends the process
    return 1


def arm() -> None:
    """Let the first signal raise Interrupted from now on. Call this where Interrupted is caught."""
    _state["armed"] = os.getpid()


def cause_of(error: BaseException) -> BaseException:
    """Return the interruption behind ``error``: an import that is interrupted raises another error.

    An interruption itself stays: the command may have said in it what was done.
    """
    if isinstance(error, Interrupted):
        return error
    return Interrupted(_state["came"]) if _state["came"] else error


def disarm() -> None:
    """Let a signal end the process at once from now on: the command is over, and only its report is left."""
    _state["armed"] = 0


def _handle_signal(number: int, _frame: FrameType | None) -> NoReturn:
    if _state["closed"]:
        number = _SIGHUP
    if _state["armed"] != os.getpid():  # a second signal, or a child that inherited the handler
        with suppress(OSError):
            if sys.stderr is not None and os.isatty(2):
                os.write(2, _SHOW_CURSOR)
        os._exit(128 + number)
    disarm()
    _state["came"] = number
    with suppress(OSError):
        os.write(2, _SAID)
    raise Interrupted(number)
