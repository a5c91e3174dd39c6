"""Picture files of every kind: one outcome each, and among its values the hash of what Pillow decodes on its own."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from takedown_cli.core.model import MIN_QUALITY, Hashed, MediaFile, Recipe
from takedown_cli.core.reasons import TOO_POOR, Reason
from takedown_cli.hashing import hash_media
from takedown_cli.hashing.decode import pixels
from takedown_cli.hashing.discover.sniff import sniff
from takedown_cli.hashing.fingerprint import pdq
from tests.hashing.decode.picture_zoo import SAMPLE, zoo


def _hashed(data: bytes) -> Hashed:
    reported = sniff(data)
    assert not isinstance(reported, Reason)
    outcome = hash_media.hash_media(
        io.BytesIO(data), MediaFile(Path("x"), len(data), *reported), Recipe(copies=frozenset())
    )
    assert isinstance(outcome, Hashed)
    return outcome


@pytest.mark.filterwarnings("ignore:Palette images with Transparency")
@pytest.mark.parametrize("name", zoo())
def test_every_kind_of_picture_is_hashed_as_it_is_seen(name: str) -> None:
    data = zoo()[name]
    found = _hashed(data)
    with Image.open(io.BytesIO(data)) as opened:
        first = ImageOps.exif_transpose(opened)
        reading = pdq.hash_full(pixels.read_pixels(first))
        assert (found.width, found.height) == first.size
    item = next(item for item in found.fingerprints if item.kind == "pdq")
    assert (item.value, item.quality, item.variant) == (reading.value, reading.quality, "upright")
    assert (found.partial, found.weak is None) == (None, reading.quality >= MIN_QUALITY)
    assert found.weak is None or found.weak in TOO_POOR


@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("number", range(2, 9))
def test_a_turned_picture_has_both_readings(fmt: str, number: int) -> None:
    found = _hashed(zoo()[f"{fmt} turned {number}"])
    raw = next(item for item in found.fingerprints if item.variant == "raw")
    plain = next(item for item in _hashed(zoo()[f"{fmt} turned 1"]).fingerprints if item.variant == "upright")
    assert raw.value == plain.value


def test_frames_and_pages_are_all_there() -> None:
    for name in zoo():
        if "disposal" in name or name in ("webp moving", "tiff pages"):
            found = _hashed(zoo()[name])
            places = {item.frame for item in found.fingerprints if item.kind == "pdq"}
            assert places == set(range(3 if name == "tiff pages" else 4)), name
            if name != "tiff pages":
                assert found.duration == pytest.approx(0.74), name


def test_the_sample_can_be_matched() -> None:
    assert pdq.hash_full(np.asarray(SAMPLE)).quality == 100
