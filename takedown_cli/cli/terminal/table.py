"""Tables, where people compare rows: Rich lays them out for the width of the terminal."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Self

from takedown_cli.cli.terminal.console import sanitise

#: Wider than any table is.
_ENDLESS = 10_000
_LONGEST_CELL = 1000


class Table(str):
    """A table as the text that a program gets, a row a line; ``fitted`` gives it as wide as a terminal.

    Headings that begin with ``>`` are those of numbers, which are aligned on the right and never broken. Where all are
    empty, none is shown. Cells of more than one line stay so. Outside text in the cells is made harmless.
    """

    __slots__ = ("_headings", "_indent", "_rows")
    _headings: Sequence[str]
    _rows: Sequence[Sequence[str]]
    _indent: int

    def __new__(cls, headings: Sequence[str], rows: Sequence[Sequence[str]], *, indent: int = 0) -> Self:
        made = super().__new__(cls, _laid_out(headings, rows, _ENDLESS, indent))
        made._headings, made._rows, made._indent = headings, rows, indent
        return made

    def fitted(self, width: int) -> str:
        """Return the table in at most ``width`` columns; cells are wrapped at words."""
        return _laid_out(self._headings, self._rows, width, self._indent)


def _laid_out(headings: Sequence[str], rows: Sequence[Sequence[str]], width: int, indent: int) -> str:
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table as RichTable
    from rich.text import Text

    named = any(heading.strip(">") for heading in headings)
    table = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="", show_header=named)
    for heading in headings:
        number = heading.startswith(">")
        table.add_column(
            Text(heading.removeprefix(">")), justify="right" if number else "left", no_wrap=number, overflow="fold"
        )
    for row in rows:
        lines = ("\n".join(sanitise(line, limit=_LONGEST_CELL) for line in cell.split("\n")) for cell in row)
        table.add_row(*(Text(cell) for cell in lines))
    screen = Console(
        file=io.StringIO(), width=width, color_system=None, markup=False, emoji=False, highlight=False,
        legacy_windows=False,
    )  # fmt: skip
    with screen.capture() as captured:
        screen.print(Padding(table, (0, 0, 0, indent), expand=False))
    return "\n".join(line.rstrip() for line in captured.get().splitlines())
