"""Computes a quick PDQ of a frame: good enough to compare two frames of one clip, at a tenth of the cost.

For frames of one size and kind, distances differ by only a few bits from those of real hashes. It is never sent.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from takedown_cli.hashing.decoded import Pixels
from takedown_cli.hashing.fingerprint.pdq import hex_values, transform_block
from takedown_cli.hashing.fingerprint.pdq_downsample import SIDE, downsample

#: Rows and columns picked for each of the 64 x 64 cells.
_PICKED = 4


def quick_pdq(luma: Pixels) -> int:
    """Return 256 bits of H x W luma (0 to 255): as PDQ, but of 16 samples a cell. About 0.1 ms, whatever the size."""
    height, width = luma.shape
    if min(height, width) < SIDE * _PICKED:
        block = downsample(luma)
    else:
        rows = luma[_pick_evenly(height)].reshape(SIDE, _PICKED, width).sum(axis=1, dtype=np.uint16)
        cells = rows[:, _pick_evenly(width)].reshape(SIDE, SIDE, _PICKED).sum(axis=2, dtype=np.uint16)
        block = cells.astype(np.float64)
    return int(hex_values(transform_block(block)[None])[0], 16)


@lru_cache(maxsize=16)
def _pick_evenly(size: int) -> npt.NDArray[np.int64]:
    count = SIDE * _PICKED
    return (2 * np.arange(count, dtype=np.int64) + 1) * size // (2 * count)
