"""The readings of an upload: which ones there are, and that each finds the picture that it is meant for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from takedown_cli.core.model import MATCH_DISTANCE, MIN_QUALITY, Fingerprint
from takedown_cli.fixtures.texture import picture
from takedown_cli.hashing.fingerprint import pdq
from takedown_cli.hashing.fingerprint.copies import PREDICTED_KINDS, predict_copies
from takedown_cli.hashing.fingerprint.thumbnail import make_thumbnail
from takedown_cli.hashing.matching import FILLED, INSIDE, NEGATIVE, REFRAMED, TURNED, distance
from takedown_cli.hashing.readings.rectangles import MOST
from takedown_cli.hashing.readings.upload import read_upload
from tests.benchmarks.copies import finish
from tests.benchmarks.reposts.layouts import LAYOUTS

ORIGINAL = picture(11, (900, 700))
UPRIGHT = pdq.hash_full(np.asarray(ORIGINAL)).value


def readings_of(drawn: Image.Image) -> list[Fingerprint]:
    pixels = np.asarray(drawn)
    return read_upload(pixels, pdq.hash_full(pixels))


def nearest_of(drawn: Image.Image) -> dict[str, int]:
    """Return the least distance to the original's hash, by method."""
    found: dict[str, int] = {}
    for reading in readings_of(drawn):
        method = reading.method or ""
        found[method] = min(found.get(method, 256), distance(reading.value, UPRIGHT))
    return found


def test_a_turned_picture_is_read_upright_again() -> None:
    assert nearest_of(ORIGINAL.transpose(Image.Transpose.ROTATE_90))[TURNED] <= MATCH_DISTANCE


def test_a_negative_is_read_as_the_picture() -> None:
    assert nearest_of(ImageOps.invert(ORIGINAL))[NEGATIVE] <= 2


def test_a_picture_in_a_frame_is_read_by_itself_and_mirrored() -> None:
    assert nearest_of(ImageOps.expand(ORIGINAL, (20, 60, 90, 200), (250, 250, 250)))[INSIDE] <= MATCH_DISTANCE
    mirrored = ImageOps.expand(ImageOps.mirror(ORIGINAL), 80, (0, 0, 0))
    assert nearest_of(mirrored)[INSIDE] <= MATCH_DISTANCE


def test_round_corners_of_a_picture_do_not_hide_it() -> None:
    smooth = ORIGINAL.resize((16, 12)).resize((900, 700), Image.Resampling.BICUBIC)
    original = pdq.hash_full(np.asarray(smooth))
    mask = Image.new("L", smooth.size)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, 899, 699), 50, fill=255)
    screen = Image.new("RGB", (1080, 2000), (255, 255, 255))
    screen.paste(smooth, (90, 500), mask)
    plain = pdq.hash_full(np.asarray(screen.crop((90, 500, 990, 1200))))
    assert distance(plain.value, original.value) > MATCH_DISTANCE  # else this shows nothing
    inside = [reading for reading in readings_of(screen) if reading.method == INSIDE]
    assert min(distance(reading.value, original.value) for reading in inside) <= MATCH_DISTANCE


def test_a_bar_over_the_eyes_is_filled() -> None:
    barred = ORIGINAL.copy()
    ImageDraw.Draw(barred).rectangle((150, 200, 700, 290), fill=(0, 0, 0))
    plain = pdq.hash_full(np.asarray(barred)).value
    assert distance(plain, UPRIGHT) > MATCH_DISTANCE  # else this shows nothing
    assert nearest_of(barred)[FILLED] <= MATCH_DISTANCE


def test_signs_and_words_over_a_picture_are_filled() -> None:
    smooth = ORIGINAL.resize((48, 36)).resize((1080, 840), Image.Resampling.BICUBIC).point(lambda level: level * 0.6)
    original = pdq.hash_full(np.asarray(smooth)).value
    screen = Image.new("RGB", (1080, 1920))
    screen.paste(smooth, (0, 500))
    draw = ImageDraw.Draw(screen)
    for y in range(540, 1300, 110):
        draw.ellipse((960, y, 1040, y + 80), fill=(255, 255, 255))
    plain = pdq.hash_full(np.asarray(screen.crop((0, 500, 1080, 1340)))).value
    assert distance(plain, original) > MATCH_DISTANCE  # else this shows nothing
    filled = [reading.value for reading in readings_of(screen) if reading.method == FILLED]
    assert min(distance(value, original) for value in filled) <= MATCH_DISTANCE


