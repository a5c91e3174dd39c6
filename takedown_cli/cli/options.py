"""Options that several commands have, each written once: a builder function whose parameters are the options.

It guarantees that ``--json``, ``--copies``, ``--age`` and the like mean the same in every command that has them.
It must never read a file, ask or compute; builders only turn what was typed into values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final, Generic, TypeVar, cast

import typer
from typer.main import get_command

from takedown_cli.cli.console import console
from takedown_cli.errors import UsageError

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., object])
_CARRIED: Final = "takedown_options"


def application(help: str | None = None) -> typer.Typer:  # noqa: A002 - Typer's own word
    """A Typer application in our manner: plain help, and exceptions left to the one boundary."""
    return typer.Typer(help=help, rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)


class Shared(Generic[T]):
    """Options shared by commands, under ``title`` in their help.

    ``build`` has one parameter for each; ``get()`` calls it with what was typed.
    """

    def __init__(self, build: Callable[..., T], title: str = "Options") -> None:
        self._build = build
        self.title = title
        self._typed: dict[str, object] = {}

    def get(self) -> T:
        """What the options of the current command line amount to; raises what ``build`` raises."""
        return self._build(**self._typed)

    def parameters(self) -> list[typer.CallbackParam]:
        """The options as Typer knows them, ready to be put beside a command's own."""
        pattern = application()
        pattern.command()(self._build)
        parameters = cast("list[typer.CallbackParam]", get_command(pattern).params)
        for parameter in parameters:
            parameter.expose_value = False
            parameter.callback = self._store
        return parameters

    def _store(self, _context: object, parameter: Any, value: Any) -> object:
        self._typed[str(parameter.name)] = list(value) if isinstance(value, tuple) else value
        return value


def carries(*shared: Shared[Any]) -> Callable[[F], F]:
    """Decorate a command's function: it has these options too."""

    def mark(function: F) -> F:
        setattr(function, _CARRIED, shared)
        return function

    return mark


def carried_by(callback: Callable[..., object] | None) -> tuple[Shared[Any], ...]:
    return cast("tuple[Shared[Any], ...]", getattr(callback, _CARRIED, ()))


def _common(
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no summary.")] = False,
    verbose: Annotated[int, typer.Option("--verbose", "-v", count=True, show_default=False, help="Say more.")] = 0,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Confirm beforehand.")] = False,
    no_input: Annotated[bool, typer.Option("--no-input", help="Never ask anything.")] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="No colours.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error happened, without paths.")] = False,
) -> None:
    console.json, console.quiet, console.verbose, console.debug = json, quiet, verbose, debug
    console.yes, console.no_input, console.no_color = yes, no_input, no_color


#: What every command has; ``group`` adds it and applies it before the command runs.
COMMON: Final = Shared(_common, "Every command")

Force = Annotated[bool, typer.Option("--force", help="Replace an existing file.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")]
ShowPaths = Annotated[bool, typer.Option("--show-paths", help="Show file names; others may be looking.")]
Progress = Annotated[
    str | None, typer.Option("--progress", metavar="auto|plain|json|none", help="How to show progress, on stderr.")
]
CaseSource = Annotated[
    str | None,
    typer.Option(
        "--case", metavar="-|FILE", help="Read an existing case number: '-' for stdin or a prompt, or a file."
    ),
]

_UNITS: Final = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


def size(text: str) -> int:
    """A number of bytes as people write it: ``500M``, ``2G``, ``1.5GiB``. Raises UsageError."""
    number = text.strip().lower().removesuffix("b").removesuffix("i")
    unit = number[-1:] if number[-1:] in "kmgt" else ""
    try:
        value = float(number.removesuffix(unit)) * _UNITS[unit]
    except ValueError:
        value = 0
    if not 1 <= value < 1 << 60:
        raise UsageError("A size must look like 500M or 2G.")
    return int(value)


def one_of(option: str, value: str, allowed: tuple[str, ...]) -> str:
    """``value``, if it is one of those ``allowed``. Raises UsageError with the list."""
    if value not in allowed:
        raise UsageError(f"{option} must be one of: {', '.join(allowed)}.")
    return value
