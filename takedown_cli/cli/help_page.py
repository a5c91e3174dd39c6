"""The options of a command in its help: its own first, then those it shares with others, under their titles.

It guarantees that every option is there once, and that no name of a Python type is shown.
It must never change what an option does.
"""

from __future__ import annotations

import re
from typing import Any, Final

_OWN: Final = "Options"
_UNCUT: Final = 1000
_RANGE: Final = re.compile(r"([\d.]+)<=x<=([\d.]+)")
#: What stands in brackets at the end, and the blank at which no line is broken.
_SHORT_NOTE: Final = re.compile(r"\[[^]]{1,38}\]$")
_JOINED: Final = "\u00a0"
_LEAST: Final = re.compile(r"x>=([\d.]+)")


def install(command: Any, shared: dict[str, str]) -> None:
    """Let the command show its help in parts; ``shared`` is the title of each parameter that it shares, by name."""

    def format_options(ctx: Any, formatter: Any) -> None:
        arguments: list[tuple[str, str]] = []
        parts: dict[str, list[tuple[str, str]]] = {_OWN: []}
        for parameter in command.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is None:
                continue
            name, text = record[0].partition(" <")[0], _in_words(record[1])
            if parameter.param_type_name == "argument":
                arguments.append((name, text))
            else:
                parts.setdefault(shared.get(parameter.name, _OWN), []).append((name, text))
        for title, records in {"Arguments": arguments, **parts}.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)
        formatter.buffer[:] = [piece.replace(_JOINED, " ") for piece in formatter.buffer]

    usage = command.collect_usage_pieces

    def collect_usage_pieces(ctx: Any) -> list[str]:
        return [piece if "|" in piece else piece.replace("{", "").replace("}", "") for piece in usage(ctx)]

    command.format_options = format_options
    command.collect_usage_pieces = collect_usage_pieces


def install_group(command: Any) -> None:
    """Let a group tell the whole first sentence of each of its commands; Typer cuts it where the line ends."""

    def format_commands(ctx: Any, formatter: Any) -> None:
        rows = [(name, child.get_short_help_str(_UNCUT)) for name, child in command.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    command.format_commands = format_commands


def _in_words(text: str) -> str:
    """A help text whose range reads as people write one, and whose short default is not cut where a line ends."""
    said = _LEAST.sub(r"at least \1", _RANGE.sub(r"\1 to \2", text))
    return _SHORT_NOTE.sub(lambda note: note[0].replace(" ", _JOINED), said)
