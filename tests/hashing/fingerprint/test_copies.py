"""Predicted copies: what they catch, what they cost, and that they are what a PDQ looks like."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageOps

from takedown_cli.core.model import MATCH_DISTANCE, Fingerprint
from takedown_cli.fixtures.texture import picture
from takedown_cli.hashing.fingerprint import copies, copy_geometry, copy_transforms, pdq
from takedown_cli.hashing.fingerprint.copies import PREDICTED_KINDS, predict_copies
from takedown_cli.hashing.fingerprint.thumbnail import make_thumbnail
from tests.benchmarks.copies import KINDS, finish

SEEDS = (3, 4, 8)
ALL = frozenset(PREDICTED_KINDS)


def _luma(made: Image.Image) -> npt.NDArray[np.float32]:
    return make_thumbnail(np.asarray(made))


def _distance(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


@pytest.fixture(scope="module")
def made() -> dict[int, Image.Image]:
    return {seed: picture(seed) for seed in SEEDS}


@pytest.fixture(scope="module")
def found(made: dict[int, Image.Image]) -> dict[int, list[Fingerprint]]:
    return {seed: predict_copies(_luma(each), ALL) for seed, each in made.items()}


def test_every_value_looks_like_a_pdq_and_has_a_name_of_its_own(found: dict[int, list[Fingerprint]]) -> None:
    for copies_of_one in found.values():
        names = [(each.variant or "") for each in copies_of_one]
        assert len(set(names)) == len(names) == len({each.value for each in copies_of_one}) <= copies.BUDGET
        for each in copies_of_one:
            assert re.fullmatch(r"[0-9a-f]{64}", each.value)
            # An intake drops what is not near 128: degenerate or invented.
            assert int(each.value, 16).bit_count() == 128
            assert re.fullmatch(r"(screen|crop|border|caption|tilt|fit):[a-z0-9:+.-]+", (each.variant or ""))


@pytest.mark.parametrize("kind", [kind for kind, (name, _, bar) in KINDS.items() if name in ALL and bar])
def test_a_copy_of_random_amount_is_caught(
    kind: str, made: dict[int, Image.Image], found: dict[int, list[Fingerprint]]
) -> None:
    caught = []
    for seed in SEEDS:
        published = pdq.hash_full(np.asarray(made[seed])).value
        for draw in range(2):
            copy = finish(KINDS[kind][1](made[seed], np.random.default_rng([seed, draw])))
            value = pdq.hash_full(np.asarray(copy)).value
            distances = [_distance(value, each) for each in (published, *(each.value for each in found[seed]))]
            caught.append(min(distances) <= MATCH_DISTANCE)
    assert sum(caught) >= len(caught) - 1


_CHANGED: dict[str, Callable[[Image.Image], Image.Image]] = {
    "cut 4x5": lambda made: ImageOps.fit(made, (800, 1000)),
    "cut square": lambda made: ImageOps.fit(made, (900, 900)),
    "cut square at the start": lambda made: ImageOps.fit(made, (900, 900), centering=(0, 0)),
    "cut square at the end": lambda made: ImageOps.fit(made, (900, 900), centering=(1, 1)),
    "cut square at a quarter": lambda made: ImageOps.fit(made, (900, 900), centering=(0.25, 0.25)),
    "cut 4x5 at the start": lambda made: ImageOps.fit(made, (800, 1000), centering=(0, 0)),
    "cut 4x5 at the end": lambda made: ImageOps.fit(made, (800, 1000), centering=(1, 1)),
    "cut 9x16": lambda made: ImageOps.fit(made, (720, 1280)),
    "mirrored with a border": lambda made: ImageOps.expand(ImageOps.mirror(made), 60),
    "mirrored as a story": lambda made: ImageOps.pad(ImageOps.mirror(made), (720, 1280)),
    "mirrored as a white square": lambda made: ImageOps.pad(ImageOps.mirror(made), (1080, 1080), color="white"),
}


@pytest.mark.parametrize("change", _CHANGED.values(), ids=_CHANGED.keys())
def test_a_picture_cut_to_a_shape_or_mirrored_and_framed_is_caught(
    change: Callable[[Image.Image], Image.Image],
    made: dict[int, Image.Image],
    found: dict[int, list[Fingerprint]],
) -> None:
    for seed in SEEDS:
        copy = finish(change(made[seed]))
        value = pdq.hash_full(np.asarray(copy)).value
        assert min(_distance(value, each.value) for each in found[seed]) <= MATCH_DISTANCE


def test_a_negative_scale_shows_the_picture_mirrored() -> None:
    square = np.random.default_rng(0).uniform(0, 255, (copy_geometry.GRID, copy_geometry.GRID)).astype(np.float32)
    whole, framed, mirrored = (0, 1, 0, 1), (-0.1, 1.2, 0, 1), (1.1, -1.2, 0, 1)
    rows, columns = (copy_geometry.axis_maps(np.array(spans, np.float32)) for spans in ([whole], [framed, mirrored]))
    turned = np.ascontiguousarray(square[:, ::-1])
    _, found = copy_geometry.place_copies(square, rows, columns, np.array([(0, 0), (0, 1)]))
    expected = copy_geometry.place_copies(turned, rows, columns, np.zeros((1, 2), np.intp))[0]
    assert np.allclose(found, expected, atol=1e-2)


def test_pictures_do_not_catch_each_other(found: dict[int, list[Fingerprint]]) -> None:
    for seed, ours in found.items():
        theirs = [each.value for other, values in found.items() if other != seed for each in values]
        assert min(_distance(each.value, other) for each in ours for other in theirs) > MATCH_DISTANCE


def test_only_the_classes_asked_for_and_no_more_than_the_budget(made: dict[int, Image.Image]) -> None:
    luma = _luma(made[3])
    assert predict_copies(luma, frozenset()) == predict_copies(luma, frozenset({"flips"})) == []
    crops = predict_copies(luma, frozenset({"crops", "flips"}))
    assert {(each.variant or "").partition(":")[0] for each in crops} == {"crop"}
    # The best come first, so a smaller budget is the beginning of a larger one.
    assert predict_copies(luma, frozenset({"crops"}), budget=5) == crops[:5]
    assert predict_copies(luma, ALL, budget=0) == []


def test_equal_luma_gives_equal_fingerprints_whatever_its_type(made: dict[int, Image.Image]) -> None:
    luma = np.rint(_luma(made[4]))
    assert predict_copies(luma, ALL) == predict_copies(luma, ALL) == predict_copies(luma.astype(np.uint8), ALL)


@pytest.mark.parametrize("shape", [(1, 1), (5, 900), (300, 7), (0, 10)])
def test_any_shape_is_taken(shape: tuple[int, int]) -> None:
    luma = np.random.default_rng(0).uniform(0, 255, shape).astype(np.float32)
    assert len(predict_copies(luma, ALL)) <= copies.BUDGET


def test_a_picture_too_poor_to_match_has_no_predicted_copies() -> None:
    assert predict_copies(np.full((300, 400), 90, np.float32), ALL) == []


def test_a_picture_with_stripes_only_gives_nothing_degenerate() -> None:
    stripes = np.tile(np.repeat(np.array([0, 255] * 8, np.float32), 25), (300, 1))
    for each in predict_copies(stripes, ALL):
        assert int(each.value, 16).bit_count() == 128


def test_a_simulated_crop_is_within_a_few_bits_of_the_real_one(made: dict[int, Image.Image]) -> None:
    original = made[3]
    width, height = original.size
    left, top, right, bottom = 0.04, 0.0, 0.02, 0.055
    box = (round(left * width), 0, round((1 - right) * width), round((1 - bottom) * height))
    real = pdq.hash_full(np.asarray(original.crop(box))).value
    rows = copy_geometry.axis_maps(np.array([(top, 1 - top - bottom, 0, 1)], np.float32))
    columns = copy_geometry.axis_maps(np.array([(left, 1 - left - right, 0, 1)], np.float32))
    square = copy_geometry.average_to_grid(_luma(original))
    coefficients = copy_geometry.place_copies(square, rows, columns, np.zeros((1, 2), np.intp))
    assert _distance(pdq.hex_values(coefficients.astype(np.float64))[0], real) <= 12


def test_what_is_prepared_is_not_computed_again(made: dict[int, Image.Image]) -> None:
    copies.prepare_tables(ALL, aspects=(made[3].width / made[3].height,))
    before = copy_transforms.plan_copies_for.cache_info().misses
    predict_copies(_luma(made[3]), ALL)
    assert copy_transforms.plan_copies_for.cache_info().misses == before
