"""A quick sketch of a frame: enough of PDQ to tell how far two frames of one clip lie apart, at a tenth of the cost.

It guarantees distances within a few bits of those of the real hashes, for frames of one size and kind.
It must never be listed, nor be compared with a real hash.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from takedown_cli.fingerprint import pdq, tent

#: Rows and columns picked for each of the 64 x 64 cells.
_PICKED = 4


def sketch(luma: npt.NDArray[np.uint8]) -> int:
    """256 bits of H x W luma (0 to 255): as PDQ, but of 16 samples a cell. About 0.1 ms, whatever the size."""
    height, width = luma.shape
    if min(height, width) < tent.SIDE * _PICKED:
        return int(pdq.hashes(pdq.transform(tent.reduce(luma))[None])[0], 16)
    rows = luma[_picks(height)].reshape(tent.SIDE, _PICKED, width).sum(axis=1, dtype=np.uint16)
    cells = rows[:, _picks(width)].reshape(tent.SIDE, tent.SIDE, _PICKED).sum(axis=2, dtype=np.uint16)
    return int(pdq.hashes(pdq.transform(cells.astype(np.float64))[None])[0], 16)


@lru_cache(maxsize=16)
def _picks(size: int) -> npt.NDArray[np.int64]:
    """Evenly spread over the axis."""
    count = tent.SIDE * _PICKED
    return (2 * np.arange(count, dtype=np.int64) + 1) * size // (2 * count)
