"""An upload in two sizes: a small one for looking for rectangles, a large one for exact edges and for hashing."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt
from PIL import Image

from takedown_cli.core.model import Box
from takedown_cli.hashing.decoded import Floats, Pixels

Colours = npt.NDArray[np.int16]
#: Pixels on the long side at most, of the large and the small size. The picture is reduced by a whole number.
LARGE, SMALL = 2400, 480
#: A box is read at half size from this many pixels for each one that is wanted, and at a quarter from twice as many.
_HALVED = 3
#: Rows whose luma is computed at once.
_ROWS = 16


class Upload:
    """``small`` is int16, 3 x h x w, ``luma`` uint8, H x W: the upload in two sizes, the long side limited."""

    def __init__(self, pixels: Pixels) -> None:
        """``pixels`` are upright: uint8, H x W grey, or H x W x C with R, G, B first."""
        self._pixels = pixels if pixels.ndim == 2 else pixels[:, :, :3]
        self.small: Colours = _reduce_colours(self._pixels)

    @cached_property
    def drawn(self) -> Image.Image:
        """The upload in grey. It is made only where it is asked for."""
        step = -(-max(self._pixels.shape[:2]) // LARGE)
        if step > 1:
            return Image.fromarray(_pick_luma(self._pixels, step))
        return Image.fromarray(np.ascontiguousarray(self._pixels)).convert("L")

    @cached_property
    def luma(self) -> Pixels:
        """``drawn`` as H x W."""
        return np.asarray(self.drawn)

    @cached_property
    def halved(self) -> Image.Image:
        """``drawn`` at half its size."""
        return self.drawn.reduce(2)

    @cached_property
    def quartered(self) -> Image.Image:
        """``drawn`` at a quarter of its size."""
        return self.halved.reduce(2)

    def shrink(self, box: Box, side: int) -> Floats:
        """Return ``side`` x ``side`` means of a box of ``luma``."""
        left, top, right, bottom = box
        # Boxes of one upload overlap: what is large is not read again for each.
        size = min(right - left, bottom - top)
        if size >= 2 * _HALVED * side:
            return shrink_picture(self.quartered, side, (left / 4, top / 4, right / 4, bottom / 4))
        if size >= _HALVED * side:
            return shrink_picture(self.halved, side, (left / 2, top / 2, right / 2, bottom / 2))
        return shrink_picture(self.drawn, side, box)

    def enlarge(self, box: Box) -> Box:
        """Return a box of ``small`` as one of ``luma``."""
        down, across = (self.luma.shape[axis] / self.small.shape[axis + 1] for axis in (0, 1))
        left, top, right, bottom = box
        return round(left * across), round(top * down), round(right * across), round(bottom * down)

    def reduce(self, box: Box) -> Box:
        """Return a box of ``luma`` as one of ``small``."""
        down, across = (self.small.shape[axis + 1] / self.luma.shape[axis] for axis in (0, 1))
        left, top, right, bottom = box
        return round(left * across), round(top * down), round(right * across), round(bottom * down)


def shrink_picture(drawn: Image.Image, side: int, box: tuple[float, float, float, float] | None = None) -> Floats:
    """Return ``side`` x ``side`` means of a box of a picture in grey, or of all of it."""
    return np.asarray(drawn.resize((side, side), Image.Resampling.BOX, box, reducing_gap=1.5), np.float32)


def _pick_luma(pixels: Pixels, step: int) -> Pixels:
    """Return the luma of one pixel of each block, h x w. The mean of each block would take five times as long."""
    # A side shorter than half a block has one pixel all the same.
    row, column = (min(step // 2, size - 1) for size in pixels.shape[:2])
    picked = pixels[row::step, column::step]
    if picked.ndim == 2:
        return picked.copy()
    luma = np.empty(picked.shape[:2], np.uint8)
    # Some rows at a time stay in the processor's cache.
    for top in range(0, len(picked), _ROWS):
        red, green, blue = picked[top : top + _ROWS].transpose(2, 0, 1)
        # Rec. 601 in 256ths: the sum and its rounding fit into 16 bits.
        total = np.multiply(green, np.uint16(150), dtype=np.uint16)
        total += np.multiply(red, np.uint16(77), dtype=np.uint16)
        total += np.multiply(blue, np.uint16(29), dtype=np.uint16)
        luma[top : top + _ROWS] = (total + np.uint16(128)) >> 8
    return luma


def _reduce_colours(pixels: Pixels) -> Colours:
    """Return 3 x h x w means of four pixels of each block."""
    height, width = pixels.shape[:2]
    step = -(-max(height, width) // SMALL)
    rows, columns = (_pick_two(size, step) for size in (height, width))
    planes = pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
    # Slices, and not lists of places: what is not looked at need not come out of memory.
    picked = [planes[:, row, column] for row in rows for column in columns]
    total = picked[0].astype(np.int16, order="C")
    for other in picked[1:]:
        total += other
    total >>= 2
    return total if len(total) == 3 else np.repeat(total, 3, axis=0)


def _pick_two(size: int, step: int) -> tuple[slice, slice]:
    """Return two places in each whole block of ``step`` pixels, or in the only one."""
    last = step * (max(1, size // step) - 1)
    places = (min(step // 4, size - 1), min(3 * step // 4, size - 1))
    first, second = (slice(place, place + last + 1, step) for place in places)
    return first, second
