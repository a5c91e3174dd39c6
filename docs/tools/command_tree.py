"""Every command of the program, with its help and its options, read from the command tree that runs it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from typing import Any

from takedown_cli.cli.typer_glue.group import PROGRAM, build_root
from takedown_cli.cli.typer_glue.registry import ENTRIES, first_page

#: What Typer leaves of a terminal of 80 columns.
_WIDTH = 78


@dataclass(frozen=True, slots=True)
class Command:
    """A command or a group of commands: its full name, its help as ``--help`` prints it, and what it takes."""

    name: str
    help: str
    summary: str
    options: frozenset[str]
    subcommands: tuple[str, ...]


@cache
def read_commands() -> dict[str, Command]:
    """Return every command by its full name, ``takedown`` first; a group comes before its sub-commands."""
    tree = build_root(completion=True)
    top = Command(PROGRAM, first_page().rstrip(), "", _options(tree), tuple(ENTRIES))
    found = {PROGRAM: top}
    with ExitStack() as stack:
        context = stack.enter_context(tree.make_context(PROGRAM, [], resilient_parsing=True, terminal_width=_WIDTH))
        for name in ENTRIES:
            for command in _walk(tree.get_command(context, name), name, context):
                found[command.name] = command
    return found


def _walk(command: Any, name: str, parent: Any) -> Iterator[Command]:
    children = getattr(command, "commands", {})
    with command.make_context(name, [], parent=parent, resilient_parsing=True) as context:
        yield Command(
            name=context.command_path,
            help=command.get_help(context).rstrip(),
            summary=command.get_short_help_str(1000),
            options=_options(command) | {"-h", "--help"},
            subcommands=tuple(children),
        )
        for child_name, child in children.items():
            yield from _walk(child, child_name, context)


def _options(command: Any) -> frozenset[str]:
    spellings = (spelling for parameter in command.params for spelling in (*parameter.opts, *parameter.secondary_opts))
    return frozenset(spelling for spelling in spellings if spelling.startswith("-"))
