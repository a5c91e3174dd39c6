"""Furniture: the small marks of a screen around its contents, such as a clock, names, buttons and lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

import numpy as np

from takedown_cli.hashing.readings.grounds import Mask
from takedown_cli.hashing.readings.reduced import Colours

#: Height over width from which a screen is that of a phone held upright.
_PHONE = 1.6
#: Rows of a line of marks at least; its height at most, as a share of the screen's, and the share of it that is marked.
_LEAST, _LINE, _FULL = 3, 0.06, 0.7
#: Columns without marks that separate two things on a line, as a share of the width.
_APART = 0.1
#: Shares of the height of a phone where its status bar ends, where its upper furniture ends and its lower one begins.
_BAR, _TOP, _BOTTOM = 0.055, 0.14, 0.84
#: Shares of the width where the left marks of a status bar end, and its right ones begin.
_LEFT, _RIGHT = 0.4, 0.6
#: Lines of marks that there are beside a status bar, or below the bars of a browser.
_BESIDE = 2
#: The bars of a browser lie in this share of the height. Levels of their edges, and the share of the width they span.
_BROWSER, _STEP, _ACROSS = 0.25, 3, 0.7
#: Share of a line near an edge that is of one colour, and lines of the edge itself.
_PLAIN, _THIN = 0.5, 2


class Furniture(Enum):
    """How much furniture there is: none, as much as a captioned picture may have, or what only a screen has."""

    NONE = 0
    SOME = 1
    CERTAIN = 2


def may_have_furniture(small: Colours) -> bool:
    """Return whether ``find_furniture`` can find any: on a phone held upright, or below the bars of a browser."""
    _, height, width = small.shape
    return height >= _PHONE * width or (width > height and _has_bars(small))


def find_furniture(marks: Mask, small: Colours) -> Furniture:
    """Return what the marks (h x w) outside of the pictures of a screen are; ``small`` is the screen itself."""
    height, width = marks.shape
    lines = [(top, bottom, _find_clusters(marks[top:bottom])) for top, bottom in _find_lines(marks)]
    if height >= _PHONE * width:
        # Buttons and names are spread over the width, as the words of a caption are not.
        spread = [(top, bottom) for top, bottom, clusters in lines if len(clusters) > 1]
        above = any(bottom < _TOP * height for _, bottom in spread)
        below = any(top > _BOTTOM * height for top, _ in spread)
        status = any(bottom <= _BAR * height and _is_status_bar(clusters) for _, bottom, clusters in lines)
        if (above and below) or (status and len(lines) > _BESIDE):
            return Furniture.CERTAIN
        return Furniture.SOME if len(lines) > 1 else Furniture.NONE
    # A page may show nothing but the picture: then the tabs and buttons are what there is.
    buttons = any(bottom < _BROWSER * height and len(clusters) > 1 for _, bottom, clusters in lines)
    browser = width > height and (buttons or len(lines) > _BESIDE) and _has_bars(small)
    return Furniture.CERTAIN if browser else Furniture.NONE


def _find_lines(marks: Mask) -> Iterator[tuple[int, int]]:
    """Yield first and last (exclusive) row of each line of small marks."""
    height, width = marks.shape
    counts = marks.sum(axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], counts > 0, [False]])))
    for top, bottom in edges.reshape(-1, 2).tolist():
        if _LEAST <= bottom - top <= _LINE * height and counts[top:bottom].mean() <= _FULL * width:
            yield top, bottom


def _find_clusters(line: Mask) -> list[tuple[float, float]]:
    """Return start and end (0 to 1) of the marks of a line, those of one word or text together."""
    columns = np.flatnonzero(line.any(axis=0))
    ends = np.flatnonzero(np.diff(columns) > _APART * line.shape[1])
    starts, stops = np.r_[columns[:1], columns[ends + 1]], np.r_[columns[ends], columns[-1:]] + 1
    return list(zip((starts / line.shape[1]).tolist(), (stops / line.shape[1]).tolist(), strict=True))


def _is_status_bar(clusters: list[tuple[float, float]]) -> bool:
    """Return whether a line is the status bar of a phone: a clock at the left, signs at the right, nothing between."""
    sides = [end < _LEFT or start > _RIGHT for start, end in clusters]
    return all(sides) and clusters[0][1] < _LEFT and clusters[-1][0] > _RIGHT


def _has_bars(small: Colours) -> bool:
    """Return whether two edges lie across the top, between lines that are nearly plain, as those of a browser's bars.

    The tab that is open has no edge to the bar below it.
    """
    top = small[:, : int(_BROWSER * small.shape[1])]
    steps = (np.abs(top[:, 1:] - top[:, :-1]).max(axis=0) > _STEP).mean(axis=1) > _ACROSS
    if np.count_nonzero(steps) < 2:
        return False
    plain = (np.abs(top - np.median(top, axis=2, keepdims=True)).max(axis=0) <= _STEP).mean(axis=1) > _PLAIN
    # The line of an edge is a mixture of both sides, or thin and of a colour of its own.
    padded = np.pad(plain, _THIN, mode="edge")
    above = padded[: -2 * _THIN - 1] | padded[1 : -2 * _THIN]
    below = padded[2 * _THIN + 1 :] | padded[2 * _THIN : -1]
    edges = steps & above & below
    return int((np.diff(np.concatenate([[0], edges])) > 0).sum()) >= 2
