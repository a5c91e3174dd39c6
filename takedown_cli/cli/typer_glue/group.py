"""The root of the command tree: finds a command in the table, and imports its module only when it is used."""

from __future__ import annotations

import os
from collections.abc import Callable
from difflib import get_close_matches
from importlib import import_module
from typing import Annotated, cast

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from takedown_cli import __version__
from takedown_cli.cli.terminal.console import console
from takedown_cli.cli.typer_glue.registry import ENTRIES, first_page
from takedown_cli.cli.typer_glue.usage_errors import quote_argument
from takedown_cli.core.errors import MissingExtraError, UsageError
from takedown_cli.locale.language import ENGLISH

PROGRAM = "takedown"
_VERSION = f"{PROGRAM} {__version__}"
_EXTRAS = {"intake": {"sqlalchemy", "starlette", "uvicorn", "alembic"}, "demo": {"sqlalchemy", "starlette", "uvicorn"}}


class LazyGroup(TyperGroup):
    """Typer's group over the table of commands. ``ctx`` is Typer's context, whose class is private."""

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
            shown = quote_argument(name)
            raise UsageError(f"Unknown command: {shown}." if shown else "Unknown command.", hint=hint)
        return name, command, args[1:]


def load(name: str) -> TyperCommand | TyperGroup:
    """Import the command of that name and return it. Raise MissingExtraError when a library of its extra is missing."""
    entry = ENTRIES[name]
    try:
        app: typer.Typer = import_module(f"takedown_cli.cli.commands.{entry.module}").app
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in _EXTRAS.get(name, set()):
            raise MissingExtraError from None
        raise
    command = cast("TyperCommand | TyperGroup", get_command(app))
    if isinstance(command, TyperGroup) and name in command.commands:
        return cast("TyperCommand", command.commands[name])  # one module, several commands
    return command


def _show_instead(text: Callable[[], str]) -> Callable[[bool], None]:
    def show(wanted: bool) -> None:
        if wanted:
            console.result(text().rstrip("\n"))
            raise typer.Exit

    return show


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_instead(lambda: _VERSION), is_eager=True)
    ] = False,
    help: Annotated[bool, typer.Option("--help", "-h", callback=_show_instead(first_page), is_eager=True)] = False,  # noqa: A002
) -> None:
    """Hash intimate pictures on your own device."""


def build_root(*, completion: bool = False) -> TyperGroup:
    """Build the command tree without importing a command. Typer's options for completion cost 60 ms: on demand."""
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
    """Run the command line and return the exit code. Raise what the command raises, and Typer's usage errors."""
    console.json = console.jsonl = console.answered = console.contacted = False  # one process may run several commands
    console.language = ENGLISH
    completing = f"_{PROGRAM.upper()}_COMPLETE" in os.environ
    tree = build_root(completion=completing or arguments[0] in {"--install-completion", "--show-completion"})
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
