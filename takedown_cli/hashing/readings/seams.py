"""Seams: straight lines along which most pixels jump, as at the sides of a picture and between those of a collage."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from takedown_cli.core.model import Box
from takedown_cli.hashing.readings.reduced import Colours

Boxes = npt.NDArray[np.intp]
#: Levels of a jump, and how much larger the share of jumping pixels has to be than in the lines around.
_JUMP, _MORE = 6, 0.25
#: Seams of a box along one axis at most, and pixels between them at least.
_MOST, _APART = 3, 2
#: Nine lines on either side of a seam are compared with it, but not the three next to it.
_BESIDE = np.repeat([1 / 18, 0, 1 / 18], [9, 7, 9])
#: Pixels of a part's side at least.
_SMALLEST = 12


class Seams:
    """Where neighbouring pixels of a small picture jump, counted along its lines."""

    def __init__(self, small: Colours) -> None:
        #: For each line between two rows (or columns) how many of its first pixels jump. The edges of the picture do.
        self._rows = _count_jumps(small)
        self._columns = _count_jumps(small.swapaxes(1, 2))

    def measure_sides(self, boxes: Boxes) -> npt.NDArray[np.float64]:
        """Return the shares (N x 4) of the left, top, right and lower side of N boxes along which the pixels jump."""
        left, top, right, bottom = boxes.T
        return np.stack([
            _measure_share(self._columns, left, top, bottom), _measure_share(self._rows, top, left, right),
            _measure_share(self._columns, right, top, bottom), _measure_share(self._rows, bottom, left, right),
        ], axis=1)  # fmt: skip

    def find_parts(self, box: Box) -> Iterator[Box]:
        """Yield the parts of a box between its seams, along each axis and along both; not the box itself."""
        rows, columns = self._cut_rows(box), self._cut_columns(box)
        yield from rows
        yield from columns
        # Seams that go through a part alone, as where one of two pictures stands above two others.
        for part in rows:
            yield from self._cut_columns(part)
        for part in columns:
            yield from self._cut_rows(part)

    def _cut_rows(self, box: Box) -> list[Box]:
        left, top, right, bottom = box
        return [(left, start, right, end) for start, end in _cut(self._rows, top, bottom, left, right)]

    def _cut_columns(self, box: Box) -> list[Box]:
        left, top, right, bottom = box
        return [(start, top, end, bottom) for start, end in _cut(self._columns, left, right, top, bottom)]


def _count_jumps(lines: Colours) -> npt.NDArray[np.int32]:
    """Return sums (N + 1 x K + 1) along the lines between N lines of K pixels; the first and last line are full."""
    _, count, length = lines.shape
    sums = np.zeros((count + 1, length + 1), np.int32)
    jumps = np.abs(lines[:, 1:] - lines[:, :-1]).max(axis=0) > _JUMP
    np.cumsum(jumps, axis=1, out=sums[1:-1, 1:])
    sums[0] = sums[-1] = np.arange(length + 1)
    return sums


def _measure_share(sums: npt.NDArray[np.int32], at: Boxes, start: Boxes, end: Boxes) -> npt.NDArray[np.float64]:
    """Return the share of jumps from ``start`` to ``end`` on the fullest of the lines ``at`` and beside it."""
    near = np.clip(at + np.array([[0], [-1], [1]]), 0, len(sums) - 1)
    counts: npt.NDArray[np.float64] = (sums[near, end] - sums[near, start]).max(axis=0) / np.maximum(end - start, 1)
    return counts


def _cut(sums: npt.NDArray[np.int32], first: int, last: int, start: int, end: int) -> list[tuple[int, int]]:
    """Return first and last line of each part between two of the seams from ``start`` to ``end``, or an end."""
    places = sorted({first, *_find_seams(sums[first : last + 1], start, end, first), last})
    parts = [(place, other) for number, place in enumerate(places) for other in places[number + 1 :]]
    return [(place, other) for place, other in parts if _SMALLEST <= other - place < last - first]


def _find_seams(sums: npt.NDArray[np.int32], start: int, end: int, first: int) -> list[int]:
    """Return before which lines the strongest seams of ``sums`` lie, which begin with line ``first``."""
    if len(sums) <= _SMALLEST:
        return []
    shares = (sums[:, end] - sums[:, start]) / (end - start)
    # The ends are no seams, and are not compared with.
    shares[0], shares[-1] = shares[1], shares[-2]
    before, after = (np.full(len(_BESIDE) // 2, share) for share in (shares[0], shares[-1]))
    # What is jumping around a seam anyhow is texture.
    stronger = shares - np.convolve(np.concatenate([before, shares, after]), _BESIDE, "valid")
    stronger[0] = stronger[-1] = 0
    found: list[int] = []
    while len(found) < _MOST:
        best = int(stronger.argmax())
        if stronger[best] < _MORE:
            break
        found.append(first + best)
        stronger[max(0, best - _APART + 1) : best + _APART] = 0
    return found
