"""Hashes the readings of an upload: as it is, turned, negative, inside it, with overlays filled, and reframed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image

from takedown_cli.core.model import MIN_QUALITY, Box, Fingerprint
from takedown_cli.hashing.decoded import Doubles, Floats, Pixels
from takedown_cli.hashing.fingerprint import pdq
from takedown_cli.hashing.fingerprint.copy_geometry import GRID, downsample_grid, transform_blocks
from takedown_cli.hashing.fingerprint.reframing import SQUARE, reframe
from takedown_cli.hashing.matching import FILLED, INSIDE, NEGATIVE, REFRAMED, TURNED
from takedown_cli.hashing.readings.corners import fill_corners
from takedown_cli.hashing.readings.grounds import find_flat, find_grounds
from takedown_cli.hashing.readings.overlays import fill_bars, fill_signs, find_bars
from takedown_cli.hashing.readings.rectangles import FIRST_LOOK, find_rectangles
from takedown_cli.hashing.readings.reduced import Upload, shrink_picture

_MIRRORED = "flipy"
#: Rectangles that are read without the signs over them too.
_CLEARED = 2


def read_upload(pixels: Pixels, full: pdq.PdqHash) -> list[Fingerprint]:
    """Return PDQs of the readings, the cheapest first; ``pixels`` are upright (H x W grey, or R, G, B first).

    ``full`` is the hash of the picture as it is, which is not repeated here. The method is ``turned`` (seven),
    ``negative``, ``inside`` (each rectangle as it is, and mirrored), ``filled`` (without flat bars, or a rectangle
    without the white signs over it) or ``reframed`` (each frame and tilt); the variant says which one of them. A
    reading too poor to match (quality under 50) is left out.
    """
    found: list[Fingerprint] = []
    if full.quality >= MIN_QUALITY:
        found += read_turned(TURNED, "", full.coefficients, full.quality, pdq.DIHEDRAL_NAMES[1:])
        found += read_turned(NEGATIVE, "", -full.coefficients, full.quality, pdq.DIHEDRAL_NAMES[:1])
    upload = Upload(pixels)
    flat = find_flat(upload.small)
    grounds = find_grounds(upload.small, flat)
    rectangles = find_rectangles(upload, flat, grounds)
    for number, box in enumerate(rectangles, start=1):
        found += read_square(INSIDE, f"{number}:", fill_corners(upload.shrink(box, GRID)))
    if flat.mean() >= FIRST_LOOK:
        found += _read_without_signs(upload, rectangles if grounds else [(0, 0, *upload.luma.shape[::-1])])
    bars = find_bars(upload.small, flat, grounds)
    if bars:
        filled = fill_bars(upload.small, bars).mean(axis=0)
        found += read_square(FILLED, "", shrink_picture(Image.fromarray(filled), GRID))
    if full.quality >= MIN_QUALITY:
        found += read_reframed(upload)
    return found


def read_reframed(upload: Upload) -> list[Fingerprint]:
    """Return the PDQs of an upload zoomed, widened or cut at one side, or tilted, without those too poor to match."""
    height, width = upload.small.shape[1:]
    # The small picture is enough: what is moved by some per cent is never the same in detail.
    square = shrink_picture(Image.fromarray(upload.small.mean(axis=0, dtype=np.float32)), SQUARE)
    found: list[Fingerprint] = []
    for name, block in reframe(square, width / height):
        # Mirrored ones are left out: 3 of 1,600 copies were caught by one of them alone.
        found += _read_block(REFRAMED, f"{name}:", block, pdq.DIHEDRAL_NAMES[:1])
    return found


def _read_without_signs(upload: Upload, rectangles: list[Box]) -> Iterator[Fingerprint]:
    """Yield PDQs of the likeliest rectangles without the white signs and words that lie over them."""
    for number, box in enumerate(rectangles[:_CLEARED], start=1):
        left, top, right, bottom = upload.reduce(box)
        filled = fill_signs(upload.small[:, top:bottom, left:right])
        if filled is not None:
            yield from read_square(FILLED, f"{number}:", fill_corners(shrink_picture(Image.fromarray(filled), GRID)))


def read_square(method: str, which: str, square: Floats) -> list[Fingerprint]:
    """Return the PDQs of GRID x GRID luma as it is, and mirrored; none if it is too poor to match."""
    # A picture that was turned before somebody captured it is rare; a mirrored one is not.
    return _read_block(method, which, downsample_grid(square), (pdq.DIHEDRAL_NAMES[0], _MIRRORED))


def _read_block(method: str, which: str, block: Floats, names: tuple[str, ...]) -> list[Fingerprint]:
    quality = pdq.measure_quality(block)
    if quality < MIN_QUALITY:
        return []
    return read_turned(method, which, transform_blocks(block), quality, names)


def read_turned(
    method: str, which: str, coefficients: Doubles | Floats, quality: int, names: tuple[str, ...]
) -> list[Fingerprint]:
    """Return the PDQs of 16 x 16 coefficients turned as ``names`` say; the variant is ``which`` and the name."""
    turned = pdq.turn_coefficients(coefficients)[[pdq.DIHEDRAL_NAMES.index(name) for name in names]]
    values = zip(names, pdq.hex_values(turned), strict=True)
    return [Fingerprint("pdq", value, method, f"{which}{name}", quality) for name, value in values]
