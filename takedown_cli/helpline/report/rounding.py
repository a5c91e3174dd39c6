"""Every number of a report brought to a multiple of a base, so that two reports do not tell of one case by their
difference.

It guarantees that all numbers are rounded alike, the total of a table too, and that what is withheld stays withheld.
It must never be applied before small numbers are withheld: a rounded number is no small number any more.
Source: conventional rounding of frequency tables (Hundepool et al., Handbook on Statistical Disclosure Control, second
edition, section 4.4).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from takedown_cli.helpline.report.figures import Report
from takedown_cli.helpline.report.suppression import Cell, Table

#: For a report that is published.
BASE: Final = 5
_NAMES: Final = ("outcomes", "listed", "over_time", "ages", "behalf", "languages", "blocked", "first_block")


def rounded(report: Report, base: int) -> Report:
    """The same report in multiples of ``base`` (1 or more; 1 changes nothing)."""
    if base == 1:
        return report
    tables: dict[str, Any] = {name: _rounded(getattr(report, name), base) for name in _NAMES}
    platforms = tuple(_rounded(each, base) for each in report.platforms)
    return replace(report, base=base, items=_multiple(report.items, base), platforms=platforms, **tables)


def _rounded(table: Table, base: int) -> Table:
    cells = tuple(Cell(cell.label, _multiple(cell.count, base)) for cell in table.cells)
    return replace(
        table, cells=cells, total=_multiple(table.total, base), withheld=_multiple(table.withheld, base) or 0
    )


def _multiple(count: int | None, base: int) -> int | None:
    return None if count is None else (2 * count + base) // (2 * base) * base
