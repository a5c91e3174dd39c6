"""What is wrong with a manifest, row by row, before the command ends with exit 2."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Self

from takedown_cli.cli.results.result import Result, Row

if TYPE_CHECKING:
    from takedown_cli.helpline.manifest.faults import Fault


class FaultRow(Row):
    """One fault. ``row`` counts from 1 as a spreadsheet shows it, null for the manifest as a whole.

    ``column`` is one of our columns, or the letter of a column we do not know; ``other_row`` is the row it collides
    with.
    """

    row: int | None
    column: str | None
    reason: str
    sentence: str
    advice: str
    other_row: int | None


class FaultsReport(Result, schema="takedown.batch.faults"):
    """What ``takedown batch`` prints with ``--json`` for a manifest with faults, before it ends with exit 2."""

    faults: list[FaultRow]

    @classmethod
    def of(cls, faults: Iterable[Fault]) -> Self:
        return cls(
            faults=[
                FaultRow(
                    row=fault.row,
                    column=fault.column,
                    reason=fault.reason,
                    sentence=fault.sentence,
                    advice=fault.advice,
                    other_row=fault.other,
                )
                for fault in faults
            ]
        )

    def lines(self) -> Iterator[str]:
        for fault in self.faults:
            place = "The manifest" if fault.row is None else f"Row {fault.row}"
            column = "" if fault.column is None else f", {fault.column}"
            yield f"{place}{column}: {fault.sentence} {fault.advice} [{fault.reason}]"