def _cut(shown: Image.Image, left: float, top: float, right: float, bottom: float) -> Image.Image:
    width, height = shown.size
    return shown.crop((left * width, top * height, (1 - right) * width, (1 - bottom) * height))


#: Copies beyond what the list predicts: 5 % of all four sides, 10 % of one, 3 degrees.
BEYOND: dict[str, Callable[[Image.Image], Image.Image]] = {
    "four sides": lambda shown: _cut(shown, 0.07, 0.02, 0.02, 0.06),
    "one side": lambda shown: _cut(shown, 0, 0, 0.15, 0),
    "tilted": lambda shown: shown.rotate(5, Image.Resampling.BICUBIC),
    "tilted the other way": lambda shown: shown.rotate(-5, Image.Resampling.BICUBIC),
}


@pytest.mark.parametrize("kind", BEYOND)
def test_a_reframed_upload_reaches_copies_beyond_those_that_are_listed(kind: str) -> None:
    plain = reached = 0
    for seed in range(6):
        shown = picture(40 + seed, (900, 700))
        predicted = predict_copies(make_thumbnail(np.asarray(shown)), frozenset(PREDICTED_KINDS))
        listed = [pdq.hash_full(np.asarray(shown)).value, *(each.value for each in predicted)]
        copy = BEYOND[kind](shown)
        values = [[pdq.hash_full(np.asarray(copy)).value], [r.value for r in readings_of(copy) if r.method == REFRAMED]]
        near = [min(distance(value, each) for value in some for each in listed) <= MATCH_DISTANCE for some in values]
        plain, reached = plain + near[0], reached + near[1]
    assert plain <= 2
    assert reached >= plain + 3


def test_the_readings_of_another_picture_do_not_match() -> None:
    for drawn in (picture(12, (900, 700)), ImageOps.expand(picture(13, (700, 900)), 90, (0, 0, 0))):
        assert min(nearest_of(drawn).values()) > 60


def test_there_are_some_tens_of_readings_and_each_has_a_name_of_its_own() -> None:
    crowded = Image.new("RGB", (2000, 2000), (240, 240, 240))
    for number in range(36):
        crowded.paste(picture(number, (300, 300)), (number % 6 * 330, number // 6 * 330))
    found = readings_of(crowded)
    assert len({(reading.method, reading.variant) for reading in found}) == len(found)
    counts = Counter(reading.method for reading in found)
    assert (counts[TURNED], counts[NEGATIVE], counts[REFRAMED]) == (7, 1, 12)
    assert 8 <= counts[INSIDE] <= 2 * MOST
    assert all((reading.quality or 0) >= MIN_QUALITY for reading in found)


def test_a_plain_picture_has_no_readings() -> None:
    assert readings_of(Image.new("RGB", (800, 600), (9, 9, 9))) == []
    assert readings_of(Image.new("L", (60_000, 1), 9)) == []


#: Kinds that a reading must find, whatever the amounts drawn; ``tests.benchmarks.reposts`` measures all of them.
FOUND = ("polaroid", "padded", "mirrored border", "negative", "collage natural", "google viewer", "x post", "web page")


@pytest.mark.parametrize("kind", FOUND)
def test_copies_that_people_make_are_read_as_the_picture(kind: str) -> None:
    caught = 0
    for seed in range(3):
        shown, other = picture(40 + seed, (1280, 960)), picture(60 + seed, (960, 1280))
        copy = finish(LAYOUTS[kind](shown, other, np.random.default_rng([9, seed])), 80, 2520)
        hashes = pdq.hash_full(np.asarray(shown)).dihedral_values().values()
        nearest = min(distance(reading.value, value) for reading in readings_of(copy) for value in hashes)
        caught += nearest <= MATCH_DISTANCE
    assert caught >= 2
