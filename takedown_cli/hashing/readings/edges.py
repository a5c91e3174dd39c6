"""Edges: the sides of a box moved to a straight step nearby, where the picture begins."""

from __future__ import annotations

import numpy as np

from takedown_cli.core.model import Box
from takedown_cli.hashing.decoded import Pixels

#: A step has to be this much stronger than the one where the side was.
_STRONGER, _LEVELS = 1.15, 1.0
#: Levels up to which the step of one pixel counts, and pixels of a line that are looked at, about.
_LIMIT, _SAMPLES = 24, 300
#: An inner step counts from this share of the strongest one.
_NEARLY = 0.55


def sharpen_edges(luma: Pixels, box: Box, reach: int, *, inner: bool = False) -> Box:
    """Return the box with each side moved by at most ``reach`` pixels to the strongest step.

    ``inner``: to the innermost of the strong ones, as where a picture has a thin frame. What lies on the edge of the
    whole stays there.
    """
    left, top, right, bottom = box
    height, width = luma.shape
    rows = luma[:, left:right]
    top = _find_step(rows, top, reach, inner)
    bottom = height - _find_step(rows[::-1], height - bottom, reach, inner)
    columns = luma[top:bottom].T
    left = _find_step(columns, left, reach, inner)
    right = width - _find_step(columns[::-1], width - right, reach, inner)
    return (left, top, right, bottom) if left < right and top < bottom else box


def _find_step(lines: Pixels, at: int, reach: int, inner: bool) -> int:
    """Return the line near ``at`` before which the pixels jump; the box lies behind that line."""
    first, last = max(1, at - reach), min(len(lines) - 1, at + reach)
    if at <= 0 or at >= len(lines) or first > last or lines.shape[1] == 0:
        return at
    near = lines[first - 1 : last + 1, :: max(1, lines.shape[1] // _SAMPLES)]
    jumps = np.maximum(near[1:], near[:-1]) - np.minimum(near[1:], near[:-1])
    # A step counts up to a limit: a few letters or lights are no edge.
    steps = np.minimum(jumps, _LIMIT).sum(axis=1, dtype=np.uint16) / near.shape[1]
    best = int(steps.argmax())
    least = _STRONGER * steps[at - first] + _LEVELS
    if inner:
        strong = np.flatnonzero(steps >= max(_NEARLY * steps[best], _LEVELS + float(np.median(steps)) * 2))
        return first + int(strong[-1]) if len(strong) else at
    return first + best if steps[best] > least else at
