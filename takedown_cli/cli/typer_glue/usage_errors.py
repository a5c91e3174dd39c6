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
from takedown_cli.locale.filled import filled

_UNKNOWN_COMMAND: Final = re.compile(r"No such command ((['\"]).*\2)\.")
#: An argument too many. Several are written with spaces between, as is one that has spaces.
_SURPLUS: Final = re.compile(r"Got unexpected extra argument\(s\) \((\S+)\)$")
#: What a number must be, for a whole one and for any, by whether it has a least and a largest value.
_NUMBERS: Final = {
    (int, False, False): "{option} must be a whole number.",
    (int, True, False): "{option} must be a whole number from {low}.",
    (int, True, True): "{option} must be a whole number from {low} to {high}.",
    (float, False, False): "{option} must be a number.",
    (float, True, False): "{option} must be a number from {low}.",
    (float, True, True): "{option} must be a number from {low} to {high}.",
}


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
    return UsageError(_sentence_for(error, declared), hint=filled("See '{command} --help'.", command=command))


def _sentence_for(error: Any, declared: frozenset[str]) -> str:
    kind, complaint = type(error).__name__, str(getattr(error, "message", ""))
    option = getattr(error, "option_name", None)
    if kind == "NoSuchOption":
        return _unknown(_OPTION, str(option), declared)
    if unknown := _UNKNOWN_COMMAND.match(complaint):
        known = error.ctx.command.list_commands(error.ctx)
        return _unknown(_COMMAND, str(literal_eval(unknown[1])), known)
    if kind == "BadOptionUsage" and option:  # raised for an option that was found, so the name is ours
        sentence = "{option} takes no value." if "does not take" in complaint else "{option} needs a value."
        return filled(sentence, option=option)
    if kind == "MissingParameter" and getattr(error, "param", None) is not None:
        return filled("{option} is missing.", option=_shown_name(error.param))
    if kind == "BadParameter" and getattr(error, "param", None) is not None:
        return _explain_value(error.param)
    if complaint.startswith("Missing command"):
        return "Missing command."
    if (surplus := _SURPLUS.match(complaint)) and (name := quote_argument(surplus[1])):
        return filled("Unexpected argument: {name}.", name=name)
    if complaint.startswith("Got unexpected extra"):
        return "Too many arguments for this command."
    return UsageError.sentence


#: What is unknown: without a name, with one, and with one or two that are like it.
_OPTION: Final = (
    "Unknown option.",
    "Unknown option: {name}.",
    "Unknown option. Did you mean {near}?",
    "Unknown option: {name}. Did you mean {near}?",
    "Unknown option. Did you mean {near} or {other}?",
    "Unknown option: {name}. Did you mean {near} or {other}?",
)
_COMMAND: Final = (
    "Unknown command.",
    "Unknown command: {name}.",
    "Unknown command. Did you mean {near}?",
    "Unknown command: {name}. Did you mean {near}?",
    "Unknown command. Did you mean {near} or {other}?",
    "Unknown command: {name}. Did you mean {near} or {other}?",
)


def _unknown(sentences: tuple[str, ...], typed: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches  # takes 3 ms, and only errors need it

    name = quote_argument(typed)
    near = get_close_matches(typed, sorted(known), n=2)
    near_ = dict(zip(("near", "other"), near, strict=False))
    return filled(sentences[2 * len(near) + bool(name)], **({"name": name} if name else {}), **near_)


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


def _explain_value(parameter: Any) -> str:
    described = getattr(parameter, "type_descriptor", None)
    annotation = getattr(described, "annotation", None)
    # An optional number is the union of a number and None.
    kinds = (annotation, *getattr(annotation, "__args__", ()))
    number = next((kind for kind in kinds if kind in {int, float}), None)
    option = _shown_name(parameter)
    if number is None:
        return filled("{option} has a value that is not allowed.", option=option)
    info = getattr(described, "parameter_info", None)
    low, high = getattr(info, "min", None), getattr(info, "max", None)
    bounds = {name: bound for name, bound in (("low", low), ("high", high)) if bound is not None}
    return filled(_NUMBERS[number, low is not None, high is not None], option=option, **bounds)
