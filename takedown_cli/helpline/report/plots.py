"""Draws plots as inline SVG, for a page without scripts: columns, bars, and shares of a whole.

Each plot has a description in words. A hatched block of fixed size stands for a withheld number; the hatching is
defined in ``report.html``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from takedown_cli.helpline.html_page import text
from takedown_cli.helpline.report.suppression import FiguresCell, FiguresTable

_WIDTH: Final = 720
_STUB: Final = 26
_MOST_LABELS: Final = 13


def in_words(table: FiguresTable) -> str:
    """Return a sentence that describes the plot, for people who cannot see it."""
    cells = [f"{cell.label}: {'withheld' if cell.count is None else f'{cell.count:,}'}" for cell in table.cells]
    return "; ".join(cells) + "." if cells else "Nothing to show."


def _svg(id_: str, title: str, description: str, height: int, body: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-labelledby="{id_}-title {id_}-description">'
        f'<title id="{id_}-title">{text(title)}</title><desc id="{id_}-description">{text(description)}</desc>'
        + "".join(body)
        + "</svg>"
    )


def _ceiling(most: int) -> tuple[int, int]:
    """Return the top of the scale and the step between its lines: 1, 2 or 5 times a power of ten, at most six lines."""
    step = 1
    while most > step * 5:
        step = step * 5 // 2 if str(step).startswith("2") else step * 2
    return max(step, -(-most // step) * step), step


def columns(table: FiguresTable) -> str:
    """Draw a column for each cell, from left to right."""
    left, right, top, bottom, height = 44, 8, 22, 46, 270
    floor = height - bottom
    highest, step = _ceiling(max((cell.count or 0 for cell in table.cells), default=0))
    scale = (floor - top) / max(highest, 1)
    body = []
    for value in range(0, highest + 1, step):
        y = floor - value * scale
        body.append(f'<line class="grid" x1="{left}" x2="{_WIDTH - right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        body.append(f'<text class="axis" x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{value:,}</text>')
    slot = (_WIDTH - left - right) / max(len(table.cells), 1)
    width = min(64.0, slot * 0.72)
    every = -(-len(table.cells) // _MOST_LABELS)
    for place, cell in enumerate(table.cells):
        middle = left + slot * (place + 0.5)
        body.append(_column(cell, middle - width / 2, width, floor, scale))
        above = floor - (_STUB if cell.count is None else cell.count * scale) - 6
        if slot >= 26:
            body.append(
                f'<text class="value" x="{middle:.1f}" y="{above:.1f}" text-anchor="middle">{_count_words(cell)}</text>'
            )
        if place % every == 0:
            body.append(
                f'<text class="label" x="{middle:.1f}" y="{floor + 20}" text-anchor="middle">{text(cell.label)}</text>'
            )
    body.append(f'<line class="floor" x1="{left}" x2="{_WIDTH - right}" y1="{floor}" y2="{floor}"/>')
    return _svg(table.id, table.title, in_words(table), height, body)


def _column(cell: FiguresCell, x: float, width: float, floor: int, scale: float) -> str:
    if cell.count is None:
        return f'<rect class="withheld" x="{x:.1f}" y="{floor - _STUB}" width="{width:.1f}" height="{_STUB}" rx="2"/>'
    high = cell.count * scale
    return f'<rect class="mark" x="{x:.1f}" y="{floor - high:.1f}" width="{width:.1f}" height="{high:.1f}" rx="2"/>'


def _count_words(cell: FiguresCell) -> str:
    return "–" if cell.count is None else f"{cell.count:,}"


def bars(table: FiguresTable) -> str:
    """Draw a bar for each cell, from top to bottom, with its label before and its number after it."""
    left, right, row = 200, 70, 36
    most = max((cell.count or 0 for cell in table.cells), default=0)
    scale = (_WIDTH - left - right) / max(most, 1)
    body = []
    for place, cell in enumerate(table.cells):
        y = place * row + 8
        width = _STUB if cell.count is None else cell.count * scale
        kind = "withheld" if cell.count is None else "mark"
        body.append(f'<text class="label" x="{left - 12}" y="{y + 15}" text-anchor="end">{text(cell.label)}</text>')
        body.append(f'<rect class="{kind}" x="{left}" y="{y}" width="{width:.1f}" height="22" rx="2"/>')
        body.append(f'<text class="value" x="{left + width + 8:.1f}" y="{y + 15}">{_count_words(cell)}</text>')
    height = len(table.cells) * row + 8
    body.append(f'<line class="floor" x1="{left}" x2="{left}" y1="2" y2="{height - 4}"/>')
    return _svg(table.id, table.title, in_words(table), height, body)


def shares(id_: str, title: str, tables: Sequence[FiguresTable]) -> str:
    """Draw one bar of full width for each table, divided like its total. Withheld cells are one piece together."""
    left, right, row = 160, 8, 46
    body = []
    for place, table in enumerate(tables):
        y = place * row + 6
        name = table.title if len(table.title) <= 20 else table.title[:19] + "…"
        body.append(f'<text class="label" x="{left - 12}" y="{y + 19}" text-anchor="end">{text(name)}</text>')
        body += _pieces(table, left, y, _WIDTH - left - right)
    words = " ".join(f"{table.title}: {in_words(table)}" for table in tables)
    return _svg(id_, title, words, len(tables) * row + 4, body)


def _pieces(table: FiguresTable, left: int, y: int, width: int) -> list[str]:
    if not table.total:
        return [f'<rect class="withheld" x="{left}" y="{y}" width="{width}" height="28" rx="2"/>']
    counts = [(f"share-{number}", cell.count) for number, cell in enumerate(table.cells, start=1) if cell.count]
    counts += [("withheld", table.withheld)] if table.withheld else []
    pieces, x = [], float(left)
    for kind, count in counts:
        assert count is not None
        wide = width * count / table.total
        pieces.append(f'<rect class="{kind}" x="{x:.1f}" y="{y}" width="{max(wide - 2, 1):.1f}" height="28" rx="2"/>')
        said = f"{count:,}"
        if kind != "withheld" and wide > 11 + 8 * len(said):
            pieces.append(
                f'<text class="on-{kind}" x="{x + (wide - 2) / 2:.1f}" y="{y + 19}" text-anchor="middle">{said}</text>'
            )
        x += wide
    return pieces
