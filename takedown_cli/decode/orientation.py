"""Which way up a picture is, after its own word.

It guarantees a number from 1 to 8 for any picture, and 1 where nothing readable says otherwise.
It must never turn pixels, nor believe a value outside Exif's table.

Source: Exif 2.32, tag 0x0112.
"""

from __future__ import annotations

from PIL import Image

_TAG = 0x0112
UPRIGHT = 1


def of(image: Image.Image) -> int:
    """The Exif orientation (1 to 8) that Pillow finds in Exif or XMP. A damaged Exif block means 1."""
    try:
        value = image.getexif().get(_TAG, UPRIGHT)
    except Exception:  # Exif is parsed here; nothing in it may cost the picture
        return UPRIGHT
    return value if isinstance(value, int) and 1 <= value <= 8 else UPRIGHT


def swaps(orientation: int) -> bool:
    """Whether the upright picture's width is the stored one's height."""
    return orientation >= 5
