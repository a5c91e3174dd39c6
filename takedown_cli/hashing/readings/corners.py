"""Rounded corners, as apps give to pictures: filled from the picture beside them."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from takedown_cli.hashing.decoded import Floats, Pixels

#: Luma, or stored pixels.
P = TypeVar("P", Floats, Pixels)
#: Share of the shorter side that a corner is looked for in.
_REACH = 0.14
#: Levels that a pixel may differ from the corner's.
_NEAR = 24
#: Pixels of the shorter side for one of the blurred edge between a corner and the picture.
_BLUR = 128
#: Share of the corner's square that is ground: less is no round corner, more is a plain area of the picture.
_LEAST, _MOST = 0.01, 0.4
#: Floats by which one row of a corner may be longer than the one before it.
_UNEVEN = 2


def fill_corners(picture: P) -> P:
    """Return a copy of H x W or H x W x C pixels whose rounded corners show what the picture has beside them."""
    filled = picture.copy()
    side = min(picture.shape[:2])
    reach, blur = int(_REACH * side), max(1, side // _BLUR)
    if reach > blur:
        for down in (1, -1):
            for across in (1, -1):
                _fill_corner(filled[::down, ::across][:reach, :reach], blur)
    return filled


def _fill_corner(corner: Floats | Pixels, blur: int) -> None:
    """Fill the square's first corner in place, row by row from the first pixel that is not ground."""
    far = np.abs(corner.astype(np.float32) - corner[0, 0])
    ground = (far if far.ndim == 2 else far.max(axis=2)) <= _NEAR
    lengths = np.logical_and.accumulate(ground, axis=1).sum(axis=1)
    # A round corner is ground in each of its first rows, the widest one first.
    rows = int(np.logical_and.accumulate(lengths > 0).sum())
    share = lengths[:rows].sum() / ground.size
    whole = rows == len(corner) or lengths[0] == len(corner)
    if whole or not _LEAST <= share <= _MOST or (np.diff(lengths[:rows]) > _UNEVEN).any():
        return
    for row in range(rows):
        beside = min(lengths[row] + blur, len(corner) - 1)
        corner[row, :beside] = corner[row, beside]
