"""What is wrong with a command line, in fixed sentences and the names of our own options.

It guarantees that no word a person typed is repeated: it may be a file's name, or a case number in the wrong place.
It must never pass on a sentence of Typer's, which quotes what was typed.
"""

from __future__ import annotations

from typing import Any, Final

from takedown_cli.errors import UsageError

_NUMBERS: Final = {int: "a whole number", float: "a number"}


def explained(error: BaseException) -> UsageError | None:
    """Typer's complaint ``error`` as an error of ours; None when it is no complaint of Typer's."""
    from typer.exceptions import TyperException

    if not isinstance(error, TyperException):
        return None
    context = getattr(error, "ctx", None)
    # Names that are declared, never what was typed: the path is of commands that were found.
    command = getattr(context, "command_path", "takedown")
    return UsageError(_sentence(error, _declared(context)), hint=f"See '{command} --help'.")


def _declared(context: Any) -> frozenset[str]:
    parameters = getattr(getattr(context, "command", None), "params", ())
    return frozenset(name for each in parameters for name in (*each.opts, *each.secondary_opts))


def _sentence(error: Any, declared: frozenset[str]) -> str:
    kind, said = type(error).__name__, str(getattr(error, "message", ""))
    option = getattr(error, "option_name", None)
    if kind == "NoSuchOption":
        near = ", ".join(sorted(declared & {*(getattr(error, "possibilities", None) or ())}))
        return f"There is no such option. Did you mean {near}?" if near else "There is no such option."
    if kind == "BadOptionUsage" and option:  # raised for an option that was found, so the name is ours
        return f"{option} takes no value." if "does not take" in said else f"{option} needs a value."
    if kind == "MissingParameter" and getattr(error, "param", None) is not None:
        return f"{_shown(error.param)} is missing."
    if kind == "BadParameter" and getattr(error, "param", None) is not None:
        return f"{_shown(error.param)} {_demand(error.param)}."
    for beginning, sentence in (
        ("Missing command", "Missing command."),
        ("No such command", "There is no such command."),
        ("Got unexpected extra", "More was named than this command takes."),
    ):
        if said.startswith(beginning):
            return sentence
    return UsageError.sentence


def _shown(parameter: Any) -> str:
    """The long name of an option, or the word that stands for an argument in the help."""
    names = [name for name in parameter.opts if name.startswith("-")]
    return str(max(names, key=len) if names else parameter.metavar or str(parameter.name).upper())


def _demand(parameter: Any) -> str:
    described = getattr(parameter, "type_descriptor", None)
    number = _NUMBERS.get(_type(described))
    if number is None:
        return "cannot have this value"
    info = getattr(described, "parameter_info", None)
    low, high = getattr(info, "min", None), getattr(info, "max", None)
    bounds = [f" from {low:,}" if low is not None else "", f" to {high:,}" if high is not None else ""]
    return f"must be {number}{''.join(bounds)}"


def _type(described: Any) -> Any:
    """The declared type; of an optional one, the number beside None."""
    annotation = getattr(described, "annotation", None)
    return next((each for each in getattr(annotation, "__args__", ()) if each in _NUMBERS), annotation)
