"""What ``takedown export`` wrote."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from takedown_cli.cli.results.result import Result
from takedown_cli.cli.results.words import counted


class ExportReport(Result, schema="takedown.export"):
    """``takedown export --json``. ``left_out`` counts, by kind, the hashes that the format has no place for."""

    format: str
    files: int
    items: int
    hashes: int
    left_out: dict[str, int]
    sealed: Literal[False] = False

    def notes(self) -> Iterator[str]:
        yield f"Exported: {counted(self.hashes, 'hash', 'hashes')} of {counted(self.items, 'item')}."
        if self.left_out:
            kinds = ", ".join(f"{count:,} {kind}" for kind, count in self.left_out.items())
            yield f"Left out, because the format has no place for them: {kinds}."
