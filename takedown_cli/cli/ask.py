"""Questions to the person, and secrets from them: on stderr, answered on a terminal, never through arguments.

It guarantees that nothing waits for an answer that cannot come: without a terminal the command ends with exit 8.
It must never echo, repeat or store what was typed as a secret.
"""

from __future__ import annotations

import getpass
import re
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from takedown_cli.cli.console import console, is_terminal
from takedown_cli.errors import DeclinedError, UsageError

if TYPE_CHECKING:
    from takedown_cli.case import CaseNumber

_LONGEST_SECRET = 200
_LIKE_A_NUMBER = re.compile(r"(?:[0-9A-Za-z]{4}[- ]?){5,6}[0-9A-Za-z]{0,4}")


def can_ask() -> bool:
    """Whether a question would reach a person."""
    return not console.no_input and is_terminal(sys.stdin) and is_terminal(sys.stderr)


def _answer(question: str) -> str:
    console.prompt(question)
    line = sys.stdin.readline()
    if not line:
        console.prompt("\n")
        raise DeclinedError
    return line.strip()


def confirm(question: str, *, even_with_yes: bool = False) -> None:
    """Go on only after a yes. ``--yes`` is one, unless ``even_with_yes``, which wants it typed.

    Raises DeclinedError after a no, or where nobody can be asked.
    """
    if console.yes and not even_with_yes:
        return
    if not can_ask():
        raise DeclinedError(
            "This needs a confirmation, and there is nobody to ask.",
            hint="Run it again with --yes, or on a terminal without --no-input.",
        )
    if _answer(console.wrap(f"{question} [y/N]") + " ").lower() not in {"y", "yes"}:
        raise DeclinedError(
            "Nothing was done, because it was not confirmed.", hint="Run it again if you change your mind."
        )


def choose(question: str, answers: Mapping[str, str]) -> str:
    """Ask until one of ``answers`` (value → plain words) is picked by its number; gives the value.

    Raises DeclinedError where nobody can be asked, or after three answers that are none.
    """
    if not can_ask():
        raise DeclinedError(
            "This needs an answer, and there is nobody to ask.", hint="Give it as an option: see --help."
        )
    values = list(answers)
    console.error_line(question)
    for number, words in enumerate(answers.values(), start=1):
        console.error_line(f"  {number}  {words}")
    for _ in range(3):
        typed = _answer(f"Your answer (1-{len(values)}): ").lower()
        if typed in values:
            return typed
        if typed.isdecimal() and 1 <= int(typed) <= len(values):
            return values[int(typed) - 1]
        console.error_line(f"Please type a number from 1 to {len(values)}; Ctrl-C stops, and nothing is done.")
    raise DeclinedError("No answer was chosen, so nothing was done.", hint="Run it again, and answer with a number.")


def secret(
    prompt: str,
    *,
    what: str = "The case number",
    otherwise: str = "Give it on standard input, with '-', or name a file that holds it.",
) -> str:
    """A secret typed without echo. Raises UsageError where nobody can be asked."""
    if not can_ask():
        raise UsageError(f"{what} is needed, and there is nobody to ask.", hint=otherwise)
    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)  # it would go on with echo
        try:
            return getpass.getpass(prompt, stream=sys.stderr)
        except (EOFError, getpass.GetPassWarning):
            raise DeclinedError("Nothing was typed.") from None


def case_number(source: str | None) -> CaseNumber:
    """The case number from standard input (``-``), a prompt (``None``, or ``-`` on a terminal), or a file.

    Raises CaseNumberError for a mistyped number, and UsageError where nobody can be asked, or for a number among the
    arguments, mistyped or not: every process on the computer sees it there, and the shell's history keeps it.
    """
    from takedown_cli.case import CaseNumber

    if source is None or (source == "-" and is_terminal(sys.stdin)):
        return CaseNumber.parse(secret("Case number (it is not shown): "))
    if source == "-":
        return CaseNumber.parse(sys.stdin.readline(_LONGEST_SECRET) if sys.stdin is not None else "")
    if not _LIKE_A_NUMBER.fullmatch(source):
        return CaseNumber.parse(_from_file(Path(source)))
    raise UsageError(
        "A case number does not belong on the command line: the shell's history and the list of processes show it.",
        hint="Put '-' in its place; the number is then asked for, or read from standard input.",
    )


def _from_file(path: Path) -> str:
    try:
        with path.open(encoding="ascii", errors="replace") as stream:
            return stream.readline(_LONGEST_SECRET)
    except (OSError, ValueError):
        raise UsageError(
            "The file with the case number cannot be read.", hint="Use '-' to be asked for the number instead."
        ) from None
