"""Copies whose amount is given, from what is predicted to well beyond it: a mean over amounts hides where recall ends.

The rest of a copy is drawn from the random source. This module never looks at a fingerprint.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from tests.benchmarks.copies import BLACK, WHITE, finish
from tests.benchmarks.reposts.captures import body_edit, photograph_screen, print_and_scan

Picture = Image.Image
Rng = np.random.Generator
#: The picture, the amount, and the random source for the rest.
Maker = Callable[[Picture, float, Rng], Picture]


@dataclass(frozen=True, slots=True)
class Split:
    """One kind of copy, its amounts, and what they count."""

    make: Maker
    amounts: tuple[float, ...]
    unit: str


def _cut(picture: Picture, left: float, top: float, right: float, bottom: float) -> Picture:
    """Cut shares of the width and the height off."""
    width, height = picture.size
    return picture.crop(
        (round(left * width), round(top * height), round((1 - right) * width), round((1 - bottom) * height))
    )


def crop_four(picture: Picture, most: float, rng: Rng) -> Picture:
    """One side loses ``most`` per cent, the others less."""
    shares = rng.uniform(0, most / 100, 4)
    shares[int(rng.integers(4))] = most / 100
    return _cut(picture, *shares.tolist())


def crop_one(picture: Picture, share: float, rng: Rng) -> Picture:
    shares = [0.0] * 4
    shares[int(rng.integers(4))] = share / 100
    return _cut(picture, *shares)


def mirrored_crop(picture: Picture, most: float, rng: Rng) -> Picture:
    return ImageOps.mirror(crop_four(picture, most, rng))


def zoom(picture: Picture, share: float, rng: Rng) -> Picture:
    return _cut(picture, *(share / 200,) * 4)


def square(picture: Picture, place: float, rng: Rng) -> Picture:
    """A square at a place from the left or top (0) to the right or bottom (100)."""
    return ImageOps.fit(picture, (min(picture.size),) * 2, centering=(place / 100, place / 100))


def caption_bar(picture: Picture, share: float, rng: Rng) -> Picture:
    tall = round(picture.height * share / 100)
    ground, ink = (WHITE, BLACK) if rng.random() < 0.6 else (BLACK, WHITE)
    framed = ImageOps.expand(picture, (0, tall, 0, 0), ground)
    size = min(tall * 0.4, picture.width / 14)
    ImageDraw.Draw(framed).text((0.06 * picture.width, 0.25 * tall), "when nobody saw it", ink, font_size=size)
    return framed


def border(picture: Picture, share: float, rng: Rng) -> Picture:
    return ImageOps.expand(picture, round(min(picture.size) * share / 100), BLACK if rng.random() < 0.5 else WHITE)


def tilt(picture: Picture, degrees: float, rng: Rng) -> Picture:
    return picture.rotate(degrees if rng.random() < 0.5 else -degrees, Image.Resampling.BICUBIC)


def sticker(picture: Picture, share: float, rng: Rng) -> Picture:
    """A disc whose radius is a share of the short side."""
    covered, radius = picture.copy(), min(picture.size) * share / 100
    x, y = (rng.uniform(radius, max(radius, side - radius)) for side in picture.size)
    colour = tuple(int(level) for level in rng.integers(60, 256, 3))
    ImageDraw.Draw(covered).ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    return covered


def recompress(picture: Picture, quality: float, rng: Rng) -> Picture:
    return finish(picture, int(quality))


SPLITS: dict[str, Split] = {
    "crop of four sides, the largest": Split(crop_four, (3, 5, 6, 7, 8, 12), "%"),
    "the same, mirrored": Split(mirrored_crop, (3, 5, 8), "%"),
    "crop of one side": Split(crop_one, (5, 10, 15, 20), "%"),
    "zoom into the middle": Split(zoom, (10, 20, 30, 40), "%"),
    "cut to a square, from one end (0) to the other": Split(square, (0, 25, 50, 75, 100), "%"),
    "caption bar, of the height": Split(caption_bar, (10, 15, 20, 25, 35), "%"),
    "border, of the short side": Split(border, (5, 10, 20, 30), "%"),
    "tilt, corners black": Split(tilt, (2, 3, 5, 10), "°"),
    "sticker, its radius of the short side": Split(sticker, (5, 10, 20, 30), "%"),
    "body editor, of the short side": Split(body_edit, (2, 5, 10, 15), "%"),
    "print and scan, turned by": Split(print_and_scan, (0, 2, 5), "°"),
    "photo of a screen, from beside its axis": Split(photograph_screen, (0, 10, 20, 30), "°"),
    "JPEG quality": Split(recompress, (50, 20, 10, 5), ""),
}
