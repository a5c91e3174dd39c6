"""Explains why a command failed: sentence, advice and id, and the same as one JSON object.

It never shows the text of other libraries' exceptions: that may hold a path or a case number.
"""

from __future__ import annotations

import os
import socket
import ssl
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import PurePath

from takedown_cli.cli.results.result import Result
from takedown_cli.cli.terminal.console import console, sanitise
from takedown_cli.core.errors import DeclinedError, Interrupted, InterruptedByUser, OutputError, TakedownError

_LONGEST = 1000


class ErrorReport(Result, schema="takedown.error"):
    """How any command with ``--json`` reports that it ended badly."""

    id: str
    exit_code: int
    sentence: str
    hint: str


def report_failure(error: BaseException, arguments: Sequence[str]) -> int:
    """Show ``error`` on stderr, and on stdout too if JSON was requested. Return the exit code."""
    known, code = _as_own_error(error)
    interrupted = isinstance(error, KeyboardInterrupt)
    if (console.debug or "--debug" in arguments) and not interrupted:
        console.error_line(_redacted_traceback(error))
    calm = interrupted or (isinstance(known, DeclinedError) and known.chosen)
    # The one place where an error is put into the person's language. JSON has the English.
    translated = console.language.look_up
    shown = sanitise(translated(known.sentence), limit=_LONGEST)
    if not calm:
        shown = f"{console.style(translated('Error:'), 'red')} {shown}"
    if known.hint:
        console.error_line(shown)
    ended = _harmless(translated(known.hint)) or shown
    # Nothing may follow a command on its line, so that people can copy the whole line.
    apart = "\n" if ended.rpartition("\n")[2].startswith("  ") else " "
    console.error_line(f"{ended}{apart}[{known.id}]")
    if console.verbose and not interrupted:
        for cause in _causes(error):
            console.error_line(f"  because of {cause}")
    # Also when the arguments could not be understood; what follows "--" is never an option.
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    wants_json = console.json or console.jsonl or "--json" in options or "--jsonl" in options
    if wants_json and (console.jsonl or not console.answered):
        with suppress(OutputError):  # perhaps it is stdout itself that failed
            sentence, hint = sanitise(known.sentence, limit=_LONGEST), _harmless(known.hint)
            console.emit(ErrorReport(id=known.id, exit_code=code, sentence=sentence, hint=hint).document())
    return code


def _harmless(hint: str) -> str:
    """Return a hint for a terminal. Hints are our own words, and may put a command on a line of its own."""
    return "\n".join(sanitise(line, limit=_LONGEST) for line in hint.split("\n"))


def _as_own_error(error: BaseException) -> tuple[TakedownError, int]:
    """Return our own error for ``error``, and the exit code."""
    if isinstance(error, TakedownError):
        return error, error.exit_code
    if isinstance(error, Interrupted):
        return InterruptedByUser(error.sentence or _stopped(), hint=error.hint or ""), error.exit_code
    if isinstance(error, KeyboardInterrupt):
        return InterruptedByUser(_stopped(), hint=""), InterruptedByUser.exit_code
    if "typer" in sys.modules:
        from takedown_cli.cli.typer_glue.usage_errors import explain_usage

        usage = explain_usage(error)
        if usage is not None:
            return usage, usage.exit_code
    return TakedownError("A bug in takedown stopped the command."), TakedownError.exit_code


def _stopped() -> str | None:
    """Return what is certain after an interruption: before any connection, nothing was sent."""
    return None if console.contacted else "Stopped. Nothing was sent."


def _causes(error: BaseException) -> list[str]:
    """Return the errors behind ``error``, the nearest first, by what their libraries call them, without their texts."""
    causes: list[str] = []
    cause = error.__cause__
    while cause is not None:
        number = getattr(cause, "errno", None)
        detail = ""
        if isinstance(cause, ssl.SSLError):
            detail = f": {sanitise(getattr(cause, 'verify_message', None) or cause.reason or '')}"
        elif isinstance(cause, socket.gaierror):
            detail = f": {sanitise(cause.strerror or '')}"
        elif isinstance(number, int):
            detail = f": {os.strerror(number)} (errno {number})"
        causes.append(f"{type(cause).__name__}{detail}")
        cause = cause.__cause__ or cause.__context__  # also where a library says that it does not matter
    return list(dict.fromkeys(causes))


def _redacted_traceback(error: BaseException) -> str:
    """Return where it happened: modules, lines and functions, without source text, folders or others' messages."""
    lines: list[str] = []
    cause: BaseException | None = error
    while cause is not None:
        for frame in traceback.extract_tb(cause.__traceback__):
            parts = PurePath(frame.filename).parts
            start = parts.index("takedown_cli") if "takedown_cli" in parts else len(parts) - 1
            lines.append(f"  {'/'.join(parts[start:])}:{frame.lineno} {frame.name}")
        number = getattr(cause, "errno", None)
        detail = f": errno {number}" if isinstance(number, int) else ""
        if isinstance(cause, TakedownError):
            detail = f": {sanitise(cause.sentence, limit=_LONGEST)}"
        lines.append(f"{type(cause).__name__}{detail}")
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return "\n".join(lines)
