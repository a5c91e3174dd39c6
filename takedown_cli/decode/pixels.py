"""A picture in any of Pillow's modes as the bytes that PDQ's reference would see.

It guarantees 8-bit grey or R, G, B first, for every mode Pillow decodes to, without a copy where none is needed.
It must never resample, composite or turn: what is under transparency is read as it is stored, as the reference does,
and how transparent it is, is told beside it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]

#: Modes whose bands are read as they are; what follows R, G, B (alpha, padding) is left out by the fingerprint.
_AS_IT_IS = frozenset({"L", "RGB", "RGBA", "RGBX"})
#: Modes of which python-threatexchange (so HMA) takes the bands themselves for grey or for R, G, B, uncorrected.
_MISREAD = frozenset({"P", "CMYK", "YCbCr", "LAB", "HSV"})

#: Modes with a band of alpha beside RGBA, and those in which a colour or entries of the palette stand for it.
_WITH_ALPHA = frozenset({"LA", "La", "PA", "RGBa"})
_KEYED = frozenset({"1", "L", "P", "RGB"})


def of(image: Image.Image) -> Pixels:
    """H x W or H x W x 3 or 4, uint8. Raises whatever Pillow raises when the picture is loaded only now."""
    if image.mode in _AS_IT_IS:
        return np.asarray(image)
    if image.mode in ("1", "LA", "La"):
        # The grey under the alpha, undone where it was multiplied into it: what the reference's convert("RGB") gives.
        grey = image.convert("LA").getchannel(0) if image.mode == "La" else image.convert("L")
        return np.asarray(grey)
    if image.mode.startswith(("I", "F")):
        return _eight_bits(np.asarray(image))
    return np.asarray(image.convert("RGB"))


def alpha_of(image: Image.Image, stored: Pixels) -> Pixels | None:
    """H x W, 0 (clear) to 255 (opaque), of a loaded picture whose pixels are ``stored``; None where all is opaque."""
    if not image.has_transparency_data:
        return None
    if image.mode == "RGBA":
        alpha: Pixels = stored[:, :, 3]
    elif image.mode in _WITH_ALPHA:
        alpha = np.asarray(image.getchannel(len(image.getbands()) - 1))
    elif image.mode in _KEYED:
        alpha = np.asarray(image.convert("RGBA").getchannel("A"))
    else:
        return None
    return None if int(alpha.min(initial=255)) == 255 else alpha


def as_misread(image: Image.Image) -> Pixels | None:
    """The bands that python-threatexchange takes for a picture of this mode, None where it reads what ``of`` reads.

    A palette becomes its indices, CMYK its first three inks; 16-bit it refuses, 1-bit it reads as blank.
    """
    return np.asarray(image) if image.mode in _MISREAD else None


def _eight_bits(deep: npt.NDArray[np.generic]) -> Pixels:
    """Grey of 16 or 32 bits, or float, by its top 8 bits (Pillow's own conversion clips at 255, which leaves white)."""
    values = np.nan_to_num(deep.astype(np.float32 if deep.dtype.kind == "f" else np.int64))
    top = float(values.max(initial=0))
    if deep.dtype.kind == "f":
        values = values * np.float32(255.0 if top <= 1.0 else 1.0 if top <= 255.0 else 255.0 / top)
    elif deep.dtype.itemsize == 2 or top > 0xFF:
        values = values >> (8 if top <= 0xFFFF else int(top).bit_length() - 8)
    grey: Pixels = np.clip(values, 0, 255).astype(np.uint8)
    return grey
