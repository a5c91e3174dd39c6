"""The root of the command tree: finds a command in the table and imports its module only when it is used.

It guarantees that each command carries the common options, and that a mistyped name is answered with a suggestion.
It must never import a command for the help of another.
"""

from __future__ import annotations

import os
from difflib import get_close_matches
from importlib import import_module
from typing import Annotated, cast

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from takedown_cli import __version__
from takedown_cli.cli import help_page, plain_values
from takedown_cli.cli.commands import ENTRIES, first_page
from takedown_cli.cli.console import console
from takedown_cli.cli.options import COMMON, carried_by
from takedown_cli.errors import MissingExtraError, UsageError

PROGRAM = "takedown"
_EXTRAS = {"intake": {"sqlalchemy", "starlette", "uvicorn", "alembic"}, "demo": {"sqlalchemy", "starlette", "uvicorn"}}


class LazyGroup(TyperGroup):
    """Typer's group over the table of commands; ``ctx`` is Typer's context, of a class it keeps private."""

    def list_commands(self, ctx: object) -> list[str]:
        return list(ENTRIES)

    def get_command(self, ctx: object, cmd_name: str) -> TyperCommand | TyperGroup | None:
        return load(cmd_name) if cmd_name in ENTRIES else None

    def resolve_command(
        self, ctx: object, args: list[str]
    ) -> tuple[str | None, TyperCommand | TyperGroup | None, list[str]]:
        name = args[0]
        command = self.get_command(ctx, name)
        if command is None:
            near = get_close_matches(name, ENTRIES, n=1)
            hint = f"Did you mean '{PROGRAM} {near[0]}'?" if near else f"'{PROGRAM} --help' lists the commands."
            raise UsageError("There is no such command.", hint=hint)  # what was typed may be a name or a number
        return name, command, args[1:]


def load(name: str) -> TyperCommand | TyperGroup:
    """The command of that name, imported now. Raises MissingExtraError when a library of its extra is missing."""
    entry = ENTRIES[name]
    try:
        app: typer.Typer = import_module(f"takedown_cli.cli.{entry.module}").app
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in _EXTRAS.get(name, set()):
            raise MissingExtraError from None
        raise
    command = cast("TyperCommand | TyperGroup", get_command(app))
    if isinstance(command, TyperGroup) and name in command.commands:
        command = cast("TyperCommand", command.commands[name])  # one module, several commands
    _add_common_options(command)
    return command


def _add_common_options(command: TyperCommand | TyperGroup) -> None:
    if isinstance(command, TyperGroup):
        for child in command.commands.values():
            _add_common_options(cast("TyperCommand | TyperGroup", child))
        help_page.install_group(command)
        return
    taken = {option for parameter in command.params for option in parameter.opts}
    titles: dict[str, str] = {}
    for shared in (*carried_by(command.callback), COMMON):
        added = [parameter for parameter in shared.parameters() if not taken & set(parameter.opts)]
        command.params += added
        titles |= {str(parameter.name): shared.title for parameter in added}
    plain_values.install(command)
    help_page.install(command, titles)
    run = command.callback

    def with_manners(**values: object) -> object:
        COMMON.get()
        return None if run is None else run(**values)

    command.callback = with_manners


def _show_version(value: bool) -> None:
    if value:
        console.result(f"{PROGRAM} {__version__}")
        raise typer.Exit


def _show_help(value: bool) -> None:
    if value:
        console.result(first_page().rstrip("\n"))
        raise typer.Exit


def _root(
    version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True)] = False,
    help: Annotated[bool, typer.Option("--help", "-h", callback=_show_help, is_eager=True)] = False,  # noqa: A002
) -> None:
    """Hash intimate pictures on your own device."""


def root(*, completion: bool = False) -> TyperGroup:
    """The whole command tree, nothing of it imported yet; Typer's options for completion cost 60 ms: on demand."""
    app = typer.Typer(
        cls=LazyGroup,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=completion,
        add_help_option=False,  # ours is the same, but Typer's loads pydantic whenever it is not used
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    )
    app.callback()(_root)
    return cast("TyperGroup", get_command(app))


def invoke(arguments: list[str]) -> int:
    """Run the command line; gives the exit code. Raises what the command raises, and Typer's usage errors."""
    console.json = console.jsonl = console.answered = False  # one process may run several commands
    completing = f"_{PROGRAM.upper()}_COMPLETE" in os.environ
    tree = root(completion=completing or arguments[0] in {"--install-completion", "--show-completion"})
    try:
        if completing:
            tree.main(prog_name=PROGRAM)
        with tree.make_context(PROGRAM, arguments) as context:
            tree.invoke(context)
    except typer.Exit as end:
        return end.exit_code
    except SystemExit as end:  # Typer's own way out of printing a completion script
        return end.code if isinstance(end.code, int) else 0
    except typer.Abort:
        raise KeyboardInterrupt from None
    return 0
