"""Predicted copies of a video's frames: the same classes as for pictures, of a few frames spread over the video.

It guarantees at most ``COPIED_FRAMES`` frames and ``BUDGET`` fingerprints a video, each labelled with derivation and
frame. It must never decode: what it needs of a frame is kept in ``small`` while the frame is at hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from takedown_cli.fingerprint import pdq, tent
from takedown_cli.fingerprint.small import small_luma
from takedown_cli.model import Fingerprint

#: Frames of a video whose copies are predicted at most, and fingerprints of them all: 44 each when there are 16.
COPIED_FRAMES: Final = 16
BUDGET: Final = 704
# Black of the usual range of luma, which has to become 0: copies are laid on black and white.
_BLACK: Final = 16.0


class ReadingLike(Protocol):
    """What is known of a frame; the fields are those of ``vpdq.Reading``."""

    @property
    def index(self) -> int: ...
    @property
    def timestamp(self) -> float: ...
    @property
    def small(self) -> npt.NDArray[np.uint8] | None: ...


def small(pixels: npt.NDArray[np.uint8], turn: tent.Turn, contrast: float) -> npt.NDArray[np.uint8]:
    """Upright luma, at most 256 pixels on the long side (0 to 255): some 40 kB, for hundreds of frames are kept."""
    luma = small_luma(pixels, turn)
    if contrast > 1:
        luma = (luma - _BLACK) * contrast
    height, width = luma.shape
    if max(height, width) > 256:
        even = luma[: height // 2 * 2, : width // 2 * 2]
        luma = even.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))
    return luma.round().clip(0, 255).astype(np.uint8)


def fingerprints(readings: Sequence[ReadingLike], classes: frozenset[str]) -> list[Fingerprint]:
    """Of readings that have ``small`` and are spread as they should be, for the classes of ``variants.CLASSES``."""
    from takedown_cli.fingerprint import variants  # its tables take a moment to load

    wanted = classes & frozenset(variants.CLASSES)
    budget = min(variants.BUDGET, BUDGET // max(1, min(len(readings), COPIED_FRAMES)))
    return [
        Fingerprint("pdq", copy.value, pdq.FULL, copy.name, copy.quality, reading.index, reading.timestamp)
        for reading in readings[:COPIED_FRAMES]
        if reading.small is not None
        for copy in variants.predicted(reading.small, wanted, budget)
    ]
