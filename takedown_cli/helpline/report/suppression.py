"""Small numbers withheld from a table of counts, so that it can be published: nobody is alone in a figure.

It guarantees that what is withheld adds up to the threshold at least and is two cells at least, so that neither the
total nor the other cells give it away. It must never round or invent a number.
Source: primary and complementary cell suppression as statistical offices do it (Hundepool et al., Handbook on
Statistical Disclosure Control, second edition, sections 4.2 and 4.3), with a frequency threshold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

THRESHOLD: Final = 5


@dataclass(frozen=True, slots=True)
class Cell:
    """How many cases have this label; None when that is withheld."""

    label: str
    count: int | None


@dataclass(frozen=True, slots=True)
class Table:
    """A partition of ``total`` cases. ``withheld`` is the sum of the cells that are; ``total`` None withholds all."""

    id: str
    title: str
    cells: tuple[Cell, ...]
    total: int | None
    withheld: int

    def published(self, label: str) -> int | None:
        return next(cell.count for cell in self.cells if cell.label == label)


def table(id_: str, title: str, counts: Mapping[str, int], threshold: int) -> Table:
    """The counts of a partition as they may be published. A zero says of nobody anything, and stays.

    ``threshold`` 1 withholds nothing.
    """
    total = sum(counts.values())
    if 0 < total < threshold:
        return nothing(id_, title, counts)
    hidden = _hidden(counts, threshold)
    cells = tuple(Cell(label, None if label in hidden else count) for label, count in counts.items())
    return Table(id_, title, cells, total, sum(counts[label] for label in hidden))


def nothing(id_: str, title: str, counts: Mapping[str, int]) -> Table:
    """The same table with everything withheld, its total and its zeros too."""
    return Table(id_, title, tuple(Cell(label, None) for label in counts), None, 0)


def pooled(full: Table, label: str) -> Table:
    """The same with one cell in place of those withheld, whose very names may tell of somebody."""
    kept = tuple(cell for cell in full.cells if cell.count is not None)
    if len(kept) == len(full.cells):
        return full
    if full.total is None:
        return replace(full, cells=())
    return replace(full, cells=(*kept, Cell(label, full.withheld)), withheld=0)


def _hidden(counts: Mapping[str, int], threshold: int) -> set[str]:
    hidden = {label for label, count in counts.items() if 0 < count < threshold}
    rest = sorted((count, label) for label, count in counts.items() if count and label not in hidden)
    # One withheld cell is the total less the others; two that add up to little are a small number themselves.
    while hidden and (len(hidden) < 2 or sum(counts[label] for label in hidden) < threshold) and rest:
        hidden.add(rest.pop(0)[1])
    return hidden
