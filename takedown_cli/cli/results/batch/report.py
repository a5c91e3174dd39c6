"""The figures of ``takedown batch report`` for a terminal, as JSON and as CSV: small numbers are withheld in each."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, Literal, Self

from takedown_cli.cli.results.result import Result
from takedown_cli.cli.terminal.console import console, sanitise
from takedown_cli.helpline.report.suppression import FiguresTable

if TYPE_CHECKING:
    from takedown_cli.helpline.report.figures import Report

_LABEL: Final = 34
#: What makes a spreadsheet take a cell for a formula (full-width forms too), and what it drops in front of one.
_FORMULA: Final = tuple("=+-@＝＋－＠\t\r\n ")


class FiguresReport(Result, schema="takedown.batch.report"):
    """``takedown batch report --json``. Counts are of cases; null where a number is withheld because it is small.

    ``threshold`` is the smallest number that is shown; ``items`` are pictures and videos; every number is
    rounded to a multiple of ``base``. What is withheld here is withheld in every form of the report.
    """

    day: str
    threshold: int
    period: Literal["week", "month", "quarter", "year"]
    base: int
    items: int | None
    tables: list[FiguresTable]

    @classmethod
    def of(cls, found: Report) -> Self:
        return cls(
            day=found.day,
            threshold=found.threshold,
            period=found.period,
            base=found.base,
            items=found.items,
            tables=list(found.tables),
        )

    def lines(self) -> Iterator[str]:
        yield f"Caseload as of {self.day}. A case is one caller; numbers below {self.threshold} are withheld."
        if self.base > 1:
            yield f"Every number is rounded to a multiple of {self.base}."
        yield f"Pictures and videos protected: {_count_words(self.items)}"
        for table in self.tables:
            yield ""
            title = f"Answers of {table.title}" if table.id.startswith("platform-") else table.title
            yield console.style(sanitise(title), "bold")
            rows = [(sanitise(cell.label), _count_words(cell.count)) for cell in table.cells]
            if table.withheld:
                rows.append(("Withheld, together", f"{table.withheld:,}"))
            for label, count in (*rows, ("Total", _count_words(table.total))):
                yield f"  {label:<{_LABEL}}{count:>10}"

    def notes(self) -> Iterator[str]:
        if any(table.withheld or table.total is None for table in self.tables):
            yield (
                f"Numbers below {self.threshold} are withheld, so that nobody can be recognised. To see all of them, "
                "for yourself only, add --threshold 1."
            )

    def as_csv(self) -> bytes:
        """Return a row for each cell: table, title, label, count. An empty count is withheld; an empty label marks the
        table's total."""
        stream = io.StringIO(newline="")
        writer = csv.writer(stream)
        writer.writerow(("table", "title", "label", "cases"))
        for table in self.tables:
            title = _defuse_formula(table.title)
            for label, count in (*((cell.label, cell.count) for cell in table.cells), ("", table.total)):
                writer.writerow((table.id, title, _defuse_formula(label), "" if count is None else count))
        return stream.getvalue().encode()


def _defuse_formula(text: str) -> str:
    """Return the text, such as a platform's name, so that a spreadsheet does not compute it."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _count_words(count: int | None) -> str:
    return "withheld" if count is None else f"{count:,}"
