"""Made-up pictures with detail, and the copies that meet a platform."""

from __future__ import annotations

from pathlib import Path
from random import Random

from PIL import Image, ImageDraw, ImageFilter, ImageOps


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


def reposts_of(image: Image.Image, folder: Path) -> dict[str, Path]:
    """The ways in which people pass a picture on: as it is, mirrored, in a frame, as a screenshot of a chat."""
    framed = ImageOps.expand(image, (60, 140), "black")
    chat = Image.new("RGB", (720, 1280), (236, 229, 221))
    draw = ImageDraw.Draw(chat)
    draw.rectangle((0, 0, 720, 110), fill=(7, 94, 84))
    draw.rectangle((0, 1180, 720, 1280), fill=(245, 245, 245))
    for y, width in ((150, 260), (210, 330), (1010, 300), (1070, 210)):
        draw.rectangle((40, y, 40 + width, y + 40), fill="white")
    chat.paste(image.resize((560, 560)), (80, 330))
    made = {"upright": image, "mirrored": ImageOps.mirror(image), "framed": framed, "chat": chat}
    return {name: _passed_on(copy, folder / f"{name}.jpg") for name, copy in made.items()}


def _passed_on(copy: Image.Image, path: Path) -> Path:
    copy.save(path, quality=80)
    return path
