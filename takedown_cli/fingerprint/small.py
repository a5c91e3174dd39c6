"""A small upright luma of any picture, from which predicted copies are computed without decoding again.

It guarantees exact block means over the whole picture, at most ``SIDE`` on the long side, aspect kept.
It must never crop, sharpen or enlarge.
"""

from __future__ import annotations

import numpy as np

from takedown_cli.fingerprint.tent import AS_STORED, LUMA, Floats, Pixels, Turn

#: Pixels on the long side; smaller pictures stay as they are.
SIDE = 512


def small_luma(pixels: Pixels, turn: Turn = AS_STORED) -> Floats:
    """H x W luma (float32, 0 to 255), upright by ``turn``; ``pixels`` as for ``tent.reduce``."""
    height, width = pixels.shape[:2]
    scale = min(1.0, SIDE / max(height, width))
    rows, columns = (_edges(size, max(1, round(size * scale))) for size in (height, width))
    lines = _row_sums(np.ascontiguousarray(pixels).reshape(height, -1), rows).reshape(len(rows) - 1, width, -1)
    if lines.shape[2] == 1:
        luma = lines[:, :, 0]
    else:
        luma = lines[:, :, 0] * np.float32(LUMA[0])
        luma += lines[:, :, 1] * np.float32(LUMA[1])
        luma += lines[:, :, 2] * np.float32(LUMA[2])
    sums: Floats = np.add.reduceat(luma, columns[:-1], axis=1)
    sums /= np.outer(np.diff(rows), np.diff(columns)).astype(np.float32)
    sums = sums[:: -1 if turn.flip_rows else 1, :: -1 if turn.flip_columns else 1]
    return np.ascontiguousarray(sums.T if turn.transpose else sums)


def _edges(size: int, blocks: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.arange(blocks + 1, dtype=np.int64) * size // blocks


def _row_sums(rows: Pixels, edges: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Floats:
    # 16-bit sums are twice as fast as float ones, and hold 257 rows of 255: a picture of 131,000 pixels' height.
    tallest = int(np.diff(edges).max())
    kind = np.dtype(np.uint16 if tallest <= 257 else np.uint32)
    band = np.empty((tallest, rows.shape[1]), kind)
    sums = np.empty((len(edges) - 1, rows.shape[1]), kind)
    for index, (start, stop) in enumerate(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)):
        part = band[: stop - start]
        np.copyto(part, rows[start:stop])
        np.add.reduce(part, axis=0, dtype=kind, out=sums[index])
    return sums.astype(np.float32)
