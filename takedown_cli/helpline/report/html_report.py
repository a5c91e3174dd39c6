"""The report as one HTML page to publish: figures, plots, and the same numbers in tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from takedown_cli.helpline.html_page import fill_template, page, text
from takedown_cli.helpline.report import plots
from takedown_cli.helpline.report.figures import ANSWERS, NO_ANSWER, REACHED, Report
from takedown_cli.helpline.report.suppression import FiguresTable

_ANSWERS_TITLE: Final = "What platforms answered"


def report_as_html(report: Report, name: str = "") -> bytes:
    """Return the page, in English. ``name`` is the helpline's name for the heading, or empty."""
    title = f"Caseload of {name}" if name else "Caseload report"
    values = {"period": report.period, **_answers(report)}
    for table in report.tables:
        place = table.id.replace("-", "_")
        values |= {place: _table(table), f"{place}_title": text(table.title), f"{place}_plot": ""}
    values["outcomes_plot"] = _figure(report.outcomes.title, plots.bars(report.outcomes))
    if report.over_time.cells:
        values["over_time_plot"] = _figure(report.over_time.title, plots.columns(report.over_time))
    if report.first_block.total:
        values["first_block_plot"] = _figure(report.first_block.title, plots.columns(report.first_block))
    body = fill_template(
        "report.html", title=text(title), day=report.day, key_figures=_key_figures(report),
        sections=fill_template("report_sections.html", **values).replace("\n", ""), method=_method(report),
    )  # fmt: skip
    # Light, dark and on paper, text has a contrast of 4.5 to 1 or more (WCAG 2.2, 1.4.3).
    return page(title=title, style="report.css", body=body.rstrip())


def _key_figures(report: Report) -> str:
    figures = (
        (report.outcomes.total, "cases"),
        (report.outcomes.published(REACHED), "at the intake"),
        (report.items, "pictures and videos protected"),
        (report.blocked.published("Blocked somewhere"), "cases blocked by a platform"),
    )
    cards = "".join(f"<div><dt>{text(label)}</dt><dd>{_number(count)}</dd></div>" for count, label in figures)
    heading = '<h2 id="key" class="quiet">At a glance</h2>'
    return f'<section aria-labelledby="key">{heading}<dl class="key">{cards}</dl></section>'


def _number(count: int | None) -> str:
    return '<span class="gone">withheld</span>' if count is None else f"{count:,}"


def _figure(title: str, plot: str) -> str:
    return f'<figure tabindex="0" aria-label="{text(title)}: plot">{plot}</figure>'


def _answers(report: Report) -> dict[str, str]:
    """Return the values of the section about platforms' answers."""
    values = {"answers_title": _ANSWERS_TITLE, "answers_plot": "", "answers": ""}
    if not report.platforms:
        return values | {"answers_lead": "No platform has answered yet, or too few cases are counted."}
    labels = (*ANSWERS.values(), NO_ANSWER)
    keys = [f'<li><span class="swatch share-{n}"></span>{text(label)}</li>' for n, label in enumerate(labels, start=1)]
    if any(each.withheld or each.total is None for each in report.platforms):
        keys.append('<li><span class="swatch withheld"></span>Withheld</li>')
    lead = (
        "Each case counts once for each platform, by the strongest answer that any of its pictures and videos got. "
        "A case can be at several platforms."
    )
    legend = f'<ul class="legend">{"".join(keys)}</ul>'
    plot = _figure(_ANSWERS_TITLE, plots.shares("answers", _ANSWERS_TITLE, report.platforms) + legend)
    return values | {
        "answers_lead": lead, "answers_plot": plot, "answers": _cross(_ANSWERS_TITLE, labels, report.platforms)
    }  # fmt: skip


def _table(table: FiguresTable) -> str:
    rows = "".join(
        f'<tr><th scope="row">{text(cell.label)}</th><td>{_number(cell.count)}</td></tr>' for cell in table.cells
    )
    if not table.cells:
        rows = '<tr><th scope="row">All</th><td><span class="gone">withheld</span></td></tr>'
    together = (
        f'<tr class="sum"><th scope="row">Withheld, together</th><td>{table.withheld:,}</td></tr>'
        if table.withheld
        else ""
    )
    return (
        f'<table><caption>{text(table.title)}</caption><thead><tr><th scope="col">Group</th><th scope="col">Cases</th>'
        f'</tr></thead><tbody>{rows}</tbody><tfoot>{together}<tr class="sum"><th scope="row">Total</th>'
        f"<td>{_number(table.total)}</td></tr></tfoot></table>"
    )


def _cross(title: str, labels: Sequence[str], tables: Sequence[FiguresTable]) -> str:
    head = "".join(f'<th scope="col">{text(label)}</th>' for label in labels)
    rows = "".join(
        f'<tr><th scope="row">{text(table.title)}</th>'
        + "".join(f"<td>{_number(cell.count)}</td>" for cell in table.cells)
        + f"<td>{_number(table.total)}</td></tr>"
        for table in tables
    )
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{text(title)}: table"><table>'
        f'<caption>{text(title)}, cases</caption><thead><tr><th scope="col">Platform</th>{head}'
        f'<th scope="col">Cases</th></tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _method(report: Report) -> str:
    """Return how to read the numbers, as HTML on one line."""
    names = ["report_unsafe.html"]
    if report.threshold > 1:
        names = ["report_method.html", "report_exact.html" if report.base == 1 else "report_rounded.html"]
    values = {"threshold": f"{report.threshold}", "base": f"{report.base}", "most": f"{2 * report.base - 1}"}
    return "".join(fill_template(name, **values).rstrip() for name in names)
