"""What lies over a picture, flat bars as over eyes, white signs and words: filled from what is around it."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from takedown_cli.core.model import Box
from takedown_cli.hashing.decoded import Floats, Pixels
from takedown_cli.hashing.readings.grounds import Mask
from takedown_cli.hashing.readings.reduced import Colours
from takedown_cli.hashing.readings.regions import grow_regions

#: Share of the picture that a bar covers, at least and at most, and of its own box.
_SMALLEST, _LARGEST, _FULL = 0.003, 0.2, 0.8
_MOST = 4
#: Black and white, and the levels that a bar may differ from its colour.
_USUAL = (np.zeros(3, np.int16), np.full(3, 255, np.int16))
_NEAR = 14
#: Pixels around a flat bar that belong to it or to its blurred edge, and how many beyond are looked at.
_MARGIN, _LOOK = 3, 3
#: The least of a white pixel's three colours, and levels by which a sign is brighter than what there is around it.
_WHITE, _BRIGHTER = 190, 35
#: Share of a picture that signs and words cover, at least and at most.
_FEW, _MANY = 0.002, 0.2
#: Pixels in either direction that are looked at around a white one, and of a sign's blurred edge.
_REACH, _EDGE = 16, 2


def find_bars(small: Colours, flat: Mask, grounds: list[Colours]) -> list[Box]:
    """Return the flat bars inside a picture that touch no side of it: black, white, or of a colour that covers much.

    ``grounds`` are those colours.
    """
    height, width = flat.shape
    bars: list[Box] = []
    for colour in (*_USUAL, *grounds):
        bar = flat & (np.abs(small - colour[:, None, None]).max(axis=0) <= _NEAR)
        if np.count_nonzero(bar) < _SMALLEST * _FULL * flat.size:
            continue
        for left, top, right, bottom in grow_regions(bar, (0,), _MOST):
            share = (bottom - top) * (right - left) / flat.size
            full = bar[top:bottom, left:right].mean() >= _FULL
            inside = left > 1 and top > 1 and right < width - 1 and bottom < height - 1
            if _SMALLEST <= share <= _LARGEST and full and inside:
                bars.append((left, top, right, bottom))
    return bars


def fill_bars(small: Colours, bars: list[Box]) -> Floats:
    """Return the picture (float32, 3 x h x w) with each bar filled from its four sides, nearer ones counting more."""
    filled = small.astype(np.float32)
    _, height, width = small.shape
    for bar in bars:
        left, top, right, bottom = (
            max(1, bar[0] - _MARGIN), max(1, bar[1] - _MARGIN),
            min(width - 1, bar[2] + _MARGIN), min(height - 1, bar[3] + _MARGIN),
        )  # fmt: skip
        down = np.arange(top, bottom, dtype=np.float32)[:, None]
        across = np.arange(left, right, dtype=np.float32)
        sides = (
            (filled[:, top:bottom, max(0, left - _LOOK) : left].mean(axis=2)[:, :, None], 1 / (across - left + 1)),
            (filled[:, top:bottom, right : right + _LOOK].mean(axis=2)[:, :, None], 1 / (right - across)),
            (filled[:, max(0, top - _LOOK) : top, left:right].mean(axis=1)[:, None], 1 / (down - top + 1)),
            (filled[:, bottom : bottom + _LOOK, left:right].mean(axis=1)[:, None], 1 / (bottom - down)),
        )
        filled[:, top:bottom, left:right] = sum(c * w for c, w in sides) / sum(w for _, w in sides)
    return filled


def fill_signs(small: Colours) -> Floats | None:
    """Return the picture in grey (float32, h x w) with white signs and words filled by what there is around them.

    Apps lay them over what they show. None if there are too few to hide the picture, or too many to see it.
    """
    white = small.min(axis=0) >= _WHITE
    if not white.size or white.mean() < _FEW:
        return None
    grey = (small.sum(axis=0) // 3).astype(np.uint8)
    signs: Mask = white & (grey.astype(np.int16) - _mean_around(grey) > _BRIGHTER)
    for _ in range(_EDGE):
        for lines in (signs, signs.T):
            grown = lines.copy()
            grown[1:] |= lines[:-1]
            grown[:-1] |= lines[1:]
            lines[:] = grown
    if not _FEW <= signs.mean() <= _MANY:
        return None
    shares = _mean_around(np.where(signs, np.uint8(0), np.uint8(255))).astype(np.float32) / 255
    around = _mean_around(np.where(signs, np.uint8(0), grey)) / np.maximum(shares, 1 / 255)
    return np.where(signs, around, grey).astype(np.float32)


def _mean_around(values: Pixels) -> Pixels:
    """Return for each of h x w values the mean of those around it, up to ``_REACH`` away both ways."""
    return np.asarray(Image.fromarray(values).filter(ImageFilter.BoxBlur(_REACH)))
