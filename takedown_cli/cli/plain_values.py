"""Values of options that need no validator: what was left out, text, and names of files.

It guarantees the same values as Typer's own conversion, which loads pydantic, a third of the start-up.
It must never accept what Typer would refuse: anything but the plainest is left to Typer.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

_UNKNOWN: Final = object()
#: Attributes of Typer's description of an option that ask for more than the type says.
_DEMANDS: Final = ("parser", "exists", "resolve_path", "writable", "executable", "min", "max", "formats", "path_type")


class Plain:
    """Stands in for Typer's converter of one parameter (``get_runtime_param``, private), and asks it if need be."""

    def __init__(self, parameter: Any) -> None:
        self._typers = parameter.get_runtime_param

    def __call__(self) -> Plain:
        return self

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        known = _plain(value, param)
        return self._typers().coerce(value, param=param, ctx=ctx) if known is _UNKNOWN else known


def install(command: Any) -> None:
    """Let the parameters of a command convert plain values by themselves. A Typer that works differently stays so."""
    for parameter in command.params:
        _install(parameter)
    typers = getattr(command, "get_help_option", None)  # made when it is first wanted, and kept by Typer

    def help_option(context: Any) -> Any:
        option = None if typers is None else typers(context)
        return None if option is None else _install(option)

    command.get_help_option = help_option


def _install(parameter: Any) -> Any:
    known = hasattr(parameter, "get_runtime_param") and hasattr(parameter, "type_descriptor")
    if known and not isinstance(parameter.get_runtime_param, Plain):
        parameter.get_runtime_param = Plain(parameter)
    return parameter


def _plain(value: Any, parameter: Any) -> Any:
    annotation = parameter.type_descriptor.annotation
    several = parameter.multiple or parameter.nargs == -1
    if value is None:
        return () if several else None
    if not several and type(value) is annotation and value == parameter.default:
        return value  # the declared default is of its type already
    info = parameter.type_descriptor.parameter_info
    if any(getattr(info, name, None) not in (None, False) for name in _DEMANDS):
        return _UNKNOWN
    if several and isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        if annotation == list[Path]:
            return [Path(item) for item in value]
        return list(value) if annotation == list[str] else _UNKNOWN
    if isinstance(value, str) and annotation in (str, Path):
        return annotation(value)
    return value if type(value) is annotation is int else _UNKNOWN
