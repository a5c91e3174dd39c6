"""The names of variants: what is of the picture itself, what is a predicted copy, and of which kind."""

from __future__ import annotations

from typing import get_args

import pytest

from takedown_cli.core.variants import (
    AS_SHOWN,
    COPY_KINDS,
    CUT,
    PICTURE_ITSELF,
    PREVIEW,
    UPRIGHT,
    expand_copies,
    kind_of_copy,
    shows_picture_itself,
)
from takedown_cli.hashing.fingerprint import copies, copy_transforms, pdq, picture
from takedown_cli.intake.messages.signals import kinds_in, predicted
from takedown_cli.protocol.wire import Copies


def test_the_rest_of_a_cut_picture_is_a_crop_to_every_intake() -> None:
    assert kind_of_copy(CUT) == "crops"


def test_every_reading_of_the_picture_itself_is_in_the_list() -> None:
    assert {UPRIGHT, "raw", "hma", AS_SHOWN, PREVIEW, *picture.BACKGROUNDS} == PICTURE_ITSELF
    assert all(map(shows_picture_itself, (*PICTURE_ITSELF, None)))
    assert not any(map(shows_picture_itself, ("flipx", "crop:left:6", "unheard-of", "")))


@pytest.mark.parametrize("kind", copies.PREDICTED_KINDS)
def test_every_simulated_copy_is_of_its_kind(kind: str) -> None:
    plan = copy_transforms.plan_tilts(1.5) if kind == "tilts" else copy_transforms.plan_copies(kind, 1.5)
    assert {kind_of_copy(name) for name in plan.names} == {kind}


def test_every_turned_copy_is_a_flip_and_what_is_unknown_has_no_kind() -> None:
    assert {kind_of_copy(name) for name in pdq.DIHEDRAL_NAMES[1:]} == {"flips"}
    assert [kind_of_copy(name) for name in ("upright", "hma", "unheard-of")] == [None] * 3


def test_the_kinds_are_the_same_wherever_they_are_named() -> None:
    wire = [kind for part in get_args(Copies) for kind in get_args(part) or (part,)]
    assert wire == [*COPY_KINDS, "all"]
    assert ("flips", *copies.PREDICTED_KINDS) == COPY_KINDS
    assert [kinds_in(predicted([kind])) for kind in COPY_KINDS] == [[kind] for kind in COPY_KINDS]


def test_the_class_bits_are_those_that_are_stored() -> None:
    bits = [48, 192, 768, 3072, 12288, 49152, 196608]
    assert [predicted([kind]) for kind in ("flips", "screens", "crops", "borders", "captions", "tilts", "fits")] == bits


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ({"none"}, set()),
        ({"flips"}, {"flips"}),
        ({"all"}, {*COPY_KINDS, "stills"}),
        ({"all", "crops"}, {*COPY_KINDS, "stills"}),
    ],
)
def test_all_and_none_are_spelled_out(asked: set[str], meant: set[str]) -> None:
    assert expand_copies(frozenset(asked)) == meant
