"""Seams: straight lines across the whole picture along which most pixels jump, as between the cells of a collage."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from takedown_cli.core.model import Box
from takedown_cli.hashing.readings.reduced import Upload

#: Levels of a jump, and how much larger the share of jumping pixels has to be than in the lines around.
_JUMP, _MORE = 8, 0.25
#: Share of a side near either end where no seam is looked for.
_END = 0.12
#: Pixels of a side of the small picture at least.
_SMALLEST = 60


def find_cells(upload: Upload) -> list[Box]:
    """Return the halves and quarters of a collage, at most eight; nothing where no seam goes through."""
    if min(upload.small.shape[1:]) < _SMALLEST:
        return []
    y, x = (_find_seam(lines) for lines in (upload.small[1], upload.small[1].T))
    height, width = upload.small.shape[1:]
    cells: list[Box] = []
    if x is not None:
        cells += [(0, 0, x, height), (x, 0, width, height)]
    if y is not None:
        cells += [(0, 0, width, y), (0, y, width, height)]
    if x is not None and y is not None:
        cells += [(0, 0, x, y), (x, 0, width, y), (0, y, x, height), (x, y, width, height)]
    return [upload.enlarge(cell) for cell in cells]


def _find_seam(lines: npt.NDArray[np.int16]) -> int | None:
    """Return before which of the lines of green the strongest seam lies."""
    jumps = (np.abs(lines[1:] - lines[:-1]) > _JUMP).mean(axis=1)
    around = _median_around(jumps)
    stronger = jumps - around
    end = max(1, round(_END * len(jumps)))
    stronger[:end] = stronger[-end:] = 0
    best = int(stronger.argmax())
    return best + 1 if stronger[best] >= _MORE else None


def _median_around(jumps: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return for each line the median of the nine lines before and after it that do not touch it."""
    padded = np.pad(jumps, 12, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 25)
    middle: npt.NDArray[np.float64] = np.median(windows[:, np.r_[0:9, 16:25]], axis=1)
    return middle
