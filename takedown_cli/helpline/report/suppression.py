"""Withholds small numbers in a table of counts, so that it can be published without revealing a single person.

The withheld cells are at least two, and add up to at least the threshold. So neither the total nor the other cells
reveal them. Source: primary and complementary cell suppression as statistical offices do it (Hundepool et al., Handbook
on Statistical Disclosure Control, second edition, sections 4.2 and 4.3), with a frequency threshold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class FiguresCell:
    """How many cases have this label; None when that is withheld."""

    label: str
    count: int | None


@dataclass(frozen=True, slots=True)
class FiguresTable:
    """A partition of ``total`` cases. ``withheld`` is the sum of the withheld cells; if ``total`` is None, all are."""

    id: str
    title: str
    cells: tuple[FiguresCell, ...]
    total: int | None
    withheld: int

    def published(self, label: str) -> int | None:
        return next(cell.count for cell in self.cells if cell.label == label)


def suppress_table(id_: str, title: str, counts: Mapping[str, int], threshold: int) -> FiguresTable:
    """Return the counts of a partition in a form that may be published. Zeros reveal nothing, and stay.

    ``threshold`` 1 withholds nothing.
    """
    total = sum(counts.values())
    if 0 < total < threshold:
        return withhold_table(id_, title, counts)
    hidden = _hidden(counts, threshold)
    cells = tuple(FiguresCell(label, None if label in hidden else count) for label, count in counts.items())
    return FiguresTable(id_, title, cells, total, sum(counts[label] for label in hidden))


def withhold_table(id_: str, title: str, counts: Mapping[str, int]) -> FiguresTable:
    """Return the table with everything withheld, its total and its zeros too."""
    return FiguresTable(id_, title, tuple(FiguresCell(label, None) for label in counts), None, 0)


def pool_withheld(full: FiguresTable, label: str) -> FiguresTable:
    """Return the table with one cell in place of the withheld ones: their labels alone could identify a case."""
    kept = tuple(cell for cell in full.cells if cell.count is not None)
    if len(kept) == len(full.cells):
        return full
    if full.total is None:
        return replace(full, cells=())
    return replace(full, cells=(*kept, FiguresCell(label, full.withheld)), withheld=0)


def _hidden(counts: Mapping[str, int], threshold: int) -> set[str]:
    hidden = {label for label, count in counts.items() if 0 < count < threshold}
    rest = sorted((count, label) for label, count in counts.items() if count and label not in hidden)
    # One withheld cell is the total less the others; two that add up to little are a small number themselves.
    while hidden and (len(hidden) < 2 or sum(counts[label] for label in hidden) < threshold) and rest:
        hidden.add(rest.pop(0)[1])
    return hidden
