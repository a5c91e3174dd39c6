"""Makes a small upright luma of a picture, so that copies can be predicted without decoding it again.

Each pixel is the mean of a block of the picture. In tall blocks only a few evenly spread rows are read, which changes a
predicted hash by half a bit.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from takedown_cli.hashing.decoded import AS_STORED, Floats, Orientation, Pixels
from takedown_cli.hashing.fingerprint.pdq_downsample import LUMA

#: Pixels on the long side; smaller pictures stay as they are.
SIDE = 512
#: Rows of a block that are read: two thirds of a 12-megapixel picture need not come out of memory again.
_ROWS = 3
#: Blocks, one below the other, that are worked on at a time.
_BAND = 8
# Thousandths: sums of bytes times whole numbers are exact in any order, so no BLAS kernel shows.
_THOUSAND = 1000
_WEIGHTS = np.array([round(_THOUSAND * weight) for weight in LUMA], np.float32)


def make_thumbnail(pixels: Pixels, orientation: Orientation = AS_STORED) -> Floats:
    """Return H x W luma (float32, 0 to 255), upright by ``orientation``; ``pixels`` as for ``pdq_downsample``."""
    scale = min(1.0, SIDE / max(pixels.shape[:2]))
    rows, columns = (
        np.arange(blocks + 1, dtype=np.int64) * size // blocks
        for size in pixels.shape[:2]
        for blocks in (max(1, round(size * scale)),)
    )
    sums: Floats = np.add.reduceat(_average_rows(pixels, pick_rows(rows)), columns[:-1], axis=1)
    sums /= (np.diff(columns) * _THOUSAND).astype(np.float32)
    sums = sums[:: -1 if orientation.flip_rows else 1, :: -1 if orientation.flip_columns else 1]
    return np.ascontiguousarray(sums.T if orientation.transpose else sums)


def pick_rows(edges: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return B x R: the rows that stand for each of the blocks between ``edges``; a lower block repeats some."""
    heights = np.diff(edges)[:, None]
    count = min(_ROWS, int(heights.max()))
    return edges[:-1, None] + heights * (2 * np.arange(count) + 1) // (2 * count)


def _average_rows(pixels: Pixels, picks: npt.NDArray[np.int64]) -> Floats:
    """Return B x W: the mean of each block's rows, as thousandths of luma."""
    width = pixels.shape[1]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    weights = np.zeros(channels, np.float32)
    weights[:3] = _WEIGHTS if channels > 1 else _THOUSAND
    rows = np.ascontiguousarray(pixels).reshape(len(pixels), -1)
    lines = np.empty((len(picks), width), np.float32)
    for top in range(0, len(picks), _BAND):
        some = picks[top : top + _BAND]
        luma = rows[some.ravel()].reshape(*some.shape, width, channels).astype(np.float32) @ weights
        np.add.reduce(luma, axis=1, out=lines[top : top + _BAND])
    lines /= np.float32(picks.shape[1])
    return lines
