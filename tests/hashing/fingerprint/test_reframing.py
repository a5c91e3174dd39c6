"""An upload reframed by linear maps is what one would draw: cut, widened by its mirror image, or tilted and cut."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PIL import Image

from takedown_cli.fixtures.texture import picture
from takedown_cli.hashing.fingerprint import pdq
from takedown_cli.hashing.fingerprint.copy_geometry import hash_bits, transform_blocks
from takedown_cli.hashing.fingerprint.reframing import FRAMES, SQUARE, TILT, reframe

#: Bits that a small square and a mean in place of the full-size filter cost at most.
NEAR = 14


def _drawn(shown: Image.Image, name: str) -> Image.Image:
    width, height = shown.size
    if name.startswith("tilt"):
        angle = math.radians(abs(int(name.removeprefix("tilt"))))
        inside = 1 / (math.cos(angle) + math.sin(angle) * max(width / height, height / width))
        turned = shown.rotate(int(name.removeprefix("tilt")), Image.Resampling.BICUBIC)
        x, y = width * (1 - inside) / 2, height * (1 - inside) / 2
        return turned.crop((round(x), round(y), round(width - x), round(height - y)))
    (left, right), (top, bottom) = FRAMES[name]
    # Room for all that may lie beyond, mirrored at the edge.
    padded = Image.fromarray(np.pad(np.asarray(shown), ((height, height), (width, width), (0, 0)), "symmetric"))
    box = (width * (1 + left), height * (1 + top), width * (1 + right), height * (1 + bottom))
    return padded.crop((round(box[0]), round(box[1]), round(box[2]), round(box[3])))


@pytest.mark.parametrize("size", [(900, 600), (500, 800)])
def test_each_frame_is_what_one_would_draw(size: tuple[int, int]) -> None:
    shown = picture(5, size)
    square = np.asarray(shown.convert("L").resize((SQUARE, SQUARE), Image.Resampling.BOX), np.float32)
    found = dict(reframe(square, size[0] / size[1]))
    assert {*found} == {*FRAMES, f"tilt+{TILT}", f"tilt-{TILT}"}
    for name, block in found.items():
        expected = hash_bits(pdq.hash_full(np.asarray(_drawn(shown, name))).coefficients[None].astype(np.float32))
        apart = int((hash_bits(transform_blocks(block)[None]) != expected).sum())
        assert apart <= NEAR, name
