"""Decodes what is left of a JPEG 2000 whose end is missing: a coarser picture, for the details come last.

What is missing counts as empty. Where the picture is the same without the last tenth of what is there, it is whole.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Final

import numpy as np
from PIL import Image

#: Start, size and style of coding, first part of a tile, and end (ISO/IEC 15444-1, annex A).
_START: Final = b"\xff\x4f\xff\x51"
_STYLE: Final = b"\xff\x52"
_PART: Final = b"\xff\x90"
_END: Final = b"\xff\xd9"
#: Orders of progression in which all of a coarse picture comes before what refines it: by layer, and by resolution.
_COARSE_FIRST: Final = frozenset({0, 1, 2})
#: Empty packets behind the end: a byte each, and more than any picture has within the limits.
_EMPTY: Final = bytes(1 << 16)
#: Share of the bytes without which a picture has to look the same.
_SHARE: Final = 0.9
#: The hash takes 64 x 64 samples.
_SMALLEST: Final = 64
_BOX: Final = re.compile(rb"....jp2c\Z", re.DOTALL)
Opener = Callable[[io.BytesIO], Image.Image]


def is_jpeg2000(data: bytes) -> bool:
    """Return whether a file is JPEG 2000, bare or in its box."""
    return data.startswith((_START, b"\0\0\0\x0cjP  "))


def decode_coarse(data: bytes, open_image: Opener) -> tuple[Image.Image, int, int] | None:
    """Return the finest picture that came as a whole, and height and width of the file's; None if there is none.

    ``open_image`` has to check the size. Raise MemoryError, and what it raises for that.
    """
    start = data.find(_START)
    place = _find_last_part(data, start)
    if place is None:
        return None
    levels, part = place
    there = _complete(data, start, part, len(data))
    less = _complete(data, start, part, part + int((len(data) - part) * _SHARE))
    width, height = open_image(io.BytesIO(there)).size
    for level in range(1, levels + 1):
        if min(width, height) >> level < _SMALLEST:
            break
        image, other = (_load(complete, level, open_image) for complete in (there, less))
        if image is not None and other is not None and np.array_equal(np.asarray(image), np.asarray(other)):
            return image, height, width
    return None


def _find_last_part(data: bytes, start: int) -> tuple[int, int] | None:
    """Return the number of coarser pictures, and where the last part of the only tile begins."""
    levels, at = 0, start + 2
    while start >= 0 and at + 40 <= len(data):
        marker, size = data[at : at + 2], int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == _START[2:]:
            numbers = [int.from_bytes(data[at + place : at + place + 4], "big") for place in range(6, 38, 4)]
            width, height, _, _, tile_width, tile_height, tile_left, tile_top = numbers
            if tile_left + tile_width < width or tile_top + tile_height < height:
                return None  # the tiles come one after the other
        elif marker == _STYLE:
            if data[at + 5] not in _COARSE_FIRST:
                return None
            levels = data[at + 9]
        elif marker == _PART:
            length = int.from_bytes(data[at + 6 : at + 10], "big")
            if length == 0 or at + length >= len(data):
                return min(levels, 32), at
            size = length - 2
        if marker[:1] != b"\xff" or size < 2:
            break
        at += 2 + size
    return None


def _complete(data: bytes, start: int, part: int, end: int) -> bytes:
    """Return the file up to ``end``, empty packets behind it, and lengths that fit."""
    head = data[: start - 8] + bytes(4) + b"jp2c" if _BOX.search(data[:start]) else data[:start]
    length = end - part + len(_EMPTY)
    stream = data[start : part + 6] + length.to_bytes(4, "big") + data[part + 10 : end]
    return head + stream + _EMPTY + _END


def _load(data: bytes, level: int, open_image: Opener) -> Image.Image | None:
    image = open_image(io.BytesIO(data))
    image.reduce = level  # type: ignore[assignment,method-assign]
    try:
        image.load()
    except (MemoryError, Image.DecompressionBombError):
        raise
    except Exception:  # Pillow raises nearly anything
        return None
    return image
