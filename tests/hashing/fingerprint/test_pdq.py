"""PDQ against values of the reference (made with pdqhash 0.2.8), and against its arithmetic run literally."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from takedown_cli.core.model import MIN_QUALITY
from takedown_cli.fixtures.texture import picture
from takedown_cli.hashing.decoded import ORIENTATIONS, Orientation, Pixels, turn_upright
from takedown_cli.hashing.fingerprint import pdq, pdq_downsample, pdq_reference

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "pdq_vectors.json").read_text())


def _random(height: int, width: int, channels: int, seed: int) -> Pixels:
    """Smooth random fields, so that quality is high and every size is easy to make."""
    source = np.random.default_rng(seed)
    coarse = source.integers(0, 256, (7, 9, channels), np.uint8)
    planes = [Image.fromarray(coarse[:, :, index]).resize((width, height)) for index in range(channels)]
    stacked = np.stack([np.asarray(plane) for plane in planes], axis=2)
    return stacked[:, :, 0] if channels == 1 else stacked


def _stored(upright: Pixels, orientation: Orientation) -> Pixels:
    """The pixels as a camera with that orientation would have stored them."""
    turned = upright.swapaxes(0, 1) if orientation.transpose else upright
    return turned[:: -1 if orientation.flip_rows else 1, :: -1 if orientation.flip_columns else 1]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector['size']}-{vector['mode']}")
def test_made_pictures_give_the_references_hashes(vector: dict[str, Any]) -> None:
    pixels = np.asarray(picture(vector["seed"], tuple(vector["size"])).convert(vector["mode"]))
    both = pdq.hash_both(pixels)
    assert (both[pdq.FULL].value, both[pdq.FULL].quality) == (vector["full"], vector["quality"])
    assert (both[pdq.NEAREST].value, both[pdq.NEAREST].quality) == (vector["nearest"], vector["nearest_quality"])
    turned = both[pdq.FULL].dihedral_values()
    assert list(turned) == list(pdq.DIHEDRAL_NAMES)
    assert list(turned.values()) == vector["dihedral"]


def test_shared_pictures_give_the_references_hashes(shared: Path) -> None:
    with (shared / "vectors" / "pdq.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    assert rows
    for row in rows:
        both = pdq.hash_both(np.asarray(Image.open(shared / "media" / "pdq" / row["file"])))
        assert both[pdq.FULL].value == row["pdq_full"]
        assert both[pdq.NEAREST].value == row["pdq_512nn"]
        assert both[pdq.FULL].quality == int(row["quality_full"])
        assert both[pdq.NEAREST].quality == int(row["quality_512nn"])
        assert list(both[pdq.FULL].dihedral_values().values()) == row["dihedral_full"].split()


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(5, 300), width=st.integers(5, 300), channels=st.sampled_from([1, 3, 4]), seed=st.integers(0, 99)
)
def test_any_size_agrees_with_the_filter_run_literally(height: int, width: int, channels: int, seed: int) -> None:
    pixels = _random(height, width, channels, seed)
    reading = pdq.hash_full(pixels)
    block = pdq_reference.downsample(pixels, single=False)
    assert np.abs(pdq_downsample.downsample(pixels) - block).max() < 1e-3
    if reading.quality >= MIN_QUALITY:
        assert reading.value == pdq.hex_values(pdq_reference.transform_block(block, pdq._DCT)[None])[0]


@pytest.mark.parametrize("number", range(1, 9))
@pytest.mark.parametrize("size", [(700, 523), (64, 600), (40, 31)])
def test_stored_any_way_round_the_upright_picture_has_the_same_hashes(number: int, size: tuple[int, int]) -> None:
    upright = _random(*size, 3, number)
    orientation = ORIENTATIONS[number]
    stored = np.ascontiguousarray(_stored(upright, orientation))
    assert np.array_equal(turn_upright(stored, orientation), upright)
    straight, turned = pdq.hash_both(upright), pdq.hash_both(stored, orientation)
    for method in (pdq.FULL, pdq.NEAREST):
        assert np.allclose(turned[method].block, straight[method].block, atol=1e-9)
        assert turned[method].value == straight[method].value


def test_turned_pictures_land_close_to_the_predicted_hashes() -> None:
    """The names mean what they say: each turned copy is near its own prediction, and near no other."""
    pixels = np.asarray(picture(21, (640, 480)))
    predicted = pdq.hash_full(pixels).dihedral_values()
    copies = {
        "original": pixels, "rotate90": np.rot90(pixels), "rotate180": np.rot90(pixels, 2),
        "rotate270": np.rot90(pixels, 3), "flipx": pixels[::-1], "flipy": pixels[:, ::-1],
        "flipplus1": pixels.swapaxes(0, 1), "flipminus1": np.rot90(pixels, 2).swapaxes(0, 1),
    }  # fmt: skip
    for name, copy in copies.items():
        value = pdq.hash_full(np.ascontiguousarray(copy)).value
        bits = {other: (int(value, 16) ^ int(guess, 16)).bit_count() for other, guess in predicted.items()}
        assert bits[name] <= 16, name
        assert all(distance > 60 for other, distance in bits.items() if other != name)


@pytest.mark.parametrize("size", [(4, 4), (4, 900), (900, 1), (1, 1)])
def test_what_is_too_small_has_the_zero_hash(size: tuple[int, int]) -> None:
    reading = pdq.hash_full(np.full((*size, 3), 7, np.uint8))
    assert (reading.value, reading.quality) == ("0" * 64, 0)


def test_alpha_is_left_out() -> None:
    colours = _random(90, 700, 3, 5)
    with_alpha = np.dstack([colours, _random(90, 700, 1, 6)])
    for method, reading in pdq.hash_both(with_alpha).items():
        assert reading.value == pdq.hash_both(colours)[method].value


@pytest.mark.parametrize("shrink", [2, 4, 8])
def test_block_means_are_enough_for_a_hash_within_a_few_bits(shrink: int) -> None:
    pixels = np.asarray(picture(5, (3001, 2250)).convert("L"))
    height, width = pixels.shape
    edged = np.pad(pixels, ((0, -height % shrink), (0, -width % shrink)), mode="edge").astype(np.float64)
    means = edged.reshape(edged.shape[0] // shrink, shrink, -1, shrink).mean(axis=(1, 3)).round().astype(np.uint8)
    for number in (1, 6):
        orientation = ORIENTATIONS[number]
        exact = pdq.hash_full(pixels, orientation)
        scaled = pdq.hash_block(pdq_downsample.downsample(means, orientation, full=(height, width), shrink=shrink))
        assert (int(exact.value, 16) ^ int(scaled.value, 16)).bit_count() <= 4
        assert np.abs(exact.block - scaled.block).max() < 1.5


def test_near_ties_are_settled_by_the_references_own_arithmetic(monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture of 8 x 28 px ties in so many coefficients that exact sums alone are 20 bits away."""
    pixels = _random(28, 8, 3, 11)
    settled = pdq.hash_full(pixels)
    assert settled.quality >= MIN_QUALITY
    assert (
        settled.value
        == pdq.hex_values(
            pdq_reference.transform_block(pdq_reference.downsample(pixels, single=False), pdq._DCT)[None]
        )[0]
    )
    monkeypatch.setattr(pdq, "_MAX_SETTLED_PIXELS", 0)
    assert pdq.hash_full(pixels).value != settled.value
