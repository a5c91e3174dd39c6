"""Regions: rectangles of marked pixels, grown line by line from where the marks are densest."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from takedown_cli.core.model import Box
from takedown_cli.hashing.readings.grounds import Mask

#: Side of the blocks in which seeds are looked for, in pixels, and the share of a seed's that has to be marked.
_BLOCK, _SEED = 8, 0.8
#: A line belongs to the region if this share of it is marked.
_LINE = 0.4
#: Rounds of growing both ways.
_ROUNDS = 4

_Counts = npt.NDArray[np.int32]


def grow_regions(marked: Mask, gaps: tuple[int, ...], most: int) -> list[Box]:
    """Return for each of ``gaps`` at most ``most`` rectangles of marked pixels.

    Up to ``gap`` lines inside a rectangle may be unmarked.
    """
    height, width = marked.shape
    down, across = height // _BLOCK, width // _BLOCK
    if min(down, across) < 1:
        return []
    # Sums of everything above and to the left: the marks of any line between two others are then two of them.
    sums = np.zeros((height + 1, width + 1), np.int32)
    np.cumsum(marked, axis=0, dtype=np.int32, out=sums[1:, 1:])
    np.cumsum(sums[1:, 1:], axis=1, out=sums[1:, 1:])
    corners = sums[: down * _BLOCK + 1 : _BLOCK, : across * _BLOCK + 1 : _BLOCK]
    blocks = np.diff(np.diff(corners, axis=0), axis=1) / _BLOCK**2
    # Among blocks that are full enough the one in the middle of full ones is the best seed.
    padded = np.pad(blocks, 1, mode="edge")
    rows = padded[:-2] + padded[1:-1] + padded[2:]
    density = np.where(blocks >= _SEED, rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:], 0)
    return [box for gap in gaps for box in _grow_from_seeds(sums, density.copy(), gap, most)]


def _grow_from_seeds(sums: _Counts, density: npt.NDArray[np.float64], gap: int, most: int) -> list[Box]:
    found: list[Box] = []
    while len(found) < most:
        row, column = divmod(int(density.argmax()), density.shape[1])
        if density[row, column] == 0:
            break
        box = _grow(sums, (column * _BLOCK, row * _BLOCK, (column + 1) * _BLOCK, (row + 1) * _BLOCK), gap)
        found.append(box)
        density[box[1] // _BLOCK : -(-box[3] // _BLOCK), box[0] // _BLOCK : -(-box[2] // _BLOCK)] = 0
        density[row, column] = 0
    return found


def _grow(sums: _Counts, box: Box, gap: int) -> Box:
    left, top, right, bottom = box
    for _ in range(_ROUNDS):
        before = (left, top, right, bottom)
        rows = sums[:, right] - sums[:, left]
        top, bottom = _find_run(rows[1:] - rows[:-1] >= _LINE * (right - left), (top + bottom) // 2, gap)
        columns = sums[bottom] - sums[top]
        left, right = _find_run(columns[1:] - columns[:-1] >= _LINE * (bottom - top), (left + right) // 2, gap)
        if (left, top, right, bottom) == before:
            break
    return left, top, right, bottom


def _find_run(full: Mask, at: int, gap: int) -> tuple[int, int]:
    """Return start and end of the run of full lines around ``at``; gaps of up to ``gap`` lines do not end it."""
    (lines,) = full.nonzero()
    if len(lines) == 0:
        return at, at + 1
    (ends,) = (lines[1:] - lines[:-1] > gap + 1).nonzero()
    nearest = int(lines.searchsorted(at))
    if nearest == len(lines) or (nearest and at - lines[nearest - 1] <= lines[nearest] - at):
        nearest -= 1
    run = int(ends.searchsorted(nearest))
    first = int(lines[ends[run - 1] + 1]) if run else int(lines[0])
    last = int(lines[ends[run]]) if run < len(ends) else int(lines[-1])
    return first, last + 1
