"""A transparent picture laid on white or on black, as platforms do when they keep it as a JPEG.

It guarantees the very bytes that Pillow's paste on a plain ground gives.
It must never decide whether a picture is transparent, nor need more memory than the result.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from takedown_cli.fingerprint.tent import Pixels

#: Variant → level of the ground. Which one a platform takes cannot be known.
GROUNDS = {"on-white": 255, "on-black": 0}
_BAND = 64


def laid(pixels: Pixels, alpha: Pixels, level: int) -> Pixels:
    """``pixels`` (H x W grey, or R, G, B first) over a plain ground; H x W or H x W x 3.

    ``alpha``: H x W, from 0 (clear) to 255 (opaque). ``level``: of the ground, 0 to 255.
    """
    colours = pixels if pixels.ndim == 2 else pixels[:, :, :3]
    result = np.empty(colours.shape, np.uint8)
    for top in range(0, len(colours), _BAND):
        over: npt.NDArray[np.uint16] = alpha[top : top + _BAND].astype(np.uint16)
        if colours.ndim == 3:
            over = over[:, :, None]
        # 255 times 255 at most: the sum and its rounded 255th fit into 16 bits.
        mixed = colours[top : top + _BAND] * over + np.uint16(level) * (np.uint16(255) - over) + np.uint16(128)
        result[top : top + _BAND] = ((mixed >> 8) + mixed) >> 8
    return result
