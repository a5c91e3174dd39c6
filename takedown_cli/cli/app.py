"""The program: runs one command, and turns every ending into words, one JSON object and an exit code.

It imports a command or a heavy library only when the command line asks for it.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

from takedown_cli.cli.terminal import signals

#: Set by the shell's completion script, which runs the command without arguments.
_COMPLETING = "_TAKEDOWN_COMPLETE"
_PR_SET_DUMPABLE = 4  # linux/prctl.h
#: How many new objects start a search for garbage. Imports exceed Python's own 700, and leave no garbage behind.
_COLLECT_AFTER = 20_000


def main() -> NoReturn:
    """Run the ``takedown`` command and end the process."""
    _fill_closed_streams()
    signals.install()
    gc.set_threshold(_COLLECT_AFTER)
    code = run(sys.argv[1:])
    if code > 128:  # interrupted: no thread and no exit handler may delay the end
        os._exit(code)
    gc.freeze()  # otherwise the interpreter searches every module for garbage, a tenth of the shortest run
    sys.exit(code)


def _fill_closed_streams() -> None:
    """Open nothing in the place of a standard stream that is closed, or the next file or pipe would get its number.

    For Python the stream stays missing, so that a command still says what it cannot write.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # it gets the lowest free number


def run(arguments: Sequence[str]) -> int:
    """Run one command line (without the program's name) and return the exit code. Never raises."""
    _silence_reports(debug="--debug" in arguments)
    try:
        signals.arm()
        code = _run_command(list(arguments))
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        _discard_stdout()
        return 141  # 128 + SIGPIPE, as a shell reports it for any program whose reader went away
    except BaseException as error:
        signals.disarm()
        return _explain_failure(signals.cause_of(error), arguments)
    signals.disarm()
    return code


def _silence_reports(*, debug: bool) -> None:
    """Forbid core dumps and the interpreter's own reports: they show paths and memory."""
    if sys.platform != "win32":
        with suppress(ImportError, OSError, ValueError):  # a limit that may not be changed
            import resource

            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not debug:
        import warnings

        warnings.simplefilter("ignore")
        sys.unraisablehook = lambda _unraisable: None
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")


def _run_command(arguments: list[str]) -> int:
    first_page_wanted = not arguments or arguments in (["--help"], ["-h"])
    if first_page_wanted and _COMPLETING not in os.environ:
        from takedown_cli.cli.typer_glue.registry import first_page

        sys.stdout.write(first_page())
        return 0
    hashes = arguments[:1] == ["hash"] or arguments[:2] in (
        ["batch", "run"], ["batch", "resume"], ["platform", "scan"],
    )  # fmt: skip
    if hashes and not {"--help", "-h"} & set(arguments):
        # The decoders' libraries load beside our own.
        from takedown_cli.hashing.pool.prestart import prestart_fork_server

        prestart_fork_server()
    _keep_memory_private()  # after the start of what runs beside: importing ctypes takes 2 ms
    from takedown_cli.cli.typer_glue.group import invoke

    return invoke(arguments)


def _keep_memory_private() -> None:
    """On Linux, keep other programs of the same user from reading a case number out of this process."""
    if sys.platform == "linux":
        with suppress(ImportError, OSError, AttributeError):
            import ctypes

            zero = ctypes.c_ulong(0)
            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, zero, zero, zero, zero)


def _explain_failure(error: BaseException, arguments: Sequence[str]) -> int:
    from takedown_cli.cli.failure import report_failure

    code = 1
    try:
        code = report_failure(error, arguments)
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        _discard_stdout()
        return 141
    except OSError:  # the interpreter could not write it at its end either
        _discard_stdout()
    return code


def _discard_stdout() -> None:
    """Point stdout at nothing. Otherwise the interpreter flushes it at the end, and reports the closed pipe again."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
