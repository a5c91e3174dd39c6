"""What one picture's list of fingerprints holds: each value once, under the right names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from takedown_cli.core.model import Fingerprint
from takedown_cli.core.reasons import Reason
from takedown_cli.core.variants import AS_SHOWN, CUT
from takedown_cli.fixtures.texture import picture
from takedown_cli.hashing.decoded import ORIENTATIONS, Picture, Pixels, turn_upright
from takedown_cli.hashing.fingerprint import pdq
from takedown_cli.hashing.fingerprint.picture import PictureFingerprints, fingerprint_picture, merge_equal_values


def sample(stored: Pixels, orientation: int = 1, shrink: int = 1, **more: Any) -> Picture:
    height, width = (side * shrink for side in stored.shape[:2])
    return Picture(stored, orientation, height, width, shrink=shrink, **more)


def _names(found: PictureFingerprints) -> list[str]:
    return [f"{item.method}/{item.variant}" for item in found.fingerprints]


LARGE = np.asarray(picture(31, (900, 700)))
SMALL = np.asarray(picture(31, (300, 200)))


def test_a_large_picture_has_both_methods_and_seven_turned_copies() -> None:
    found = fingerprint_picture(sample(LARGE), flips=True)
    assert _names(found) == ["full/upright", "512nn/upright", *(f"full/{name}" for name in pdq.DIHEDRAL_NAMES[1:])]
    assert found.weak is None
    assert {item.quality for item in found.fingerprints} == {found.full.quality}


def test_equal_hashes_are_one_fingerprint() -> None:
    found = fingerprint_picture(sample(SMALL), flips=False)
    assert _names(found) == ["full/upright"]
    assert found.fingerprints[0].also == ("512nn/upright",)


def test_deep_grey_has_the_hashes_of_what_a_viewer_shows_too() -> None:
    deep = LARGE[:, :, 1]
    dark: Pixels = (deep >> 2).astype(np.uint8)
    found = fingerprint_picture(sample(deep, 6, shown=dark), flips=False)
    listed = {label: item for item in found.fingerprints for label in (f"{item.method}/{item.variant}", *item.also)}
    upright = np.ascontiguousarray(turn_upright(dark, ORIENTATIONS[6]))
    for method, reading in pdq.hash_both(upright).items():
        assert listed[f"{method}/{AS_SHOWN}"].value == reading.value
    assert listed["full/upright"].value == found.full.value


@pytest.mark.parametrize("number", range(2, 9))
def test_a_turned_picture_has_its_raw_hashes_too(number: int) -> None:
    found = {
        label: item.value
        for item in fingerprint_picture(sample(LARGE, number), flips=True).fingerprints
        for label in (f"{item.method}/{item.variant}", *item.also)
    }
    upright = np.ascontiguousarray(turn_upright(LARGE, ORIENTATIONS[number]))
    for method, reading in pdq.hash_both(LARGE).items():
        assert found[f"{method}/raw"] == reading.value
    for method, reading in pdq.hash_both(upright).items():
        assert found[f"{method}/upright"] == reading.value


def test_the_hash_that_hma_makes_of_a_misread_picture_is_listed_too() -> None:
    wrong = np.asarray(picture(32, (900, 700)).convert("L"))
    found = fingerprint_picture(sample(LARGE, 6, misread=wrong), flips=False)
    item = next(item for item in found.fingerprints if item.variant == "hma")
    assert item.value == pdq.hash_full(wrong).value
    same = fingerprint_picture(sample(LARGE, misread=LARGE), flips=False)
    assert same.fingerprints[0].also == ("full/hma",)


def test_fingerprints_of_a_frame_have_its_place() -> None:
    found = fingerprint_picture(sample(SMALL, index=3, timestamp=1.5), flips=True)
    assert {(item.frame, item.timestamp) for item in found.fingerprints} == {(3, 1.5)}


def test_a_scaled_picture_has_no_squeezed_hash() -> None:
    assert _names(fingerprint_picture(sample(SMALL, shrink=4), flips=False)) == ["full/upright"]


@pytest.mark.parametrize(
    ("pixels", "reason"),
    [
        (np.full((300, 300), 9, np.uint8), Reason.BLANK),
        (np.full((20, 300), 9, np.uint8), Reason.TINY),
        (np.zeros((1, 1, 3), np.uint8), Reason.TINY),
        (np.linspace(0, 255, 300).astype(np.uint8)[None, :].repeat(300, axis=0), Reason.LOW_QUALITY),
        (LARGE, None),
    ],
)
def test_why_a_picture_cannot_be_matched(pixels: Pixels, reason: Reason | None) -> None:
    assert fingerprint_picture(sample(pixels), flips=False).weak is reason


def test_merging_names_each_variant_once() -> None:
    items = [
        Fingerprint("pdq", "aa", "full", "upright", frame=0), Fingerprint("pdq", "aa", "512nn", "upright", frame=0),
        Fingerprint("pdq", "aa", "full", "upright", frame=1), Fingerprint("phash", "aa", None, "upright"),
        Fingerprint("pdq", "bb", "full", "flipx"), Fingerprint("pdq", "aa", "512nn", "upright", frame=1),
    ]  # fmt: skip
    assert list(merge_equal_values(items)) == [
        Fingerprint("pdq", "aa", "full", "upright", frame=0, also=("512nn/upright",)),
        Fingerprint("phash", "aa", None, "upright"), Fingerprint("pdq", "bb", "full", "flipx"),
    ]  # fmt: skip


def test_equal_values_lost_the_better_quality() -> None:
    faint = Fingerprint("pdq", "a" * 64, "full", "upright", 27)
    clear = Fingerprint("pdq", "a" * 64, "full", "on-white", 91)
    (kept,) = merge_equal_values([faint, replace(faint, method="512nn"), clear, replace(clear, variant="on-black")])
    assert (kept.variant, kept.quality) == ("on-white", 91)
    assert kept.also == ("full/upright", "512nn/upright", "full/on-black")
    (itself,) = merge_equal_values([replace(faint, variant="crop:left:1", quality=95), clear])
    assert (itself.variant, itself.quality, itself.also) == ("on-white", 95, ("full/crop:left:1",))
    (first,) = merge_equal_values([clear, replace(clear, variant="on-black"), faint])
    assert (first.variant, first.also) == ("on-white", ("full/on-black", "full/upright"))


def test_the_part_of_a_cut_picture_has_one_fingerprint_of_its_own() -> None:
    pixels = np.asarray(picture(3, (900, 600)))
    part = Picture(pixels[:400], 6, 600, 900, variant=CUT)
    found = fingerprint_picture(part, flips=True)
    (only,) = found.fingerprints
    assert (only.method, only.variant) == (pdq.FULL, CUT)
    assert only.value == pdq.hash_full(np.rot90(pixels[:400], -1)).value
