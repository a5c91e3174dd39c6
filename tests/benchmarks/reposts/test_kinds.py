"""The copies that recall is measured on: drawn anew in the same way, unlike the picture, and as large as is said."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageOps

from takedown_cli.fixtures.texture import picture
from takedown_cli.hashing.fingerprint import pdq
from takedown_cli.hashing.matching import distance
from tests.benchmarks.copies import finish
from tests.benchmarks.reposts import amounts, chains
from tests.benchmarks.reposts.__main__ import GROUPS, KINDS
from tests.benchmarks.reposts.captures import body_edit, photograph_screen, print_and_scan
from tests.benchmarks.reposts.layouts import LAYOUTS

SHOWN, OTHER = picture(5, (480, 360)), picture(6, (360, 480))
#: Kinds of which no amount is drawn.
FIXED = {"negative", "story blurred", "cut 4x5", "cut square"}


def source(*seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_drawn_by_its_seed_alone_and_is_not_the_picture(kind: str) -> None:
    first, again, another = (KINDS[kind](SHOWN, OTHER, source(seed)) for seed in (1, 1, 2))
    assert first.mode == "RGB"
    assert first.tobytes() == again.tobytes()
    assert (first.size, first.tobytes()) != (SHOWN.size, SHOWN.tobytes())
    assert (first.tobytes() == another.tobytes()) is (kind in FIXED)


def test_groups_name_kinds() -> None:
    assert {kind for group in GROUPS.values() for kind in group} <= set(KINDS)
    assert set(chains.SCREENS) <= set(LAYOUTS)


def changed(one: Image.Image, other: Image.Image) -> float:
    """Return the share of pixels that differ."""
    return float(np.asarray(ImageChops.difference(one, other)).any(axis=2).mean())


def test_a_body_editor_moves_a_part_of_the_picture_by_as_much_as_is_said() -> None:
    assert changed(body_edit(SHOWN, 0, source(3)), SHOWN) == 0
    little, much = (body_edit(SHOWN, share, source(3)) for share in (2, 10))
    assert little.size == much.size == SHOWN.size
    assert 0.02 < changed(much, SHOWN) < 0.7
    difference = [np.abs(np.asarray(each, float) - np.asarray(SHOWN)).mean() for each in (little, much)]
    assert 0 < difference[0] < difference[1]


def test_a_scan_has_neither_black_nor_white_and_the_size_of_the_print() -> None:
    contrasted = ImageOps.autocontrast(SHOWN)
    scan = print_and_scan(contrasted, 3, source(4))
    assert all(abs(scan.size[side] / SHOWN.size[side] - 1) < 0.12 for side in (0, 1))
    lowest, highest = np.percentile(np.asarray(scan), (0.5, 99.5))
    assert lowest > 10
    assert highest < 253


def test_a_scan_is_turned() -> None:
    striped = Image.new("RGB", (400, 400))
    striped.paste((255, 255, 255), (0, 0, 400, 200))
    dark = np.asarray(print_and_scan(striped, 5, source(5)).convert("L")) < 128
    first = dark.argmax(axis=0)[[80, 320]]
    assert abs(int(first[1]) - int(first[0])) == pytest.approx(240 * math.tan(math.radians(5)), abs=5)


def test_a_screen_is_photographed_as_the_camera_is_held() -> None:
    assert photograph_screen(SHOWN, 5, source(6)).size == (1200, 900)
    assert photograph_screen(OTHER, 5, source(6)).size == (900, 1200)


def test_a_screen_that_is_seen_from_beside_is_larger_where_it_is_nearer() -> None:
    """What is lit of a white screen: its longest row or column to its shortest one, in the middle half."""
    white = Image.new("RGB", (400, 300), (255, 255, 255))
    ratios = []
    for degrees in (0, 40):
        lit = np.asarray(photograph_screen(white, degrees, source(7)).convert("L")) > 90
        lengths = [lit.sum(axis=axis)[lit.shape[1 - axis] // 4 : -lit.shape[1 - axis] // 4] for axis in (0, 1)]
        ratios.append(max(each.max() / each.min() for each in lengths))
    assert ratios[0] < 1.1
    assert ratios[1] > 1.15


@pytest.mark.parametrize("capture", [body_edit, print_and_scan])
def test_what_was_edited_or_scanned_still_has_much_of_its_hash(capture: amounts.Maker) -> None:
    original = pdq.hash_full(np.asarray(SHOWN)).value
    for seed in range(3):
        copy = finish(capture(SHOWN, 2, source(8, seed)))
        assert distance(pdq.hash_full(np.asarray(copy)).value, original) < 90  # strangers: 128 ± 10


def test_a_photograph_of_a_screen_shows_the_picture_within_its_frame() -> None:
    """The screen is as wide as the camera's view, or a little more or less: the middle of both shows the same."""
    photograph = photograph_screen(SHOWN, 2, source(8, 0))
    middles = [
        each.crop((each.width // 4, each.height // 4, each.width * 3 // 4, each.height * 3 // 4))
        for each in (photograph, SHOWN)
    ]
    levels = [np.asarray(each.convert("L").resize((8, 6))).ravel() for each in middles]
    assert np.corrcoef(levels)[0, 1] > 0.6


def test_two_edits_are_both_made_the_first_one_first(monkeypatch: pytest.MonkeyPatch) -> None:
    edits = {
        "smaller": lambda shown, other, rng: shown.resize((200, 150)),
        "bordered": lambda shown, other, rng: ImageOps.expand(shown, 50),
    }
    monkeypatch.setattr(chains, "EDITS", edits)
    sizes = {chains.two_edits(SHOWN, OTHER, source(9, seed)).size for seed in range(20)}
    assert sizes == {(300, 250), (200, 150)}


def test_a_screen_in_a_screen_is_as_large_as_a_screen() -> None:
    assert {chains.screen_in_screen(SHOWN, OTHER, source(10, seed)).width for seed in range(4)} <= {1080, 1920}


#: Kind, amount, and the size that 480 x 360 pixels then have.
SIZES = (
    (amounts.zoom, 40.0, (288, 216)),
    (amounts.square, 25.0, (360, 360)),
    (amounts.caption_bar, 25.0, (480, 450)),
    (amounts.border, 20.0, (624, 504)),
    (amounts.tilt, 5.0, (480, 360)),
    (amounts.sticker, 20.0, (480, 360)),
    (amounts.recompress, 20.0, (480, 360)),
)


@pytest.mark.parametrize(("make", "amount", "size"), SIZES)
def test_a_copy_has_the_amount_that_is_asked_for(make: amounts.Maker, amount: float, size: tuple[int, int]) -> None:
    copy = make(SHOWN, amount, source(11))
    assert copy.size == size
    assert copy.tobytes() != SHOWN.tobytes()


@pytest.mark.parametrize("make", [amounts.crop_four, amounts.mirrored_crop])
def test_of_four_sides_one_loses_what_is_said_and_none_loses_more(make: amounts.Maker) -> None:
    for seed in range(8):
        width, height = make(SHOWN, 10, source(12, seed)).size
        lost = (1 - width / 480, 1 - height / 360)
        assert max(lost) >= 0.1 - 0.003
        assert max(lost) <= 0.2 + 0.003


def test_of_one_side_exactly_what_is_said_is_cut() -> None:
    assert {amounts.crop_one(SHOWN, 10, source(13, seed)).size for seed in range(8)} == {(432, 360), (480, 324)}


def test_squares_go_from_one_end_to_the_other() -> None:
    lefts = [amounts.square(SHOWN, place, source(14)) for place in (0, 50, 100)]
    for square, left in zip(lefts, (0, 60, 120), strict=True):
        assert square.tobytes() == SHOWN.crop((left, 0, left + 360, 360)).tobytes()


def test_a_sticker_covers_its_disc() -> None:
    covered = changed(amounts.sticker(SHOWN, 20, source(15)), SHOWN)
    assert covered == pytest.approx(math.pi * 72**2 / (480 * 360), rel=0.05)


def test_a_mirrored_crop_is_the_mirror_image_of_the_crop() -> None:
    plain, mirrored = (make(SHOWN, 8, source(16)) for make in (amounts.crop_four, amounts.mirrored_crop))
    assert mirrored.tobytes() == ImageOps.mirror(plain).tobytes()


@pytest.mark.parametrize("name", amounts.SPLITS)
def test_amounts_grow_beyond_each_other(name: str) -> None:
    split = amounts.SPLITS[name]
    copies = [split.make(SHOWN, amount, source(17)) for amount in split.amounts]
    assert len({(copy.size, copy.tobytes()) for copy in copies}) == len(split.amounts)
