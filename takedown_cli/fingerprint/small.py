"""A small upright luma of any picture, from which predicted copies are computed without decoding again.

It guarantees means over blocks that tile the picture, at most ``SIDE`` on the long side, aspect kept. Of tall blocks a
few evenly spread rows stand for all, which moves a predicted hash by half a bit.
It must never crop, sharpen or enlarge.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from takedown_cli.fingerprint.tent import AS_STORED, LUMA, Floats, Pixels, Turn

#: Pixels on the long side; smaller pictures stay as they are.
SIDE = 512
#: Rows of a block that are read: two thirds of a 12-megapixel picture need not come out of memory again.
_ROWS = 3
#: Blocks, one below the other, that are worked on at a time.
_BAND = 8
# Thousandths: sums of bytes times whole numbers are exact in any order, so no BLAS kernel shows.
_THOUSAND = 1000
_WEIGHTS = np.array([round(_THOUSAND * weight) for weight in LUMA], np.float32)


def small_luma(pixels: Pixels, turn: Turn = AS_STORED) -> Floats:
    """H x W luma (float32, 0 to 255), upright by ``turn``; ``pixels`` as for ``tent.reduce``."""
    height, width = pixels.shape[:2]
    scale = min(1.0, SIDE / max(height, width))
    rows, columns = (_edges(size, max(1, round(size * scale))) for size in (height, width))
    sums: Floats = np.add.reduceat(_lines(pixels, _picks(rows)), columns[:-1], axis=1)
    sums /= (np.diff(columns) * _THOUSAND).astype(np.float32)
    sums = sums[:: -1 if turn.flip_rows else 1, :: -1 if turn.flip_columns else 1]
    return np.ascontiguousarray(sums.T if turn.transpose else sums)


def _edges(size: int, blocks: int) -> npt.NDArray[np.int64]:
    return np.arange(blocks + 1, dtype=np.int64) * size // blocks


def _picks(edges: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """B x R: the rows that stand for each of the blocks between ``edges``; a lower block repeats some."""
    heights = np.diff(edges)[:, None]
    count = min(_ROWS, int(heights.max()))
    return edges[:-1, None] + heights * (2 * np.arange(count) + 1) // (2 * count)


def _lines(pixels: Pixels, picks: npt.NDArray[np.int64]) -> Floats:
    """B x W: the mean of each block's rows, as thousandths of luma."""
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
