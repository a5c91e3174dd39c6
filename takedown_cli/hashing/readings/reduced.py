"""An upload in two sizes: a small one for looking for rectangles, a large one for exact edges and for hashing."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt
from PIL import Image

from takedown_cli.core.model import Box
from takedown_cli.hashing.decoded import Pixels

Colours = npt.NDArray[np.int16]
#: Pixels on the long side at most, of the large and the small size. The picture is reduced by a whole number.
LARGE, SMALL = 2400, 480


class Upload:
    """``small`` is int16, 3 x h x w, ``luma`` uint8, H x W: the upload in two sizes, the long side limited."""

    def __init__(self, pixels: Pixels) -> None:
        """``pixels`` are upright: uint8, H x W grey, or H x W x C with R, G, B first."""
        self._pixels = pixels if pixels.ndim == 2 else pixels[:, :, :3]
        self.small: Colours = _reduce_colours(self._pixels)

    @cached_property
    def drawn(self) -> Image.Image:
        """The upload in grey. It is made only where it is asked for."""
        drawn = Image.fromarray(np.ascontiguousarray(self._pixels)).convert("L")
        return drawn.reduce(-(-max(drawn.size) // LARGE)) if max(drawn.size) > LARGE else drawn

    @cached_property
    def luma(self) -> Pixels:
        """``drawn`` as H x W."""
        return np.asarray(self.drawn)

    def enlarge(self, box: Box) -> Box:
        """Return a box of ``small`` as one of ``luma``."""
        down, across = (self.luma.shape[axis] / self.small.shape[axis + 1] for axis in (0, 1))
        left, top, right, bottom = box
        return round(left * across), round(top * down), round(right * across), round(bottom * down)


def _reduce_colours(pixels: Pixels) -> Colours:
    """Return 3 x h x w means of four pixels of each block."""
    height, width = pixels.shape[:2]
    step = -(-max(height, width) // SMALL)
    (row, other_row), (column, other_column) = (_pick_two(size, step) for size in (height, width))
    # Rows first: what is not looked at need not come out of memory.
    rows = pixels[row].astype(np.int16) + pixels[other_row]
    total = (rows[:, column] + rows[:, other_column]) >> 2
    colours = np.repeat(total[:, :, None], 3, axis=2) if pixels.ndim == 2 else total
    return np.ascontiguousarray(colours.transpose(2, 0, 1))


def _pick_two(size: int, step: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return two places in each block of ``step`` pixels; the last block may be shorter."""
    starts = np.arange(max(1, size // step)) * step
    return np.minimum(starts + step // 4, size - 1), np.minimum(starts + (3 * step) // 4, size - 1)
