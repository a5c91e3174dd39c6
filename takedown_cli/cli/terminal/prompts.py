"""Asks the person questions and for secrets: on stderr, answered on a terminal, never through arguments.

Without a terminal the command does not wait: it ends with exit 8. A typed secret is neither shown nor stored.
"""

from __future__ import annotations

import getpass
import re
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from takedown_cli.cli.terminal.console import console, is_terminal
from takedown_cli.core.errors import CaseNumberError, DeclinedError, UsageError
from takedown_cli.core.given_text import read_first_line
from takedown_cli.locale.filled import filled

if TYPE_CHECKING:
    from takedown_cli.protocol.case_number import CaseNumber

_LONGEST_SECRET = 200
_NEEDS_CONFIRMATION = "This needs your confirmation, but takedown cannot ask you here."
_CONFIRM = "Run it again with --yes, or on a terminal without --no-input."
_ONE_MORE = "{sentence} One more try."
_TWO_MORE = "{sentence} Two more tries."
_LIKE_A_NUMBER = re.compile(r"(?:[0-9A-Za-z]{4}[- ]?){5,6}[0-9A-Za-z]{0,4}")


def can_ask() -> bool:
    """Return whether a question would reach a person."""
    return not console.no_input and is_terminal(sys.stdin) and is_terminal(sys.stderr)


def _ask(question: str) -> str:
    console.prompt(question)
    line = sys.stdin.readline()
    if not line:
        console.prompt("\n")
        raise DeclinedError
    return line.strip()


def check_confirmable() -> None:
    """Raise DeclinedError now, not after the work, if ``confirm`` could not ask anybody."""
    if not console.yes:
        _require_somebody(_NEEDS_CONFIRMATION, _CONFIRM)


def _require_somebody(sentence: str, hint: str) -> None:
    if not can_ask():
        raise DeclinedError(sentence, hint=hint)


def confirm(question: str, *, even_with_yes: bool = False) -> None:
    """Return only after a yes. ``--yes`` counts as one, except with ``even_with_yes``: then it must be typed.

    Raise DeclinedError after a no, or where nobody can be asked.
    """
    if console.yes and not even_with_yes:
        return
    _require_somebody(_NEEDS_CONFIRMATION, _CONFIRM)
    if not ask(question):
        declined = DeclinedError("Stopped, as you chose. Nothing was sent or changed.", hint="")
        declined.chosen = True
        raise declined


def ask(question: str) -> bool:
    """Ask a person who ``can_ask`` says is there; return whether the answer is yes.

    English ``y`` and ``yes`` count in every language, and so do the language's own word and its first letter.
    """
    question, yes = console.language.look_up(question), console.language.say("yes")
    hint = "[y/N]" if yes == "yes" else f"[{yes}/{console.language.say('no')}]"
    answer = _ask(console.wrap(f"{question} {hint}") + " ").casefold()
    return answer in {"y", "yes", yes, yes[0]}


def type_line(question: str) -> str:
    """Ask for one line; empty if nothing was typed. Only where ``can_ask`` says that a person is there."""
    return _ask(question)


def wait_for_enter(invitation: str) -> None:
    """Wait until Enter is pressed, or the input ends. Only where ``can_ask`` says that a person is there."""
    console.prompt(console.wrap(console.language.look_up(invitation)) + " ")
    sys.stdin.readline()


def choose(question: str, answers: Mapping[str, str]) -> str:
    """Ask until one of ``answers`` (value → plain words) is picked by its number; return its value.

    Raise DeclinedError where nobody can be asked, or after three invalid answers.
    """
    _require_somebody("This needs your answer, but takedown cannot ask you here.", "Give it as an option: see --help.")
    values = list(answers)
    console.error_line(question)
    for number, words in enumerate(answers.values(), start=1):
        console.error_line(f"  {number}  {words}")
    for _ in range(3):
        typed = _ask(console.language.say("Your answer (1-{last}):", last=len(values)) + " ").lower()
        if typed in values:
            return typed
        if typed.isdecimal() and 1 <= int(typed) <= len(values):
            return values[int(typed) - 1]
        console.error_line(
            console.language.say(
                "Please type a number from 1 to {last}. Ctrl-C stops, and nothing is done.", last=len(values)
            )
        )
    raise DeclinedError("No answer was chosen. Nothing was done.", hint="Run it again and answer with a number.")


def secret(
    prompt: str,
    *,
    what: str = "The case number",
    otherwise: str = "Give it on standard input with '-', or name a file that contains it.",
) -> str:
    """Read a secret, typed without echo. Raise UsageError where nobody can be asked."""
    if not can_ask():
        raise UsageError(
            filled("{what} is needed, but takedown cannot ask you for it here.", what=filled(what)), hint=otherwise
        )
    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)  # it would go on with echo
        try:
            return getpass.getpass(prompt, stream=sys.stderr)
        except (EOFError, getpass.GetPassWarning):
            raise DeclinedError("Nothing was typed.") from None


def read_case_number(source: str | None) -> CaseNumber:
    """Read the case number from standard input (``-``), a prompt (``None``, or ``-`` on a terminal), or a file.

    Raise CaseNumberError for a mistyped number. Raise UsageError where nobody can be asked, and for a number among the
    arguments, mistyped or not: every process on the computer sees it there, and the shell's history keeps it.
    """
    from takedown_cli.protocol.case_number import CaseNumber

    if source is None or (source == "-" and is_terminal(sys.stdin)):
        return _type_case_number()
    if source == "-":
        return CaseNumber.parse(_first_line(sys.stdin.buffer) if sys.stdin is not None else "")
    if not _LIKE_A_NUMBER.fullmatch(source):
        try:
            with Path(source).open("rb") as stream:
                return CaseNumber.parse(_first_line(stream))
        except (OSError, ValueError):
            raise UsageError(
                "The file with the case number cannot be read.", hint="Use '-' to be asked for the number instead."
            ) from None
    raise UsageError(
        "Do not put a case number on the command line: the shell's history and other programs can see it.",
        hint="Type '-' in its place. takedown then asks for the number, or reads it from standard input.",
    )


def _type_case_number() -> CaseNumber:
    """Ask for the number, up to three times: hidden, or visible once the person wants that. Raise CaseNumberError."""
    from takedown_cli.protocol.case_number import CaseNumber

    say, visible = console.language.say, False
    for left in (2, 1, 0):
        if not visible:
            typed = secret(say("Case number (hidden; Enter alone shows what you type):") + " ")
            visible = not typed.strip()
        if visible:
            typed = _ask(say("Case number, six groups of four:") + " ")
        try:
            return CaseNumber.parse(typed)
        except CaseNumberError as error:
            if not left:
                raise
            console.error_line(filled(_ONE_MORE if left == 1 else _TWO_MORE, sentence=filled(error.sentence)))
    raise CaseNumberError


def _first_line(stream: BinaryIO) -> str:
    try:
        return read_first_line(stream, _LONGEST_SECRET)
    except ValueError:  # in an encoding of which no number is made, or too long for one
        return ""
