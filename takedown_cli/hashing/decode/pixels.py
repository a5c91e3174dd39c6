"""A picture in any of Pillow's modes as the bytes that PDQ's reference would see: 8-bit grey, or R, G, B first.

What is under transparency is read as it is stored, as the reference does; how transparent it is, is a value apart.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from takedown_cli.hashing.decoded import Pixels

#: Modes whose bands are read as they are; what follows R, G, B (alpha, padding) is left out by the fingerprint.
_AS_IT_IS = frozenset({"L", "RGB", "RGBA", "RGBX"})
#: Modes of which python-threatexchange (so HMA) takes the bands themselves for grey or for R, G, B, uncorrected.
_MISREAD = frozenset({"P", "CMYK", "YCbCr", "LAB", "HSV"})

#: Per cent of the values of 16-bit grey that have to fit into the bits that are read.
_USED = 99.9
#: Modes with a band of alpha beside RGBA, and those in which a colour or entries of the palette stand for it.
_WITH_ALPHA = frozenset({"LA", "La", "PA", "RGBa"})
_KEYED = frozenset({"1", "L", "P", "RGB"})


def read_pixels(image: Image.Image) -> Pixels:
    """Return H x W or H x W x 3 or 4, uint8. Raise what Pillow raises when the picture is loaded only now."""
    if image.mode in _AS_IT_IS:
        return np.asarray(image)
    if image.mode in ("1", "LA", "La"):
        # The grey under the alpha, undone where it was multiplied into it: what the reference's convert("RGB") gives.
        grey = image.convert("LA").getchannel(0) if image.mode == "La" else image.convert("L")
        return np.asarray(grey)
    if image.mode.startswith(("I", "F")):
        return reduce_to_eight_bits(np.asarray(image))
    return np.asarray(image.convert("RGB"))


def read_alpha(image: Image.Image, stored: Pixels) -> Pixels | None:
    """Return H x W, 0 (clear) to 255 (opaque), of a loaded picture with pixels ``stored``; None if opaque."""
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


def read_as_misread(image: Image.Image) -> Pixels | None:
    """Return the bands that python-threatexchange hashes for this mode, None where it sees what ``read_pixels`` sees.

    A palette becomes its indices, CMYK its first three inks; 16-bit it refuses, 1-bit it reads as blank.
    """
    return np.asarray(image) if image.mode in _MISREAD else None


def read_as_shown(image: Image.Image, stored: Pixels) -> Pixels | None:
    """Return the upper half of 16-bit grey, which viewers show; None where that is ``stored``, its pixels."""
    if not image.mode.startswith("I;16"):
        return None
    upper: Pixels = (np.asarray(image) >> 8).astype(np.uint8)
    return None if np.array_equal(upper, stored) else upper


def reduce_to_eight_bits(deep: npt.NDArray[np.generic]) -> Pixels:
    """Return grey of 16 or 32 bits, or float, by the top 8 of the bits that it uses.

    Scanners and medical devices store 12 bits in 16. A viewer shows those nearly black (``read_as_shown``), but peers
    hash the values as they are: PDQ's bits are the same at any brightness, while its quality is not.
    """
    # Pillow's own conversion clips at 255, which leaves white.
    values = np.nan_to_num(deep.astype(np.float32 if deep.dtype.kind == "f" else np.int64))
    top = float(values.max(initial=0))
    if deep.dtype.kind == "f":
        values = values * np.float32(255.0 if top <= 1.0 else 1.0 if top <= 255.0 else 255.0 / top)
    elif deep.dtype.itemsize == 2 or top > 0xFF:
        # A few broken pixels of a sensor are not the picture.
        used = int(np.percentile(values, _USED)) if deep.dtype.itemsize == 2 else int(top)
        values = values >> max(0, used.bit_length() - 8)
    grey: Pixels = np.clip(values, 0, 255).astype(np.uint8)
    return grey
