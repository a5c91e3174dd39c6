"""``takedown batch report``: the caseload in figures, for the terminal, as JSON or CSV, and as a page to publish."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, cast

import typer

from takedown_cli.cli.options.common import Force, choice
from takedown_cli.cli.options.ledger import LedgerOptions, today
from takedown_cli.cli.terminal.console import console
from takedown_cli.core import atomic_file
from takedown_cli.core.errors import UsageError

#: In step with ``helpline.report.figures.Period``, which costs more to load than a page of help may.
_PERIODS: Final = ("week", "month", "quarter", "year")
#: Figures with smaller numbers are not for publication.
_SAFE_THRESHOLD: Final = 5


def report(
    page: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Also write a page for publication.")
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Write CSV to stdout.")] = False,
    threshold: Annotated[
        int, typer.Option("--threshold", metavar="N", min=1, max=1000, help="Withhold numbers below N; 1 shows all.")
    ] = _SAFE_THRESHOLD,
    period: Annotated[str, choice("--by", _PERIODS, "Count cases by this period.")] = "month",
    round_to: Annotated[
        int | None,
        typer.Option(
            "--round", metavar="N", min=1, max=1000, help="Round to multiples of N. Default: 5 with --html, else 1."
        ),
    ] = None,
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="The helpline's name, for the page's heading.")
    ] = "",
    force: Force = False,
    *,
    ledger: LedgerOptions,
) -> None:
    """Show the caseload in figures, as of the last 'batch status'. Small numbers are withheld.

    \b
    takedown batch report --ledger cases.ledger --key file:helpline.key
    takedown batch report --html report.html --name "Example Helpline" \\
        --ledger cases.ledger --key file:helpline.key
    """
    from takedown_cli.cli.results.batch.report import FiguresReport
    from takedown_cli.helpline.report.figures import BASE, Period, make_report, round_report

    if as_csv and console.json:
        raise UsageError("Give either --csv or --json, not both.")
    if not (len(name) <= 80 and name.isprintable()):
        raise UsageError("--name must have at most 80 printable characters.")
    if page is not None:
        atomic_file.check_target(page, force=force)
    with ledger.open() as opened:
        found = make_report(opened.cases(), day=today(), threshold=threshold, period=cast("Period", period))
    found = round_report(found, round_to or (1 if page is None or threshold == 1 else BASE))
    if page is not None:
        from takedown_cli.helpline.report.html_report import report_as_html

        atomic_file.write_file(page, report_as_html(found, name), force=force)
    result = FiguresReport.of(found)
    if as_csv:
        console.write(result.as_csv())
    else:
        console.show(result)
    if threshold < _SAFE_THRESHOLD:
        console.warn(
            f"With a threshold below {_SAFE_THRESHOLD} a person may be recognised. Do not publish these figures."
        )
