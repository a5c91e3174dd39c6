"""The values that decoders give to the fingerprints: pictures and frames as stored, and how a file ended."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from takedown_cli.core.reasons import Reason
from takedown_cli.core.variants import UPRIGHT

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Orientation:
    """How stored pixels become upright: flip stored rows, flip stored columns, then transpose."""

    flip_rows: bool = False
    flip_columns: bool = False
    transpose: bool = False


#: What to do for each value of Exif's orientation (Exif 2.32, tag 0x0112).
ORIENTATIONS: dict[int, Orientation] = {
    1: Orientation(),
    2: Orientation(flip_columns=True),
    3: Orientation(flip_rows=True, flip_columns=True),
    4: Orientation(flip_rows=True),
    5: Orientation(transpose=True),
    6: Orientation(flip_rows=True, transpose=True),
    7: Orientation(flip_rows=True, flip_columns=True, transpose=True),
    8: Orientation(flip_columns=True, transpose=True),
}
AS_STORED = ORIENTATIONS[1]


def turn_upright(pixels: Pixels, orientation: Orientation) -> Pixels:
    """Return a view of the stored pixels as a person sees them. It is slow to read when it is transposed."""
    view = pixels[:: -1 if orientation.flip_rows else 1, :: -1 if orientation.flip_columns else 1]
    return view.swapaxes(0, 1) if orientation.transpose else view


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One picture as stored.

    ``stored``: uint8, H x W or H x W x C with R, G, B first, valid until the next picture is asked for.
    ``orientation`` (Exif, 1 to 8) makes it upright. ``misread``: the pixels that python-threatexchange would see, and
    ``shown``: those of deep grey that a viewer would show, where they differ. ``alpha``: H x W, 0 (clear) to 255
    (opaque), None where all is opaque.
    ``index`` and ``timestamp`` (seconds) place it in an animation or among pages. ``height`` and ``width`` are the
    stored picture's before scaling; ``shrink`` is the scale, 1 unless a fast decode was asked for. ``variant`` names
    what the upright pixels show, one of ``core.variants.FINDS_PICTURE``.
    """

    stored: Pixels
    orientation: int
    height: int
    width: int
    misread: Pixels | None = None
    alpha: Pixels | None = None
    index: int | None = None
    timestamp: float | None = None
    shrink: int = 1
    variant: str = UPRIGHT
    shown: Pixels | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One frame of a video as stored.

    ``index`` counts shown frames from 0, ``timestamp`` is in seconds from the first one, ``orientation`` (Exif, 1 to 8)
    makes it upright. ``pixels`` is H x W x 3 RGB, uint8. A frame from between key frames may be H x W, its luma; times
    ``contrast`` that has the range of luma made from RGB. ``alpha`` is as in ``Picture``; such a frame is always RGB.
    """

    index: int
    timestamp: float
    pixels: Pixels
    orientation: int
    contrast: float = 1.0
    alpha: Pixels | None = None


@dataclass(frozen=True, slots=True)
class End:
    """The last value of a file: its seconds, what is missing, or why no picture or frame came.

    ``failed`` is one of ``reasons.FAILED``, or ``UNSUPPORTED``, or ``NOT_MEDIA`` for sound.
    """

    duration: float | None = None
    partial: Reason | None = None
    failed: Reason | None = None
