"""Copies of copies: somebody edits a picture, and somebody else edits or captures the edited one.

What is between the two is saved as JPEG, as every repost is. This module never looks at a fingerprint.
"""

from __future__ import annotations

from PIL import ImageEnhance, ImageOps

from tests.benchmarks.copies import finish
from tests.benchmarks.reposts.amounts import border, caption_bar, crop_four, recompress, sticker, tilt
from tests.benchmarks.reposts.captures import body_edit
from tests.benchmarks.reposts.layouts import LAYOUTS, Layout, Picture, Rng

EDITS: dict[str, Layout] = {
    "mirrored": lambda picture, other, rng: ImageOps.mirror(picture),
    "cropped": lambda picture, other, rng: crop_four(picture, float(rng.uniform(0, 8)), rng),
    "bordered": lambda picture, other, rng: border(picture, float(rng.uniform(2, 20)), rng),
    "captioned": lambda picture, other, rng: caption_bar(picture, float(rng.uniform(10, 25)), rng),
    "covered": lambda picture, other, rng: sticker(picture, float(rng.uniform(3, 12)), rng),
    "tilted": lambda picture, other, rng: tilt(picture, float(rng.uniform(0.5, 4)), rng),
    "recoloured": lambda picture, other, rng: ImageEnhance.Color(
        ImageEnhance.Contrast(picture).enhance(float(rng.uniform(0.6, 1.5)))
    ).enhance(float(rng.uniform(0, 2))),
    "recompressed": lambda picture, other, rng: recompress(picture, float(rng.uniform(10, 60)), rng),
    "warped": lambda picture, other, rng: body_edit(picture, float(rng.uniform(2, 6)), rng),
}
#: Layouts of an app or a browser, in which somebody captures the screen.
SCREENS = (
    "ios viewer", "google viewer", "whatsapp viewer", "whatsapp chat", "telegram chat", "imessage chat",
    "instagram post", "x post", "story", "tiktok", "web page",
)  # fmt: skip


def two_edits(picture: Picture, other: Picture, rng: Rng) -> Picture:
    """Two different edits, one after the other."""
    first, second = rng.choice(list(EDITS), 2, replace=False).tolist()
    return EDITS[second](finish(EDITS[first](picture, other, rng)), other, rng)


def edit_then_screen(picture: Picture, other: Picture, rng: Rng) -> Picture:
    """An edited picture on a captured screen."""
    edited = finish(EDITS[str(rng.choice(list(EDITS)))](picture, other, rng))
    return LAYOUTS[str(rng.choice(SCREENS))](edited, other, rng)


def screen_in_screen(picture: Picture, other: Picture, rng: Rng) -> Picture:
    """A captured screen that was posted, and captured again."""
    first, second = rng.choice(SCREENS, 2, replace=False).tolist()
    return LAYOUTS[second](finish(LAYOUTS[first](picture, other, rng)), other, rng)


CHAINS: dict[str, Layout] = {
    "two edits": two_edits, "edit, then screen": edit_then_screen, "screen in a screen": screen_in_screen,
}  # fmt: skip
