"""What one picture's list of fingerprints holds: each value once, under the right names."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

from takedown_cli.fingerprint import dihedral, pdq, still, tent
from takedown_cli.fixtures.texture import picture
from takedown_cli.model import Fingerprint
from takedown_cli.reasons import Reason


@dataclass(frozen=True)
class Sample:
    stored: npt.NDArray[np.uint8]
    orientation: int = 1
    misread: npt.NDArray[np.uint8] | None = None
    alpha: npt.NDArray[np.uint8] | None = None
    index: int | None = None
    timestamp: float | None = None
    shrink: int = 1

    @property
    def height(self) -> int:
        return int(self.stored.shape[0]) * self.shrink

    @property
    def width(self) -> int:
        return int(self.stored.shape[1]) * self.shrink


def _names(found: still.Still) -> list[str]:
    return [f"{item.method}/{item.variant}" for item in found.fingerprints]


LARGE = np.asarray(picture(31, (900, 700)))
SMALL = np.asarray(picture(31, (300, 200)))


def test_a_large_picture_has_two_readings_and_seven_turned_ones() -> None:
    found = still.fingerprint(Sample(LARGE), flips=True)
    assert _names(found) == ["full/upright", "512nn/upright", *(f"full/{name}" for name in dihedral.NAMES[1:])]
    assert found.weak is None
    assert {item.quality for item in found.fingerprints} == {found.quality}


def test_equal_readings_are_one_fingerprint() -> None:
    found = still.fingerprint(Sample(SMALL), flips=False)
    assert _names(found) == ["full/upright"]
    assert found.fingerprints[0].also == ("512nn/upright",)


@pytest.mark.parametrize("number", range(2, 9))
def test_a_turned_picture_has_its_raw_readings_too(number: int) -> None:
    found = {
        label: item.value
        for item in still.fingerprint(Sample(LARGE, number), flips=True).fingerprints
        for label in (f"{item.method}/{item.variant}", *item.also)
    }
    upright = np.ascontiguousarray(tent.upright(LARGE, tent.TURNS[number]))
    for method, reading in pdq.read_both(LARGE).items():
        assert found[f"{method}/raw"] == reading.value
    for method, reading in pdq.read_both(upright).items():
        assert found[f"{method}/upright"] == reading.value


def test_what_hma_takes_it_for_rides_along_as_stored() -> None:
    wrong = np.asarray(picture(32, (900, 700)).convert("L"))
    found = still.fingerprint(Sample(LARGE, 6, misread=wrong), flips=False)
    item = next(item for item in found.fingerprints if item.variant == "hma")
    assert item.value == pdq.read_full(wrong).value
    same = still.fingerprint(Sample(LARGE, misread=LARGE), flips=False)
    assert same.fingerprints[0].also == ("full/hma",)


def test_frames_carry_their_place() -> None:
    found = still.fingerprint(Sample(SMALL, index=3, timestamp=1.5), flips=True)
    assert {(item.frame, item.timestamp) for item in found.fingerprints} == {(3, 1.5)}


def test_a_scaled_picture_has_no_squeezed_reading() -> None:
    assert _names(still.fingerprint(Sample(SMALL, shrink=4), flips=False)) == ["full/upright"]


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
def test_why_a_picture_cannot_be_matched(pixels: npt.NDArray[np.uint8], reason: Reason | None) -> None:
    assert still.fingerprint(Sample(pixels), flips=False).weak is reason


def test_merging_names_each_derivation_once() -> None:
    items = [
        Fingerprint("pdq", "aa", "full", "upright", frame=0), Fingerprint("pdq", "aa", "512nn", "upright", frame=0),
        Fingerprint("pdq", "aa", "full", "upright", frame=1), Fingerprint("phash", "aa", None, "upright"),
        Fingerprint("pdq", "bb", "full", "flipx"), Fingerprint("pdq", "aa", "512nn", "upright", frame=1),
    ]  # fmt: skip
    assert list(still.merged(items)) == [
        Fingerprint("pdq", "aa", "full", "upright", frame=0, also=("512nn/upright",)),
        Fingerprint("phash", "aa", None, "upright"), Fingerprint("pdq", "bb", "full", "flipx"),
    ]  # fmt: skip
