"""The report as one HTML page to publish: figures, plots, and the same numbers in tables.

It guarantees that the page holds nothing but the report's figures, and neither runs nor loads anything.
It must never show a number that the report withholds.
"""

from __future__ import annotations

from collections.abc import Sequence

from takedown_cli.helpline.page import page, text
from takedown_cli.helpline.report import plots
from takedown_cli.helpline.report.figures import ANSWERS, NO_ANSWER, REACHED, Report
from takedown_cli.helpline.report.style import STYLE
from takedown_cli.helpline.report.suppression import Table


def as_html(report: Report, name: str = "") -> bytes:
    """The page, in English. ``name`` is the helpline's, for the heading; empty for none."""
    title = f"Caseload of {name}" if name else "Caseload report"
    sections = "".join((_outcomes(report), _over_time(report), _answers(report), _first_block(report), _who(report)))
    body = f"""\
{plots.DEFINITIONS}
<header>
<p class="kind">Report on a caseload</p>
<h1>{text(title)}</h1>
<p class="day">As of <time datetime="{report.day}">{report.day}</time></p>
</header>
<main>
{_key_figures(report)}
{sections}
</main>
<footer>
<h2>How to read this</h2>
{_method(report)}
</footer>"""
    return page(title=title, style=STYLE, body=body)


def _key_figures(report: Report) -> str:
    figures = (
        (report.outcomes.total, "cases"),
        (report.outcomes.published(REACHED), "with the intake"),
        (report.items, "pictures and videos protected"),
        (report.blocked.published("Blocked somewhere"), "cases blocked by a platform"),
    )
    cards = "".join(f"<div><dt>{text(label)}</dt><dd>{_number(count)}</dd></div>" for count, label in figures)
    heading = '<h2 id="key" class="quiet">At a glance</h2>'
    return f'<section aria-labelledby="key">{heading}<dl class="key">{cards}</dl></section>'


def _number(count: int | None) -> str:
    return '<span class="gone">withheld</span>' if count is None else f"{count:,}"


def _section(id_: str, title: str, lead: str, plot: str, tables: Sequence[str]) -> str:
    drawn = f'<figure tabindex="0" aria-label="{text(title)}: plot">{plot}</figure>' if plot else ""
    return (
        f'<section aria-labelledby="{id_}-heading"><h2 id="{id_}-heading">{text(title)}</h2><p>{lead}</p>{drawn}'
        + "".join(tables)
        + "</section>"
    )


def _outcomes(report: Report) -> str:
    lead = "A case is one caller. It is with the intake once the intake has confirmed that it arrived."
    listed = report.listed
    return _section(
        "outcomes", report.outcomes.title, lead, plots.bars(report.outcomes), [_table(report.outcomes), _table(listed)]
    )


def _over_time(report: Report) -> str:
    lead = f"Cases by the {report.period} in which they reached the intake."
    plot = plots.columns(report.over_time) if report.over_time.cells else ""
    return _section("over-time", report.over_time.title, lead, plot, [_table(report.over_time)])


def _answers(report: Report) -> str:
    title = "What platforms answered"
    if not report.platforms:
        return _section("answers", title, "No platform has answered yet, or too few cases are in it.", "", [])
    labels = (*ANSWERS.values(), NO_ANSWER)
    keys = [f'<li><span class="swatch share-{n}"></span>{text(label)}</li>' for n, label in enumerate(labels, start=1)]
    if any(each.withheld or each.total is None for each in report.platforms):
        keys.append('<li><span class="swatch withheld"></span>Withheld</li>')
    lead = (
        "Each case counts once for each platform, by the most telling answer that any of its pictures and videos got. "
        "A case can be with several platforms."
    )
    legend = f'<ul class="legend">{"".join(keys)}</ul>'
    plot = plots.shares("answers", title, report.platforms) + legend
    return _section("answers", title, lead, plot, [_cross(title, labels, report.platforms)])


def _first_block(report: Report) -> str:
    lead = (
        "Days from the arrival of a case to the first time that a platform was found to have blocked a copy. It is "
        "found when somebody asks, so asking more often makes the figure finer."
    )
    plot = plots.columns(report.first_block) if report.first_block.total else ""
    return _section(
        "first-block", report.first_block.title, lead, plot, [_table(report.blocked), _table(report.first_block)]
    )


def _who(report: Report) -> str:
    lead = "As declared with each case that reached the intake. Nothing else is known of anybody."
    return _section(
        "who", "Who was helped", lead, "", [_table(report.ages), _table(report.behalf), _table(report.languages)]
    )


def _table(table: Table) -> str:
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


def _cross(title: str, labels: Sequence[str], tables: Sequence[Table]) -> str:
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
    if report.threshold <= 1:
        return (
            '<p class="warning"><strong>Not to be published.</strong> Small numbers are not withheld in this report, '
            "so that single persons may be recognised.</p>"
        )
    k = report.threshold
    return (
        f"<p>Numbers below {k} are withheld, so that nobody is alone in a figure; where that one number could be "
        "reckoned from the others, a second one is withheld as well. What is withheld of a table is given together, "
        f"and is {k} or more. A table is withheld whole where its total, or its difference to another table, would be "
        f"smaller.</p><p>{_rounding(report.base)}</p>"
    )


def _rounding(base: int) -> str:
    if base == 1:
        return (
            "Whoever has an earlier report can take it from this one: before publishing often, look at what the "
            "difference tells."
        )
    return (
        f"Every number is rounded to the nearest multiple of {base}, each by itself, so the numbers of a table need "
        f"not add up to its total. The difference of two reports is a multiple of {base} too: behind {base} there may "
        f"be one case or {2 * base - 1}. Of many reports in a row more can be told, so they should be seldom."
    )
