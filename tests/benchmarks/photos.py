"""The photographs that speed is measured on: 12 megapixels, JPEG at quality 90, as a phone's camera leaves them.

It gives real photographs where Debian's wallpaper packages are installed, and says so when they are not.
It does not measure.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from takedown_cli.fixtures import picture
from tests.benchmarks.packages import UNPACKED

#: Where Debian's wallpaper packages put their pictures, installed or only unpacked.
FOLDERS = tuple(root / "usr/share" / name for root in (Path("/"), UNPACKED) for name in ("wallpapers", "backgrounds"))
SIZE = (4000, 3000)
QUALITY = 90
#: A smaller source would be blown up, which leaves nothing of a photograph's detail.
_SMALLEST = 2_000_000


def make(folder: Path, count: int) -> tuple[list[Path], str]:
    """``count`` photographs in ``folder``, those that are there already kept; and what they are, in words."""
    folder.mkdir(parents=True, exist_ok=True)
    sources: list[Path] = [path for _, path in sorted(_sources(), reverse=True)]
    wanted = [(folder / f"{number:03}.jpg", sources, number) for number in range(count)]
    with ProcessPoolExecutor() as executor:
        list(executor.map(_write, wanted))
    real = min(len(sources), count)
    words = f"{real} photographs of Debian's wallpaper packages"
    if not sources:
        words = f"{count} made-up pictures with grain (no wallpaper package is installed)"
    elif real < count:
        words += f", and {count - real} of them mirrored"
    return [path for path, _, _ in wanted], f"{words}, at {SIZE[0]} x {SIZE[1]}, JPEG {QUALITY}"


def _sources() -> Iterator[tuple[int, Path]]:
    """Pixels and path of every picture that is large enough, each file once."""
    seen = set()
    for folder in FOLDERS:
        for path in folder.rglob("*"):
            real = path.resolve()
            if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp") and real not in seen:
                seen.add(real)
                try:
                    with Image.open(path) as opened:
                        pixels = opened.width * opened.height
                except (OSError, ValueError):
                    continue
                # A JPEG first: what was drawn comes as PNG.
                if pixels >= _SMALLEST and "screenshot" not in path.name:
                    yield pixels + (1 << 40) * (path.suffix.lower() in (".jpg", ".jpeg")), path


def _write(wanted: tuple[Path, list[Path], int]) -> None:
    target, sources, number = wanted
    if target.exists():
        return
    if sources:
        again, which = divmod(number, len(sources))
        with Image.open(sources[which]) as opened:
            photo = ImageOps.fit(opened.convert("RGB"), SIZE, Image.Resampling.LANCZOS)
        photo = photo.transpose(Image.Transpose(again % 5)) if again else photo
    else:
        photo = _grained(number)
    part = target.with_suffix(".part")
    photo.save(part, "JPEG", quality=QUALITY)
    part.replace(target)


def _grained(seed: int) -> Image.Image:
    """A made-up picture with a sensor's noise, without which a JPEG of it would be decoded far too quickly."""
    rng = np.random.default_rng(seed)
    pixels = np.asarray(picture(seed, SIZE)).astype(np.int16)
    noise = rng.normal(0, 5, pixels.shape[:2]).astype(np.int16)
    return Image.fromarray(np.clip(pixels + noise[..., None], 0, 255).astype(np.uint8))
