"""The columns of the manifest that ``takedown batch template`` writes."""

from __future__ import annotations

from collections.abc import Iterator

from takedown_cli.cli.results.result import Result, Row


class TemplateColumn(Row):
    """One column. ``words`` are the only values it may have; none where it takes text."""

    name: str
    required: bool
    meaning: str
    words: list[str]


class TemplateReport(Result, schema="takedown.batch.template"):
    """``takedown batch template --json``: the columns that a manifest may have, in the template's order."""

    columns: list[TemplateColumn]

    def notes(self) -> Iterator[str]:
        for column in self.columns:
            words = f" ({', '.join(column.words)})" if column.words else ""
            yield f"{column.name:<10}  {column.meaning}{words}"
        yield "A run checks every row before it begins. To check only, run:\n  takedown batch run MANIFEST --dry-run"
