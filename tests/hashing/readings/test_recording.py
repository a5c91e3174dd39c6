"""Recordings of a screen: where a clip plays in them is found, and ordinary clips are left as they are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from takedown_cli.fixtures.texture import picture
from takedown_cli.hashing.decoded import Pixels
from takedown_cli.hashing.fingerprint import pdq
from takedown_cli.hashing.readings.first_look import may_be_screen
from takedown_cli.hashing.readings.recording import find_recording, may_be_recording
from takedown_cli.hashing.readings.rectangles import overlap
from takedown_cli.hashing.readings.screens import Screen
from tests.benchmarks.reposts.layouts import LAYOUTS

WALL, OTHER = picture(31, (1200, 600)), picture(32, (800, 600))
FRAMES = 6
CERTAIN = ("ios viewer", "google viewer", "whatsapp chat", "instagram post", "x post")


def panned(number: int) -> Image.Image:
    """Return a frame of a camera that is moved along a wall."""
    return WALL.crop((40 * number, 30, 40 * number + 960, 570))


def _somebody(number: int) -> Image.Image:
    """Return a frame of a camera that stands still, with somebody who walks by."""
    drawn = WALL.crop((100, 30, 1060, 570))
    draw = ImageDraw.Draw(drawn)
    draw.ellipse((150 + 80 * number, 150, 350 + 80 * number, 400), fill=(205, 160, 135))
    draw.ellipse((90 + 80 * number, 360, 410 + 80 * number, 700), fill=(70, 60, 110))
    return drawn


def _look(make: Callable[[int], Image.Image]) -> Screen | None:
    """Return what is found as it is in a video: after the first look."""
    frames = [np.asarray(make(number)) for number in range(FRAMES)]
    blocks = [pdq.hash_full(frame).block for frame in frames]
    return find_recording(frames) if may_be_recording(blocks) else None


def shown_in(layout: str, make: Callable[[int], Image.Image]) -> Callable[[int], Image.Image]:
    """Return the frames of a phone whose app plays a clip: what is around it is the same in all of them."""

    def draw(number: int) -> Image.Image:
        screen = LAYOUTS[layout](make(number), OTHER, np.random.default_rng(5))
        return screen.resize((screen.width // 2, screen.height // 2))

    return draw


def _place_in(layout: str) -> tuple[int, int, int, int]:
    """Return where the layout shows its picture: what differs between two pictures."""
    red, blue = (
        np.asarray(shown_in(layout, lambda _, colour=colour: Image.new("RGB", (960, 540), colour))(0)).astype(int)  # type: ignore[misc]
        for colour in ("red", "blue")
    )
    differs = np.abs(red - blue).max(axis=2) > 60
    rows, columns = (np.flatnonzero(differs.mean(axis=axis) > 0.1) for axis in (1, 0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


@pytest.mark.parametrize("layout", CERTAIN)
def test_where_a_clip_plays_on_a_screen_is_found(layout: str) -> None:
    screen = _look(shown_in(layout, panned))
    assert screen is not None
    assert screen.certain
    assert len(screen.pictures) == 1
    assert overlap(screen.pictures[0], _place_in(layout)) > 0.97


@pytest.mark.parametrize("seed", range(4))
def test_a_clip_on_a_coloured_ground_is_found_and_not_the_ground(seed: int) -> None:
    def draw(shown: Image.Image) -> Image.Image:
        return LAYOUTS["story"](shown, OTHER, np.random.default_rng(seed)).reduce(2)

    red, blue = (np.asarray(draw(Image.new("RGB", (960, 540), colour))).astype(int) for colour in ("red", "blue"))
    rows, columns = (np.flatnonzero((np.abs(red - blue).max(axis=2) > 60).mean(axis=axis) > 0.1) for axis in (1, 0))
    place = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    screen = _look(lambda number: draw(panned(number)))
    assert screen is not None
    assert [overlap(box, place) > 0.97 for box in screen.pictures] == [True]


@pytest.mark.parametrize("seed", [0, 9])  # grounds of so many colours that they do not look like a screen's
def test_a_slow_zoom_on_a_coloured_ground_is_looked_at(seed: int) -> None:
    smooth = WALL.resize((40, 20)).resize((1200, 600), Image.Resampling.BICUBIC)
    shown = [ImageOps.fit(smooth.crop((2 * by, by, 1200 - 2 * by, 600 - by)), (960, 540)) for by in (0, 4)]
    drawn = [LAYOUTS["story"](each, OTHER, np.random.default_rng(seed)).reduce(2) for each in shown]
    blocks = [pdq.hash_full(np.asarray(each)).block for each in drawn]
    assert not any(map(may_be_screen, blocks))  # else this shows nothing
    assert may_be_recording(blocks)


def test_a_clip_in_which_little_moves_is_found_too() -> None:
    screen = _look(shown_in("google viewer", _somebody))
    assert screen is not None
    assert screen.certain
    assert overlap(screen.pictures[0], _place_in("google viewer")) > 0.97


def _with_blurred_bars(number: int) -> Image.Image:
    ground = panned(number).filter(ImageFilter.GaussianBlur(30))
    ground.paste(ImageOps.fit(panned(number), (420, 540)), (270, 0))
    return ground


@pytest.mark.parametrize(
    ("make", "place"),
    [
        (lambda number: ImageOps.pad(panned(number), (540, 960)), (0, 328, 540, 632)),
        (lambda number: ImageOps.pad(ImageOps.fit(panned(number), (960, 402)), (960, 540)), (0, 69, 960, 471)),
        (_with_blurred_bars, (270, 0, 690, 540)),
    ],
    ids=["black bars on a phone", "letterboxed film", "blurred bars"],
)
def test_bars_without_furniture_are_never_certain(
    make: Callable[[int], Image.Image], place: tuple[int, int, int, int]
) -> None:
    screen = _look(make)
    assert screen is not None
    assert not screen.certain
    assert overlap(screen.pictures[0], place) > 0.95


def captioned(number: int) -> Image.Image:
    drawn = panned(number).copy()
    ImageDraw.Draw(drawn).text((250, 470), "words of somebody", "white", font_size=36)
    return drawn


def _with_logo(number: int) -> Image.Image:
    drawn = panned(number).copy()
    ImageDraw.Draw(drawn).rectangle((20, 20, 140, 70), fill="white", outline="red", width=6)
    return drawn


def _news(number: int) -> Image.Image:
    drawn = panned(number).copy()
    ImageDraw.Draw(drawn).rectangle((0, 470, 960, 540), fill="red")
    ImageDraw.Draw(drawn).text((30, 480), "news of somebody", "white", font_size=36)
    return drawn


ORDINARY: dict[str, Callable[[int], Image.Image]] = {
    "panned": panned,
    "somebody walks by": _somebody,
    "nothing moves": lambda number: panned(0),
    "dark": lambda number: Image.eval(panned(number), lambda level: level // 14),
    "dark, upright": lambda number: ImageOps.fit(Image.eval(panned(number), lambda level: level // 14), (540, 960)),
    "captions": captioned,
    "a logo": _with_logo,
    "a banner": _news,
    "slides": lambda number: picture(40 + number // 2, (640, 360)),
    "plain": lambda number: Image.new("RGB", (640, 360), (20 * number, 0, 0)),
}


@pytest.mark.parametrize("kind", ORDINARY)
def test_an_ordinary_clip_is_no_recording(kind: str) -> None:
    assert _look(ORDINARY[kind]) is None


def _lyrics(number: int) -> Image.Image:
    drawn = Image.new("RGB", (540, 960), (20, 20, 60))
    draw = ImageDraw.Draw(drawn)
    for line, at in enumerate((40, 450, 880)):
        draw.text((40 + 20 * (number % 3), at), f"word {number} and {line} of a song", "white", font_size=32)
    return drawn


def test_words_that_change_are_no_furniture() -> None:
    screen = _look(_lyrics)
    assert screen is None or not screen.certain


def _noise() -> list[Pixels]:
    source = np.random.default_rng(0)
    return [source.integers(0, 256, (300, 170, 3), np.uint8) for _ in range(FRAMES)]


@pytest.mark.parametrize(
    "frames",
    [
        [np.full((3000, 1), 7, np.uint8)] * 3,
        [np.full((1, 3000, 3), level, np.uint8) for level in (0, 100, 200)],
        [np.zeros((1, 1, 3), np.uint8)],
        [np.full((300, 170, 3), level, np.uint8) for level in (0, 255, 0, 255)],
        [((np.indices((300, 400)).sum(axis=0) + shift) % 2 * 255).astype(np.uint8) for shift in range(4)],
        _noise(),
    ],
    ids=["one column", "one row", "one pixel", "flashes", "checkerboard", "noise"],
)
def test_no_shape_and_no_pattern_is_an_error(frames: list[Pixels]) -> None:
    screen = find_recording(frames)
    height, width = frames[0].shape[:2]
    for left, top, right, bottom in screen.pictures if screen else ():
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
