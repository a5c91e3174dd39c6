"""Made-up pictures with detail, and the copies that meet a platform."""

from __future__ import annotations

from pathlib import Path
from random import Random

from PIL import Image, ImageFilter


def picture(seed: int) -> Image.Image:
    """A picture with structure at every scale, so that its PDQ has full quality."""
    random = Random(seed)
    image = Image.new("RGB", (512, 512))
    for size in (4, 8, 16, 32, 64):
        layer = Image.new("RGB", (size, size))
        layer.putdata([(random.randrange(256), random.randrange(256), random.randrange(256)) for _ in range(size**2)])
        image = Image.blend(image, layer.resize(image.size, Image.Resampling.BICUBIC), 0.45)
    return image


def copy_of(image: Image.Image, path: Path) -> Path:
    """The picture as a messenger would pass it on: smaller, a little soft, compressed again."""
    image.resize((360, 360)).filter(ImageFilter.GaussianBlur(0.6)).save(path, quality=60)
    return path
