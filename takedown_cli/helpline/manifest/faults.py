"""The possible faults of a manifest, in one table: each with what is wrong and what to do.

A fault names a row and one of our own columns. It never repeats what was typed: that may be a name or a case number.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

#: Reason → what is wrong, what to do.
REASONS: Final[dict[str, tuple[str, str]]] = {
    reason: (wrong, advice)
    for reason, (wrong, advice) in tomllib.loads((files(__package__) / "faults.toml").read_text("utf-8")).items()
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. ``row`` is as in ``Caller`` (None: the manifest as a whole).

    ``column`` is one of our own names, or the letter of an unknown column as in a spreadsheet.
    """

    reason: str
    row: int | None = None
    column: str | None = None
    other: int | None = None

    @property
    def sentence(self) -> str:
        return REASONS[self.reason][0].format(other=self.other)

    @property
    def advice(self) -> str:
        return REASONS[self.reason][1]


class FaultError(ValueError):
    """Ends the reading of a line or a source; ``reason`` is that of the fault."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Faults:
    """The faults found so far."""

    def __init__(self) -> None:
        self._found: list[Fault] = []

    def add(self, reason: str, row: int | None = None, column: str | None = None, other: int | None = None) -> None:
        self._found.append(Fault(reason, row, column, other))

    def in_order(self) -> tuple[Fault, ...]:
        """Return the faults in the order of rows, and within a row in the order in which they were found."""
        return tuple(sorted(self._found, key=lambda fault: fault.row or 0))

    def __len__(self) -> int:
        return len(self._found)
