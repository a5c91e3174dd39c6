"""The options that every command or many commands have, each declared once, so that it means the same everywhere."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Annotated, Any, Final, TypeVar

import typer

from takedown_cli.cli.options.settings import Lang, speak
from takedown_cli.cli.terminal.console import console
from takedown_cli.cli.typer_glue.help_page import Command, CommandGroup
from takedown_cli.cli.typer_glue.options import OptionGroup, with_options
from takedown_cli.core.errors import UsageError
from takedown_cli.locale.filled import filled
from takedown_cli.protocol.lists import LISTS

F = TypeVar("F", bound=Callable[..., Any])
S = TypeVar("S", bound="str | None")


def complete(words: Iterable[str], *, several: bool = False) -> Callable[[str], list[str]]:
    """Return what a shell's completion asks for the values of an option: those that begin as typed so far.

    With ``several`` they are separated by commas, and none is offered twice.
    """
    known = tuple(words)

    def suggest(incomplete: str) -> list[str]:
        before, comma, begun = incomplete.rpartition(",") if several else ("", "", incomplete)
        given = before.split(",")
        return [f"{before}{comma}{word}" for word in known if word.startswith(begun) and word not in given]

    return suggest


def choice(option: str, words: Collection[str], description: str, *, metavar: str | None = None) -> Any:
    """Return an option that takes one of ``words``, for ``Annotated``: its help, completion and check.

    Another word is a UsageError that names them.
    """
    return typer.Option(
        option,
        metavar=metavar or "|".join(words),
        help=description,
        autocompletion=complete(words),
        callback=lambda value: one_of(option, value, words),
    )


Force = Annotated[bool, typer.Option("--force", help="Replace an existing file.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")]
ShowPaths = Annotated[bool, typer.Option("--show-paths", help="Show file names; others may see your screen.")]
OnlyList = Annotated[
    str | None,
    typer.Option(
        "--list",
        metavar="LIST",
        help=f"Only hashes for this list: {', '.join(LISTS)}.",
        autocompletion=complete(LISTS),
    ),
]
CaseSource = Annotated[
    str | None,
    typer.Option(
        "--case", metavar="-|FILE", help="Read an existing case number: '-' for stdin or a prompt, or a file."
    ),
]


def _read_common(
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no summary.")] = False,
    verbose: Annotated[
        int, typer.Option("--verbose", "-v", count=True, show_default=False, help="Verbose output.")
    ] = 0,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Skip confirmation.")] = False,
    no_input: Annotated[bool, typer.Option("--no-input", help="Never ask anything.")] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="No colours.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error happened, without paths.")] = False,
) -> None:
    console.json, console.quiet, console.verbose, console.debug = json, quiet, verbose, debug
    console.yes, console.no_input, console.no_color = yes, no_input, no_color


_COMMON: Final = OptionGroup(_read_common, "Every command")


def _read_spoken(lang: Lang = None, *, common: Annotated[None, _COMMON]) -> None:
    """Declare ``--lang``. ``_SpokenCommand`` reads it, before anything else can fail."""


_SPOKEN: Final = OptionGroup(_read_spoken)


class _SpokenCommand(Command):
    """A command for people, which speaks their language: also when it refuses what they typed."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        flag, options = None, args[: args.index("--")] if "--" in args else args
        for option, following in zip(options, [*options[1:], None], strict=False):
            if option.partition("=")[0] == "--lang":
                flag = option.partition("=")[2] or following
        if not ctx.resilient_parsing:
            speak(flag)
        return super().parse_args(ctx, args)


class Application(typer.Typer):
    """A Typer application whose commands all have the common options."""

    def command(self, name: str | None = None, *, spoken: bool = False, **settings: Any) -> Callable[[F], F]:
        """Register a function as a command, as ``typer.Typer.command`` does. Its docstring is its help.

        A paragraph that begins with "Exit codes" comes after the options. A ``spoken`` command has ``--lang``.
        """

        def register(function: F) -> F:
            command = with_options(function, _SPOKEN if spoken else _COMMON)
            command.__doc__, codes, numbers = (function.__doc__ or "").partition("Exit codes: ")
            kind = _SpokenCommand if spoken else Command
            super(Application, self).command(name, **{"cls": kind, "epilog": codes + numbers or None, **settings})(
                command
            )
            return function

        return register


def application(help: str | None = None) -> Application:  # noqa: A002 - Typer's own word
    """Return an application with plain help, whose exceptions reach the one place that explains them."""
    return Application(
        help=help, cls=CommandGroup, rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False
    )


def one_of(option: str, value: S, allowed: Collection[str]) -> S:
    """Return ``value`` if it is ``allowed`` or was not given, or else raise UsageError with what is."""
    if value is not None and value not in allowed:
        raise UsageError(filled("{option} must be one of: {words}.", option=option, words=", ".join(allowed)))
    return value
