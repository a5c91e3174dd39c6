"""Screenshots: the picture in one is found, and a picture that is none is left as it is."""

from __future__ import annotations

from functools import cache
from itertools import combinations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from takedown_cli.core.model import MATCH_DISTANCE
from takedown_cli.fixtures.texture import picture
from takedown_cli.hashing.decoded import Pixels
from takedown_cli.hashing.fingerprint import pdq
from takedown_cli.hashing.matching import distance
from takedown_cli.hashing.readings.first_look import may_be_screen
from takedown_cli.hashing.readings.screens import MOST, Screen, cut_out, find_screen
from tests.benchmarks import copies
from tests.benchmarks.copies import finish
from tests.benchmarks.reposts.layouts import LAYOUTS

SEEDS = (11, 12, 14)
SCREENS = (
    "ios viewer", "google viewer", "whatsapp viewer", "whatsapp chat", "imessage chat", "instagram post", "x post",
    "web page",
)  # fmt: skip


@cache
def _original(seed: int) -> Image.Image:
    return picture(seed, (1000, 750))


@cache
def _shot(layout: str, seed: int) -> Image.Image:
    """Return a screenshot that shows the original, and another picture where the layout has one."""
    return finish(LAYOUTS[layout](_original(seed), picture(21, (800, 600)), np.random.default_rng(5)), 85, 2520)


def _look(shown: Image.Image) -> Screen | None:
    pixels = np.asarray(shown)
    return find_screen(pixels) if may_be_screen(pdq.hash_full(pixels).block) else None


def _insides(shown: Image.Image) -> list[str]:
    screen = _look(shown)
    boxes = screen.pictures if screen else ()
    return [pdq.hash_full(cut_out(np.asarray(shown), box)).value for box in boxes]


@pytest.mark.parametrize("layout", SCREENS)
def test_the_picture_in_a_screenshot_is_found(layout: str) -> None:
    caught = []
    for seed in SEEDS:
        screen = _look(_shot(layout, seed))
        assert screen is not None
        assert screen.certain
        assert 1 <= len(screen.pictures) <= MOST
        original = pdq.hash_full(np.asarray(_original(seed))).value
        caught.append(min(distance(value, original) for value in _insides(_shot(layout, seed))) <= MATCH_DISTANCE)
    # A chat lays a time over the picture and rounds its corners, which now and then is a bit too much.
    assert sum(caught) >= len(caught) - (layout.endswith("chat"))


@pytest.mark.parametrize("layout", ["web page", "whatsapp chat", "x post"])
def test_screenshots_of_one_layout_do_not_match_each_other(layout: str) -> None:
    shots = {seed: _insides(_shot(layout, seed)) for seed in SEEDS}
    for one, other in combinations(SEEDS, 2):
        assert min(distance(a, b) for a in shots[one] for b in shots[other]) > MATCH_DISTANCE


@pytest.mark.parametrize("tab", [0, 1])
def test_the_bars_of_a_browser_are_known_whichever_tab_is_open(tab: int) -> None:
    page = Image.new("RGB", (1440, 900), (255, 255, 255))
    draw = ImageDraw.Draw(page)
    draw.rectangle((0, 0, 1440, 41), fill=(222, 225, 230))
    draw.rectangle((8 + 194 * tab, 8, 198 + 194 * tab, 41), fill=(248, 249, 250))
    draw.rectangle((0, 42, 1440, 84), fill=(248, 249, 250))
    draw.line((0, 85, 1440, 85), fill=(190, 190, 195))
    for x, word in ((40, "one tab"), (234, "another"), (150, "")):
        draw.text((x, 14), word, (60, 60, 60), font_size=16)
    draw.text((150, 52), "www.example.org/photos/1042", (60, 60, 60), font_size=18)
    draw.text((1300, 52), "menu", (60, 60, 60), font_size=18)
    page.paste(_original(SEEDS[0]).resize((800, 600)), (300, 180))
    screen = _look(page)
    assert screen is not None
    assert screen.certain
    assert max(abs(a - b) for a, b in zip(screen.pictures[0], (300, 180, 1100, 780), strict=True)) < 10


