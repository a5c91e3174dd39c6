"""The front door: runs one command and turns however it ends into words, one JSON object and an exit code.

It guarantees that a person sees what happened, what to do next and an id, and that no path or traceback gets out.
It must never import a command or a heavy library before the command line asks for one.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

from takedown_cli.cli import interrupts

#: Set by the shell's completion script, which runs the command without arguments.
_COMPLETING = "_TAKEDOWN_COMPLETE"
_PR_SET_DUMPABLE = 4  # linux/prctl.h
#: New objects after which garbage is looked for. Python's own 700 comes up at every import, with nothing to be found.
_YOUNG = 20_000


def main() -> NoReturn:
    """The ``takedown`` command."""
    interrupts.install()
    gc.set_threshold(_YOUNG)
    code = run(sys.argv[1:])
    if code > 128:  # nothing may hold up the end: not a thread, not an exit handler
        os._exit(code)
    gc.freeze()  # or the interpreter looks for garbage in every module before it ends, a tenth of the shortest run
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run one command line (without the program's name); gives the exit code and never raises."""
    _keep_quiet(debug="--debug" in arguments)
    try:
        interrupts.arm()
        code = _dispatch(list(arguments))
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        _forget_stdout()
        return 141  # 128 + SIGPIPE, as a shell reports it for any program whose reader went away
    except BaseException as error:
        interrupts.disarm()
        return _last_words(interrupts.cause_of(error), arguments)
    interrupts.disarm()
    return code


def _keep_quiet(*, debug: bool) -> None:
    """No core dumps, and none of the interpreter's own reports: they show paths and memory."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, OSError, ValueError):  # Windows, or a limit that may not be changed
        pass
    if not debug:
        import warnings

        warnings.simplefilter("ignore")
        sys.unraisablehook = lambda _unraisable: None
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")


def _dispatch(arguments: list[str]) -> int:
    first_page_wanted = not arguments or arguments in (["--help"], ["-h"])
    if first_page_wanted and _COMPLETING not in os.environ:
        from takedown_cli.cli.commands import first_page

        sys.stdout.write(first_page())
        return 0
    hashes = arguments[:1] == ["hash"] or arguments[:2] in (["batch", "run"], ["batch", "resume"])
    if hashes and not {"--help", "-h"} & set(arguments):
        # The decoders' libraries load beside our own.
        from takedown_cli.pool.ahead import start_ahead

        start_ahead()
    _keep_memory_private()  # after the start of what runs beside: importing ctypes takes 2 ms
    from takedown_cli.cli.group import invoke

    return invoke(arguments)


def _keep_memory_private() -> None:
    """No other program of the same user may read a case number out of this process; on Linux, where that is offered."""
    if sys.platform != "linux":
        return
    with suppress(ImportError, OSError, AttributeError):
        import ctypes

        zero = ctypes.c_ulong(0)
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, zero, zero, zero, zero)


def _last_words(error: BaseException, arguments: Sequence[str]) -> int:
    from takedown_cli.cli.last_words import tell

    code = 1
    try:
        code = tell(error, arguments)
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        _forget_stdout()
        return 141
    except OSError:  # what could not be written now cannot be written when the interpreter ends either
        _forget_stdout()
    return code


def _forget_stdout() -> None:
    """Point stdout at nothing, or the interpreter complains about the closed pipe once more when it flushes."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
