"""Flat ground: the few colours of a screen, page or chat on which other things stand."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from takedown_cli.hashing.readings.reduced import Colours

Mask = npt.NDArray[np.bool_]
#: Levels that the pixels around a flat one may span.
_FLAT = 6
#: Levels that a pixel may differ from a ground and still be of it.
_NEAR = 12
#: Levels that a pixel of the very colour of a ground differs from it, and levels that count as one colour at first.
_EXACT, _BIN = 2, 8
#: Share of all pixels that a colour has to cover in flat areas, and how many grounds there are at most.
_COVER, _MOST = 0.04, 3
#: Pixels of either end of a row.
_MARGIN = 4


def find_flat(small: Colours) -> Mask:
    """Return which pixels (h x w) have eight neighbours like themselves."""
    low = high = small
    for axis in (1, 2):
        low, high = _over_three(low, axis, np.minimum), _over_three(high, axis, np.maximum)
    flat: Mask = (high - low).max(axis=0) <= _FLAT
    return flat


def _over_three(values: Colours, axis: int, combine: np.ufunc) -> Colours:
    """Return for each pixel the least or greatest of it and its two neighbours along an axis."""
    result = values.copy()
    along, source = np.moveaxis(result, axis, 0), np.moveaxis(values, axis, 0)
    combine(along[1:], source[:-1], out=along[1:])
    combine(along[:-1], source[1:], out=along[:-1])
    return result


def find_grounds(small: Colours, flat: Mask) -> list[Colours]:
    """Return the colours (3) that cover much of the picture in flat areas, the commonest first."""
    steps = (small >> 3).astype(np.int32)
    counts = np.bincount((steps[0] << 10 | steps[1] << 5 | steps[2])[flat], minlength=1 << 15)
    common = np.flatnonzero(counts >= _COVER * flat.size)
    ordered = common[np.argsort(-counts[common], kind="stable")][:_MOST].tolist()
    return [np.array([key >> 10, key >> 5 & 31, key & 31], np.int16) * 8 + 4 for key in ordered]


def stands_out(small: Colours, grounds: list[Colours]) -> Mask:
    """Return which pixels (h x w) are of none of the grounds."""
    other = np.ones(small.shape[1:], np.bool_)
    for ground in grounds:
        other &= np.abs(small - ground[:, None, None]).max(axis=0) > _NEAR
    return other


def stands_out_exactly(small: Colours, flat: Mask, ground: Colours) -> Mask:
    """Return which pixels (h x w) are not of the very colour of a ground: a picture may be nearly as dark or light."""
    near = flat & (np.abs(small - ground[:, None, None]).max(axis=0) <= _BIN // 2)
    colour = np.median(small[:, near], axis=1)
    other: Mask = np.abs(small - colour[:, None, None]).max(axis=0) > _EXACT
    return other


def stands_out_of_margins(small: Colours) -> Mask:
    """Return which pixels differ from the colours that their row has at its left and right end, as on a colour ramp."""
    width = small.shape[2]
    ends = [np.median(small[:, :, part], axis=2) for part in (slice(None, _MARGIN), slice(-_MARGIN, None))]
    along = np.linspace(0, 1, width, dtype=np.float32)
    other = np.zeros(small.shape[1:], np.bool_)
    # A colour at a time stays in the processor's cache.
    for plane, left, right in zip(small, *ends, strict=True):
        apart = left[:, None] * (1 - along)
        apart += right[:, None] * along
        np.subtract(plane, apart, out=apart)
        other |= np.abs(apart, out=apart) > _NEAR
    return other
