"""Explains a wrong command line in fixed sentences and the names of our own options.

Typer's own messages repeat all that was typed. Ours never repeat what could be a case number in the wrong place.
"""

from __future__ import annotations

import re
from ast import literal_eval
from collections.abc import Iterable, Sequence
from typing import Any, Final

from takedown_cli.cli.terminal.console import sanitise
from takedown_cli.core.errors import UsageError

_UNKNOWN_COMMAND: Final = re.compile(r"No such command ((['\"]).*\2)\.")
_NUMBERS: Final = {int: "a whole number", float: "a number"}


def explain_usage(error: BaseException) -> UsageError | None:
    """Return Typer's complaint ``error`` as an error of ours; None for any other error."""
    from typer.exceptions import TyperException

    if not isinstance(error, TyperException):
        return None
    context = getattr(error, "ctx", None)
    # Names that are declared, never what was typed: the path is of commands that were found.
    command = getattr(context, "command_path", "takedown")
    parameters = getattr(getattr(context, "command", None), "params", ())
    declared = frozenset(name for each in parameters for name in (*each.opts, *each.secondary_opts))
    return UsageError(_sentence_for(error, declared), hint=f"See '{command} --help'.")


def _sentence_for(error: Any, declared: frozenset[str]) -> str:
    kind, complaint = type(error).__name__, str(getattr(error, "message", ""))
    option = getattr(error, "option_name", None)
    if kind == "NoSuchOption":
        return _unknown("option", str(option), declared)
    if unknown := _UNKNOWN_COMMAND.match(complaint):
        known = error.ctx.command.list_commands(error.ctx)
        return _unknown("command", str(literal_eval(unknown[1])), known)
    if kind == "BadOptionUsage" and option:  # raised for an option that was found, so the name is ours
        return f"{option} takes no value." if "does not take" in complaint else f"{option} needs a value."
    if kind == "MissingParameter" and getattr(error, "param", None) is not None:
        return f"{_shown_name(error.param)} is missing."
    if kind == "BadParameter" and getattr(error, "param", None) is not None:
        return f"{_shown_name(error.param)} {_allowed_values(error.param)}."
    for beginning, sentence in (
        ("Missing command", "Missing command."),
        ("Got unexpected extra", "Too many arguments for this command."),
    ):
        if complaint.startswith(beginning):
            return sentence
    return UsageError.sentence


def _unknown(what: str, typed: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches  # takes 3 ms, and only errors need it

    name = quote_argument(typed)
    near = get_close_matches(typed, sorted(known), n=2)
    sentence = f"Unknown {what}: {name}." if name else f"Unknown {what}."
    return f"{sentence} Did you mean {' or '.join(near)}?" if near else sentence


def quote_argument(text: str, among: Sequence[str] = ()) -> str | None:
    """Return what was typed in quotes and harmless for a terminal, or None if it could be a case number.

    If another text ``among`` them could be a part of one, no group of four is shown either.
    """
    from takedown_cli.protocol.case_number import GROUP, CaseNumber

    group = len(text) == GROUP and text.isalnum() and any(CaseNumber.may_be_meant(other) for other in among)
    return None if group or CaseNumber.may_be_meant(text) else f"'{sanitise(text)}'"


def _shown_name(parameter: Any) -> str:
    """Return the long name of an option, or the word that stands for an argument in the help."""
    names = [name for name in parameter.opts if name.startswith("-")]
    return str(max(names, key=len) if names else parameter.metavar or str(parameter.name).upper())


def _allowed_values(parameter: Any) -> str:
    described = getattr(parameter, "type_descriptor", None)
    annotation = getattr(described, "annotation", None)
    # An optional number is the union of a number and None.
    kinds = (annotation, *getattr(annotation, "__args__", ()))
    number = next((_NUMBERS[kind] for kind in kinds if kind in _NUMBERS), None)
    if number is None:
        return "has a value that is not allowed"
    info = getattr(described, "parameter_info", None)
    low, high = getattr(info, "min", None), getattr(info, "max", None)
    bounds = [f" from {low:,}" if low is not None else "", f" to {high:,}" if high is not None else ""]
    return f"must be {number}{''.join(bounds)}"
