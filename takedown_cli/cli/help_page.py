"""The options of a command in its help: its own first, then those it shares with others, under their titles.

It guarantees that every option is there once, and that no name of a Python type is shown.
It must never change what an option does.
"""

from __future__ import annotations

from typing import Any, Final

_OWN: Final = "Options"


def install(command: Any, shared: dict[str, str]) -> None:
    """Let the command show its help in parts; ``shared`` is the title of each parameter that it shares, by name."""

    def format_options(ctx: Any, formatter: Any) -> None:
        arguments: list[tuple[str, str]] = []
        parts: dict[str, list[tuple[str, str]]] = {_OWN: []}
        for parameter in command.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is None:
                continue
            if parameter.param_type_name == "argument":
                arguments.append((record[0].partition(" <")[0], record[1]))
            else:
                parts.setdefault(shared.get(parameter.name, _OWN), []).append(record)
        for title, records in {"Arguments": arguments, **parts}.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)

    command.format_options = format_options
