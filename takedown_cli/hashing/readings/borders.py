"""Uniform borders: lines at the edge of a picture that are nearly all of one colour."""

from __future__ import annotations

import numpy as np

from takedown_cli.core.model import Box
from takedown_cli.hashing.readings.reduced import Colours

#: Levels that a pixel may differ from the colour of its border, and the share of a line that has to be that near.
_LEVELS, _SHARE = 14, 0.985
#: Pixels that are left of each side at least.
_LEAST = 24
#: A border may have another one inside it.
_ROUNDS = 3


def trim_borders(small: Colours) -> Box:
    """Return what is left when uniform borders are taken off; each side has a colour of its own."""
    _, height, width = small.shape
    left, top, right, bottom = 0, 0, width, height
    for _ in range(_ROUNDS):
        before = (left, top, right, bottom)
        top += _border_depth(small[:, top:bottom, left:right])
        bottom -= _border_depth(small[:, top:bottom, left:right][:, ::-1])
        left += _border_depth(small[:, top:bottom, left:right].swapaxes(1, 2))
        right -= _border_depth(small[:, top:bottom, left:right].swapaxes(1, 2)[:, ::-1])
        if (left, top, right, bottom) == before:
            break
    return left, top, right, bottom


def _border_depth(lines: Colours) -> int:
    """Return how many of the first lines (3 x N x K) are of the colour of the first one, itself uniform."""
    _, count, length = lines.shape
    if count <= _LEAST or length == 0:
        return 0
    colour = np.median(lines[:, 0], axis=1).astype(np.int16)[:, None, None]
    far = int((1 - _SHARE) * length)
    for first in range(0, count - _LEAST, _LEAST):
        some = lines[:, first : min(first + _LEAST, count - _LEAST)]
        inside = (np.abs(some - colour).max(axis=0) > _LEVELS).sum(axis=1) > far
        if inside.any():
            return first + int(inside.argmax())
    return int(count - _LEAST)
