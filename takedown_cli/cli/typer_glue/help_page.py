"""The options of a command in its help: its own first, then those it shares with others, under their titles."""

from __future__ import annotations

import re
from typing import Any, Final

from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from takedown_cli.cli.terminal.console import console
from takedown_cli.cli.typer_glue.options import titles_of
from takedown_cli.cli.typer_glue.plain_values import convert_plainly
from takedown_cli.cli.typer_glue.several_values import repeat_options

_ARGUMENTS: Final = "Arguments"
_OWN: Final = "Options"
_UNCUT: Final = 1000
_RANGE: Final = re.compile(r"([\d.]+)<=x<=([\d.]+)")
#: A note in brackets at the end, and the space at which no line is broken.
_SHORT_NOTE: Final = re.compile(r"\[[^]]{1,38}\]$")
_JOINED: Final = "\u00a0"
_LEAST: Final = re.compile(r"x>=([\d.]+)")


class Command(TyperCommand):
    """A command with our help page and our conversion of plain values. ``ctx`` is Typer's, whose class is private."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        for parameter in self.params:
            convert_plainly(parameter)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        names = {name for parameter in self.params for name in parameter.opts}
        try:
            return super().parse_args(ctx, list(repeat_options(args, names)))
        except TyperException as error:
            if getattr(error, "ctx", None) is None:  # the parser does not say whose option it was
                vars(error)["ctx"] = ctx
            raise

    def get_help_option(self, ctx: Any) -> Any:
        return _shown_by_us(super().get_help_option(ctx))

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        pieces = super().collect_usage_pieces(ctx)
        return [piece if "|" in piece else piece.replace("{", "").replace("}", "") for piece in pieces]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        titles = titles_of(self.callback)
        parts: dict[str, list[tuple[str, str]]] = {_ARGUMENTS: [], _OWN: []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is None:
                continue
            title = _ARGUMENTS if parameter.param_type_name == "argument" else titles.get(str(parameter.name), _OWN)
            parts.setdefault(title, []).append((record[0].partition(" <")[0], _in_words(record[1])))
        for title, records in parts.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)
        formatter.buffer[:] = [piece.replace(_JOINED, " ") for piece in formatter.buffer]


class CommandGroup(TyperGroup):
    """A group that shows the whole first sentence of each of its commands; Typer cuts it where the line ends."""

    def get_help_option(self, ctx: Any) -> Any:
        return _shown_by_us(super().get_help_option(ctx))

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, child.get_short_help_str(_UNCUT)) for name, child in self.commands.items()])


def _shown_by_us(option: Any) -> Any:
    """Let ``--help`` write through the console: where the output takes only ASCII, Typer's own writes UTF-8."""
    if option is None:
        return None
    option.callback = _show
    return convert_plainly(option)


def _show(ctx: Any, _parameter: object, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        console.result(ctx.get_help())
        ctx.exit()


def _in_words(text: str) -> str:
    """Return a help text with ranges as people write them, and with short defaults kept on one line."""
    plain = _LEAST.sub(r"at least \1", _RANGE.sub(r"\1 to \2", text))
    return _SHORT_NOTE.sub(lambda note: note[0].replace(" ", _JOINED), plain)
