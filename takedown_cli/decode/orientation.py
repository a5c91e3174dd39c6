"""Which way up a picture is, after its own word.

It guarantees a number from 1 to 8 for any picture, and 1 where nothing readable says otherwise.
It must never believe a value outside Exif's table.

Source: Exif 2.32, tag 0x0112.
"""

from __future__ import annotations

from typing import Final

from PIL import Image

_TAG = 0x0112
UPRIGHT = 1
#: By orientation, what undoes the turn that makes a picture upright.
_UNDONE: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def of(image: Image.Image) -> int:
    """The Exif orientation (1 to 8) that Pillow finds in Exif or XMP. A damaged Exif block means 1."""
    try:
        value = image.getexif().get(_TAG, UPRIGHT)
    except Exception:  # Exif is parsed here; nothing in it may cost the picture
        return UPRIGHT
    return value if isinstance(value, int) and 1 <= value <= 8 else UPRIGHT


def undone(image: Image.Image, orientation: int) -> Image.Image:
    """The picture as it was stored, from the upright one; ``orientation`` is 1 to 8."""
    return image if orientation == UPRIGHT else image.transpose(_UNDONE[orientation])
