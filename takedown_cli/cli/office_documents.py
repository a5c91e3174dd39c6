"""The shapes of what ``takedown batch template``, ``slips`` and ``report`` print with ``--json``.

It guarantees that a field once there keeps its name and meaning; a change of meaning needs a new ``version``.
It must never have a field for a case number, a reference or a path.
"""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict


class TemplateReport(TypedDict):
    """``takedown batch template --json``: the columns that a manifest may have, in the template's order."""

    schema: Literal["takedown.batch.template"]
    version: Literal[1]
    columns: list[TemplateColumn]


class TemplateColumn(TypedDict):
    """One column. ``words`` are the only values it may have; none where it takes text."""

    name: str
    required: bool
    meaning: str
    words: list[str]


class SlipsReport(TypedDict):
    """``takedown batch slips --json``, in counts: ``given_before`` had their slip in an earlier run.

    ``not_sent`` are not with the intake yet; of ``none_due`` the intake has no case, or no longer.
    """

    schema: Literal["takedown.batch.slips"]
    version: Literal[1]
    made: int
    given_before: int
    not_sent: int
    none_due: int


class FiguresReport(TypedDict):
    """``takedown batch report --json``. Counts are of cases; null where a number is withheld because it is small.

    ``threshold`` is the smallest number that is shown; ``items`` are pictures and videos; every number is
    rounded to a multiple of ``base``. Whatever is withheld here is
    withheld in every form of the report.
    """

    schema: Literal["takedown.batch.report"]
    version: Literal[1]
    day: str
    threshold: int
    period: Literal["week", "month", "quarter", "year"]
    base: int
    items: int | None
    tables: list[FiguresTable]


class FiguresTable(TypedDict):
    """A partition of ``total`` cases; ``withheld`` is the sum of its null cells. ``id`` is stable, ``title`` is not.

    Of a table ``platform-N`` the title is the platform's name.
    """

    id: str
    title: str
    cells: list[FiguresCell]
    total: int | None
    withheld: int


class FiguresCell(TypedDict):
    label: str
    count: int | None
