"""The tables of recall: per cent of photographs, of frames and of clips, and means in which each kind counts once."""

from __future__ import annotations

import numpy as np
import pytest

from takedown_cli.fixtures.texture import picture
from tests.benchmarks.reposts import __main__ as pictures
from tests.benchmarks.reposts import clips
from tests.benchmarks.reposts.__main__ import ALIKE, KINDS, Found, Read
from tests.benchmarks.reposts.amounts import SPLITS

NOTHING = np.zeros((0, 256), np.bool_)


def read(caught: bool, *, augly: bool = False, split: bool = True) -> Read:
    """Return a scene of which readings catch all copies or none, and the list alone those of viewers."""
    found = {kind: Found(caught and "viewer" in kind, caught, False) for kind in KINDS}
    if augly:
        found["AugLy pad"] = Found(True, True, True)
    amounts = {(name, amount): Found(False, caught, caught) for name, kind in SPLITS.items() for amount in kind.amounts}
    return Read(NOTHING, found, amounts if split else {}, NOTHING, NOTHING, dict.fromkeys(ALIKE, caught), 0)


def row(lines: list[str], name: str) -> list[str]:
    (line,) = [line for line in lines if line.startswith(f"| {name} |")]
    return [cell.strip() for cell in line.strip("|").split("|")[1:]]


def test_kinds_and_groups_have_their_shares_and_the_error_of_the_mean() -> None:
    lines = pictures.tabulate([read(True), read(True, augly=True), read(True), read(False)])
    assert row(lines, "ios viewer") == ["0", "75", "75"]
    assert row(lines, "x post") == ["0", "0", "75"]
    assert row(lines, "AugLy pad") == ["100", "100", "100"]
    # 3 of 4 photographs: a deviation of 43, over the root of 4.
    assert row(lines, "**mean of viewers**") == ["0.0 ± 0.0", "75.0 ± 21.7", "75.0 ± 21.7"]
    assert row(lines, "**mean of feeds**") == ["0.0 ± 0.0", "0.0 ± 0.0", "75.0 ± 21.7"]
    assert row(lines, "**mean of AugLy**") == ["100.0 ± 0.0"] * 3


def test_amounts_count_the_photographs_that_have_them() -> None:
    lines = pictures.tabulate_split([read(True), read(False), read(True, split=False)])
    assert next(line for line in lines if line.startswith("| tilt")) == "| tilt, corners black | 2 ° | 50 | 0 | 50 |"
    assert len(lines) == 2 + sum(len(kind.amounts) for kind in SPLITS.values())


def test_screenshots_count_those_that_catch_their_picture() -> None:
    lines = pictures.tabulate_submitted([read(True), read(False)])
    assert row(lines, "web page") == ["50"]


def test_a_clip_counts_where_enough_of_its_frames_are_caught() -> None:
    clear = clips.Caught(((True, True),) * 4 + ((False, True),), ((True, True), (False, True)))
    weak = clips.Caught(((True, True),) * 3 + ((False, False),) * 2, ((False, False),) * 2)
    lines = clips.tabulate([dict.fromkeys(clips.KINDS, clear), dict.fromkeys(clips.KINDS, weak)])
    assert row(lines, "mirrored") == ["70", "80", "2 of 2", "2 of 2", "1 of 2", "1 of 2", "25", "50"]


@pytest.mark.parametrize("kind", clips.KINDS)
def test_a_copy_of_a_clip_is_drawn_alike_for_each_frame(kind: str) -> None:
    frame = picture(1, (320, 240))
    first, again = (clips.KINDS[kind](frame, frame, np.random.default_rng([3, 4])) for _ in range(2))
    assert first.tobytes() == again.tobytes()
