"""``takedown batch report``: the caseload in figures, for the terminal, as JSON or CSV, and as a page to publish.

It guarantees that each form shows the same numbers, small ones withheld. It must never show a case.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, cast, get_args

import typer

from takedown_cli.cli import output
from takedown_cli.cli.batch_options import LEDGER, open_ledger, today
from takedown_cli.cli.console import console, sanitise
from takedown_cli.cli.options import Force, carries, one_of
from takedown_cli.cli.organisation_key import KEY, PASSPHRASE, unlock
from takedown_cli.errors import UsageError

if TYPE_CHECKING:
    from takedown_cli.cli.office_documents import FiguresReport
    from takedown_cli.helpline.report.figures import Report
    from takedown_cli.helpline.report.suppression import Table

_WITHHELD: Final = "withheld"
_LABEL: Final = 34
#: What makes a formula of a cell, full-width forms too, and what a spreadsheet drops in front of it.
_FORMULA: Final = tuple("=+-@＝＋－＠\t\r\n ")


@carries(LEDGER, KEY, PASSPHRASE)
def report(
    page: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the page to publish there as well.")
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV on stdout.")] = False,
    threshold: Annotated[
        int, typer.Option("--threshold", metavar="N", min=1, max=1000, help="Withhold what is below; 1 for nothing.")
    ] = 5,
    period: Annotated[
        str, typer.Option("--by", metavar="week|month|quarter|year", help="The periods of the cases over time.")
    ] = "month",
    round_to: Annotated[
        int | None,
        typer.Option("--round", metavar="N", min=1, max=1000, help="To multiples of N: 5 with --html, else 1."),
    ] = None,
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="Of the helpline, for the page's heading.")] = "",
    force: Force = False,
) -> None:
    """The caseload in figures, as the last 'batch status' left it; small numbers are withheld.

    \b
    takedown batch report --ledger cases.ledger --key file:helpline.key
    takedown batch report --html report.html --name "Example Helpline" \\
        --ledger cases.ledger --key file:helpline.key
    """
    from takedown_cli.helpline.report.figures import Period, figures
    from takedown_cli.helpline.report.rounding import BASE, rounded

    one_of("--by", period, get_args(Period))
    if as_csv and console.json:
        raise UsageError("Either --csv or --json, not both.")
    _check_name(name)
    if page is not None:
        output.check(page, force=force)
    with open_ledger(unlock()) as ledger:
        found = figures(ledger.cases(), day=today(), threshold=threshold, period=cast("Period", period))
    found = rounded(found, round_to or (1 if page is None or threshold == 1 else BASE))
    if page is not None:
        from takedown_cli.helpline.report.publication import as_html

        output.write(page, as_html(found, name), force=force)
    if console.json:
        console.emit(document(found))
    elif as_csv:
        console.write(in_csv(found))
    else:
        for line in in_words(found):
            console.result(line)
    if threshold < 5:
        console.warn("With a threshold below 5 single persons may be recognised: this is not to be published.")


def _check_name(name: str) -> None:
    if not (len(name) <= 80 and name.isprintable()):
        raise UsageError("--name must have at most 80 printable characters.")


def document(found: Report) -> FiguresReport:
    """The object of ``--json``."""
    return {
        "schema": "takedown.batch.report",
        "version": 1,
        "day": found.day,
        "threshold": found.threshold,
        "period": found.period,
        "base": found.base,
        "items": found.items,
        "tables": [
            {
                "id": each.id,
                "title": each.title,
                "cells": [{"label": cell.label, "count": cell.count} for cell in each.cells],
                "total": each.total,
                "withheld": each.withheld,
            }
            for each in found.tables
        ],
    }


def in_csv(found: Report) -> bytes:
    """One row a cell: table, title, label, count; an empty count is withheld, an empty label is the table's total."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(("table", "title", "label", "cases"))
    for each in found.tables:
        title = _no_formula(each.title)
        for cell in each.cells:
            writer.writerow((each.id, title, _no_formula(cell.label), "" if cell.count is None else cell.count))
        writer.writerow((each.id, title, "", "" if each.total is None else each.total))
    return stream.getvalue().encode()


def _no_formula(text: str) -> str:
    """A platform's name, which a spreadsheet must not compute."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def in_words(found: Report) -> list[str]:
    """The tables for a terminal of 80 columns."""
    lines = [f"Caseload as of {found.day}. A case is one caller; numbers below {found.threshold} are withheld."]
    if found.base > 1:
        lines.append(f"Every number is rounded to a multiple of {found.base}.")
    items = _WITHHELD if found.items is None else f"{found.items:,}"
    lines.append(f"Pictures and videos protected: {items}")
    for each in found.tables:
        title = f"Answers of {each.title}" if each.id.startswith("platform-") else each.title
        lines += ["", console.style(sanitise(title), "bold"), *_rows(each)]
    return lines


def _rows(each: Table) -> list[str]:
    rows = [(sanitise(cell.label), _said(cell.count)) for cell in each.cells]
    if each.withheld:
        rows.append(("Withheld, together", f"{each.withheld:,}"))
    return [f"  {label:<{_LABEL}}{said:>10}" for label, said in (*rows, ("Total", _said(each.total)))]


def _said(count: int | None) -> str:
    return _WITHHELD if count is None else f"{count:,}"
