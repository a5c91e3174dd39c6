"""How a command that ended badly explains itself: sentence, advice, id; and the same as one JSON object.

It guarantees one shape for every error, and that the text of foreign exceptions is never shown as it is.
It must never decide what went wrong: the error classes do.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import PurePath
from typing import TYPE_CHECKING

from takedown_cli.cli.console import console, sanitise
from takedown_cli.cli.interrupts import Interrupted
from takedown_cli.errors import InterruptedByUser, OutputError, TakedownError, UsageError

if TYPE_CHECKING:
    from takedown_cli.cli.documents import ErrorReport


def tell(error: BaseException, arguments: Sequence[str]) -> int:
    """Show ``error`` to the person, on stdout too when JSON was asked for; gives the exit code."""
    known, code = _known(error)
    debug = console.debug or "--debug" in arguments
    if debug and not isinstance(error, KeyboardInterrupt):
        console.error_line(_redacted_traceback(error))
    if not isinstance(error, KeyboardInterrupt):
        console.error_line(f"{console.style('Error:', 'red')} {sanitise(known.sentence, limit=1000)}")
    else:
        console.error_line(sanitise(known.sentence))
    console.error_line(f"{sanitise(known.hint, limit=1000)} [{known.id}]")
    if _wants_json(arguments) and (console.jsonl or not console.answered):
        with suppress(OutputError):  # perhaps it is stdout itself that failed
            console.emit(document(known, code))
    return code


def document(error: TakedownError, code: int) -> ErrorReport:
    """The error as scripts see it."""
    return {
        "schema": "takedown.error",
        "version": 1,
        "id": error.id,
        "exit_code": code,
        "sentence": sanitise(error.sentence, limit=1000),
        "hint": sanitise(error.hint, limit=1000),
    }


def _wants_json(arguments: Sequence[str]) -> bool:
    """Also when the arguments could not be understood: what follows ``--`` is never an option."""
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return console.json or console.jsonl or "--json" in options or "--jsonl" in options


def _known(error: BaseException) -> tuple[TakedownError, int]:
    if isinstance(error, TakedownError):
        return error, error.exit_code
    if isinstance(error, Interrupted):
        return InterruptedByUser(error.sentence, hint=error.hint), error.exit_code
    if isinstance(error, KeyboardInterrupt):
        return InterruptedByUser(), InterruptedByUser.exit_code
    misuse = _misuse(error)
    if misuse is not None:
        return misuse, misuse.exit_code
    return TakedownError("A bug in takedown stopped the command."), TakedownError.exit_code


def _misuse(error: BaseException) -> UsageError | None:
    if "typer" not in sys.modules:
        return None
    from takedown_cli.cli.misuse import explained

    return explained(error)


def _redacted_traceback(error: BaseException) -> str:
    """Where it happened: modules, lines and functions; no source text, no folder, no words that are not ours."""
    lines: list[str] = []
    cause: BaseException | None = error
    while cause is not None:
        for frame in traceback.extract_tb(cause.__traceback__):
            parts = PurePath(frame.filename).parts
            start = parts.index("takedown_cli") if "takedown_cli" in parts else len(parts) - 1
            lines.append(f"  {'/'.join(parts[start:])}:{frame.lineno} {frame.name}")
        lines.append(f"{type(cause).__name__}{_detail(cause)}")
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return "\n".join(lines)


def _detail(error: BaseException) -> str:
    """Our own sentence, or a number of the system's; whatever else an exception says may be private."""
    if isinstance(error, TakedownError):
        return f": {sanitise(error.sentence, limit=1000)}"
    number = getattr(error, "errno", None)
    return f": errno {number}" if isinstance(number, int) else ""
