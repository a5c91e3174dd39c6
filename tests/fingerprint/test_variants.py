"""Predicted copies: what they catch, what they cost, and that they are what a PDQ looks like."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from takedown_cli.fingerprint import pdq, variants, variants_copies, variants_place
from takedown_cli.fingerprint.small import small_luma
from takedown_cli.fingerprint.variants import CLASSES, Variant, predicted
from takedown_cli.fingerprint.variants_cover import cover
from takedown_cli.fixtures.texture import picture
from takedown_cli.model import MATCH_DISTANCE
from tests.benchmarks.copies import KINDS, finish

SEEDS = (3, 4, 8)
ALL = frozenset(CLASSES)


def _luma(made: Image.Image) -> npt.NDArray[np.float32]:
    return small_luma(np.asarray(made))


def _distance(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


@pytest.fixture(scope="module")
def made() -> dict[int, Image.Image]:
    return {seed: picture(seed) for seed in SEEDS}


@pytest.fixture(scope="module")
def found(made: dict[int, Image.Image]) -> dict[int, list[Variant]]:
    return {seed: predicted(_luma(each), ALL) for seed, each in made.items()}


def test_every_value_looks_like_a_pdq_and_has_a_name_of_its_own(found: dict[int, list[Variant]]) -> None:
    for variants_of_one in found.values():
        names = [each.name for each in variants_of_one]
        assert len(set(names)) == len(names) == len({each.value for each in variants_of_one}) <= variants.BUDGET
        for each in variants_of_one:
            assert re.fullmatch(r"[0-9a-f]{64}", each.value)
            # An intake drops what is not near 128: degenerate or invented.
            assert int(each.value, 16).bit_count() == 128
            assert re.fullmatch(r"(screen|crop|border|caption|tilt):[a-z0-9:+.-]+", each.name)


@pytest.mark.parametrize("kind", [kind for kind, (name, _, bar) in KINDS.items() if name in ALL and bar])
def test_a_copy_of_random_amount_is_caught(
    kind: str, made: dict[int, Image.Image], found: dict[int, list[Variant]]
) -> None:
    caught = []
    for seed in SEEDS:
        published = pdq.read_full(np.asarray(made[seed])).value
        for draw in range(2):
            copy = finish(KINDS[kind][1](made[seed], np.random.default_rng([seed, draw])))
            value = pdq.read_full(np.asarray(copy)).value
            distances = [_distance(value, each) for each in (published, *(each.value for each in found[seed]))]
            caught.append(min(distances) <= MATCH_DISTANCE)
    assert sum(caught) >= len(caught) - 1


def test_pictures_do_not_catch_each_other(found: dict[int, list[Variant]]) -> None:
    for seed, ours in found.items():
        theirs = [each.value for other, values in found.items() if other != seed for each in values]
        assert min(_distance(each.value, other) for each in ours for other in theirs) > MATCH_DISTANCE


def test_only_the_classes_asked_for_and_no_more_than_the_budget(made: dict[int, Image.Image]) -> None:
    luma = _luma(made[3])
    assert predicted(luma, frozenset()) == predicted(luma, frozenset({"flips"})) == []
    crops = predicted(luma, frozenset({"crops", "flips"}))
    assert {each.name.partition(":")[0] for each in crops} == {"crop"}
    # The best come first, so a smaller budget is the beginning of a larger one.
    assert predicted(luma, frozenset({"crops"}), budget=5) == crops[:5]
    assert predicted(luma, ALL, budget=0) == []


def test_equal_luma_gives_equal_fingerprints_whatever_its_type(made: dict[int, Image.Image]) -> None:
    luma = np.rint(_luma(made[4]))
    assert predicted(luma, ALL) == predicted(luma, ALL) == predicted(luma.astype(np.uint8), ALL)


@pytest.mark.parametrize("shape", [(1, 1), (5, 900), (300, 7), (0, 10)])
def test_any_shape_is_taken(shape: tuple[int, int]) -> None:
    luma = np.random.default_rng(0).uniform(0, 255, shape).astype(np.float32)
    assert len(predicted(luma, ALL)) <= variants.BUDGET


def test_a_picture_too_poor_to_match_has_no_predicted_copies() -> None:
    assert predicted(np.full((300, 400), 90, np.float32), ALL) == []


def test_a_picture_with_stripes_only_gives_nothing_degenerate() -> None:
    stripes = np.tile(np.repeat(np.array([0, 255] * 8, np.float32), 25), (300, 1))
    for each in predicted(stripes, ALL):
        assert int(each.value, 16).bit_count() == 128


def test_a_simulated_crop_is_within_a_few_bits_of_the_real_one(made: dict[int, Image.Image]) -> None:
    original = made[3]
    width, height = original.size
    left, top, right, bottom = 0.04, 0.0, 0.02, 0.055
    box = (round(left * width), 0, round((1 - right) * width), round((1 - bottom) * height))
    real = pdq.read_full(np.asarray(original.crop(box))).value
    rows = variants_place.axis(np.array([(top, 1 - top - bottom, 0, 1)], np.float32))
    columns = variants_place.axis(np.array([(left, 1 - left - right, 0, 1)], np.float32))
    square = variants_place.grid(_luma(original))
    coefficients = variants_place.place(square, rows, columns, np.zeros((1, 2), np.intp))
    assert _distance(pdq.hashes(coefficients.astype(np.float64))[0], real) <= 12


def test_the_middle_of_a_cluster_covers_what_no_member_does() -> None:
    source = np.random.default_rng(7)
    middle = np.zeros(256, np.bool_)
    middle[source.permutation(256)[:128]] = True
    members = []
    for _ in range(12):
        member = middle.copy()
        member[source.choice(np.flatnonzero(middle), 6, replace=False)] = False
        member[source.choice(np.flatnonzero(~middle), 6, replace=False)] = True
        members.append(member)
    bits = np.array(members)
    weights = np.full(12, 1 / 12, np.float32)
    radii = np.full(12, 16, np.float32)
    apart = (bits[:, None] != bits[None]).sum(axis=2)
    assert (apart <= 16).sum(axis=1).max() < 4
    centres = list(cover(bits, weights, radii, ~middle[None], least=0.01, most=9))
    assert centres[0].gain >= 0.9
    assert sum(centre.gain for centre in centres) == pytest.approx(1, abs=1e-5)
    assert list(cover(bits, weights, radii, middle[None], least=0.01, most=9)) == []


def test_plans_have_weights_that_sum_to_one_and_few_maps() -> None:
    for name in CLASSES:
        weights = variants_copies.tilts(1.5).weights if name == "tilts" else variants_copies.plan(name, 1.5).weights
        assert weights.sum() == pytest.approx(1, abs=1e-5)
        assert (weights > 0).all()


def test_what_is_prepared_is_not_computed_again(made: dict[int, Image.Image]) -> None:
    variants.prepare(ALL, aspects=(made[3].width / made[3].height,))
    before = variants_copies._plan.cache_info().misses
    predicted(_luma(made[3]), ALL)
    assert variants_copies._plan.cache_info().misses == before
