"""Curves as a plain SVG: recall against the number of fingerprints sent.

It draws a picture that any browser shows, on a ground of its own. It does not need a plotting library.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

COLOURS = ("#1b7fbd", "#d1495b", "#2a9d5c", "#c77d0a", "#7a5cc4", "#6b7280", "#b0387f")
_WIDTH, _HEIGHT, _LEFT, _TOP, _RIGHT, _BOTTOM = 820, 460, 60, 46, 230, 52


@dataclass(frozen=True, slots=True)
class Curve:
    """Per cent (0 to 100) after 1, 2, 3 … fingerprints, and a level to compare with, dashed in the same colour."""

    name: str
    values: Sequence[float]
    level: float


def draw(title: str, curves: Sequence[Curve], most: int, notes: Sequence[str] = ()) -> str:
    """An SVG document; x runs from 0 to ``most`` fingerprints, y from 0 to 100 %; ``notes`` go beside it."""
    wide, tall = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def at(count: float, share: float) -> tuple[float, float]:
        return round(_LEFT + wide * count / most, 1), round(_TOP + tall * (1 - share / 100), 1)

    opening = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    lines = [
        f'{opening} font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        f'<text x="{_LEFT}" y="24" font-size="15" fill="#111111">{escape(title)}</text>',
    ]
    for share in range(0, 101, 20):
        x, y = at(0, share)
        lines.append(f'<path d="M{x} {y}H{_LEFT + wide}" stroke="#dddddd"/>')
        lines.append(f'<text x="{x - 8}" y="{y + 4}" text-anchor="end" fill="#444444">{share} %</text>')
    for count in range(0, most + 1, 20):
        x, y = at(count, 0)
        lines.append(f'<text x="{x}" y="{y + 18}" text-anchor="middle" fill="#444444">{count}</text>')
    lines.append(
        f'<text x="{_LEFT + wide / 2}" y="{_HEIGHT - 12}" text-anchor="middle" fill="#444444">fingerprints sent</text>'
    )
    for index, curve in enumerate(curves):
        colour = COLOURS[index % len(COLOURS)]
        points = " ".join("{},{}".format(*at(count, share)) for count, share in enumerate(curve.values, start=1))
        lines.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        x, y = at(0, curve.level)
        lines.append(f'<path d="M{x} {y}h{wide}" stroke="{colour}" stroke-dasharray="3 5" opacity="0.7"/>')
        x, y = _WIDTH - _RIGHT + 14, _TOP + 8 + 19 * index
        lines.append(f'<path d="M{x} {y}h22" stroke="{colour}" stroke-width="2"/>')
        lines.append(f'<text x="{x + 28}" y="{y + 4}" fill="#222222">{escape(curve.name)}</text>')
    for index, note in enumerate(notes):
        y = _HEIGHT - _BOTTOM - 16 * (len(notes) - index)
        lines.append(f'<text x="{_WIDTH - _RIGHT + 14}" y="{y}" font-size="11" fill="#444444">{escape(note)}</text>')
    return "\n".join([*lines, "</svg>", ""])