def test_a_keyboard_is_no_picture() -> None:
    screen = Image.new("RGB", (1080, 2200), (120, 150, 190))
    draw = ImageDraw.Draw(screen)
    draw.rectangle((0, 0, 1080, 200), fill=(250, 250, 250))
    for x in (60, 300, 930):
        draw.text((x, 100), "name", (0, 0, 0), font_size=44)
    screen.paste(_original(SEEDS[0]).resize((600, 450)), (30, 400))
    draw.rectangle((0, 1450, 1080, 2200), fill=(209, 212, 217))
    for row in range(4):
        for key in range(10):
            x, y = 8 + 107 * key, 1480 + 170 * row
            draw.rounded_rectangle((x, y, x + 92, y + 130), 14, fill=(255, 255, 255))
            draw.text((x + 34, y + 40), "qwertzuiop"[key], (0, 0, 0), font_size=44)
    found = _look(screen)
    assert found is not None
    assert [max(abs(a - b) for a, b in zip(box, (30, 400, 630, 850), strict=True)) < 10 for box in found.pictures] == [
        True
    ]


def _ordinary(seed: int) -> dict[str, Image.Image]:
    made, source = _original(seed), np.random.default_rng(seed)
    return {
        "plain": made,
        "upright": made.transpose(Image.Transpose.ROTATE_90),
        "tall": ImageOps.fit(made, (700, 1500)),
        "border": copies.border(made, source),
        "border of a colour": copies.border_colour(made, source),
        "caption": copies.caption(made, source),
        "large caption": copies.caption_large(made, source),
        "on a white square": ImageOps.pad(made, (1200, 1200), color="white"),
        "as a story": ImageOps.pad(made, (1080, 1920)),
        "meme": LAYOUTS["meme bar"](made, made, source),
        "polaroid": LAYOUTS["polaroid"](made, made, source),
        "padded": LAYOUTS["padded"](made, made, source),
    }


@pytest.mark.parametrize("kind", _ordinary(SEEDS[0]))
def test_a_picture_that_is_no_screenshot_is_left_as_it_is(kind: str) -> None:
    for seed in SEEDS:
        screen = _look(_ordinary(seed)[kind])
        assert screen is None or not screen.certain


def test_a_screen_without_a_picture_is_certain_and_shows_none() -> None:
    screen = Image.new("RGB", (1080, 2200), "white")
    draw = ImageDraw.Draw(screen)
    draw.text((60, 30), "14:20", "black", font_size=36)
    draw.rectangle((940, 34, 1020, 62), outline="black", width=4)
    for line in range(10):
        draw.text((60, 300 + 90 * line), "a line of text of nobody", "black", font_size=40)
    assert _look(screen) == Screen(True, ())


def _hostile() -> dict[str, Pixels]:
    source = np.random.default_rng(0)
    board = (np.indices((600, 800)).sum(axis=0) % 2 * 255).astype(np.uint8)
    return {
        "one column": np.full((60_000, 1), 7, np.uint8),
        "one row": np.full((1, 60_000, 3), 7, np.uint8),
        "one pixel": np.zeros((1, 1, 3), np.uint8),
        "noise": source.integers(0, 256, (900, 500, 3), np.uint8),
        "flat": np.full((900, 500, 3), 200, np.uint8),
        "checkerboard": board,
        "stripes": np.tile(np.repeat(np.array([0, 255], np.uint8), 8), (900, 30)),
        "lines": np.tile(np.repeat(np.array([0, 255], np.uint8), 8)[:, None], (60, 500)),
        "with alpha": source.integers(0, 256, (90, 50, 4), np.uint8),
    }


@pytest.mark.parametrize("pixels", _hostile().values(), ids=_hostile())
def test_no_shape_and_no_pattern_is_an_error(pixels: Pixels) -> None:
    screen = find_screen(pixels)
    height, width = pixels.shape[:2]
    for left, top, right, bottom in screen.pictures if screen else ():
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
