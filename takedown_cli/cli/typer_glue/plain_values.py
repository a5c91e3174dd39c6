"""Converts simple option values without pydantic: missing values, text, and file names.

Typer's own conversion gives the same values, but loads pydantic, which takes a third of the start-up time. Typer still
converts every other value.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from takedown_cli.cli.terminal.wildcards import typed_paths

_UNKNOWN: Final = object()
#: Attributes of Typer's description of an option that ask for more than the type says.
_EXTRAS: Final = ("parser", "exists", "resolve_path", "writable", "executable", "min", "max", "formats", "path_type")


class PlainConverter:
    """Replaces Typer's converter of one parameter (``get_runtime_param``, private), and calls it when needed."""

    def __init__(self, parameter: Any) -> None:
        self._typer_converter = parameter.get_runtime_param

    def __call__(self) -> PlainConverter:
        return self

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        known = _convert(value, param)
        return self._typer_converter().coerce(value, param=param, ctx=ctx) if known is _UNKNOWN else known


def convert_plainly(parameter: Any) -> Any:
    """Let a parameter convert plain values by itself, if Typer works the way we know, and return it."""
    known = hasattr(parameter, "get_runtime_param") and hasattr(parameter, "type_descriptor")
    if known and not isinstance(parameter.get_runtime_param, PlainConverter):
        parameter.get_runtime_param = PlainConverter(parameter)
    return parameter


def _convert(value: Any, parameter: Any) -> Any:
    annotation = parameter.type_descriptor.annotation
    several = parameter.multiple or parameter.nargs == -1
    if value is None:
        return () if several else None
    if not several and type(value) is annotation and value == parameter.default:
        return value  # the declared default is of its type already
    info = parameter.type_descriptor.parameter_info
    if any(getattr(info, name, None) not in (None, False) for name in _EXTRAS):
        return _UNKNOWN
    if several and isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        if annotation == list[Path]:
            return [path for item in value for path in typed_paths(item)]
        return list(value) if annotation == list[str] else _UNKNOWN
    if isinstance(value, str) and annotation in (str, Path):
        return annotation(value)
    return value if type(value) is annotation is int else _UNKNOWN
