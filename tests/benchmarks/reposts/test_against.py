"""The comparison with an earlier program: caught is what the command says, by the copy's own original."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from PIL import ImageOps

from takedown_cli.fixtures.texture import picture
from tests.benchmarks.reposts.against import HERE, find_caught, tabulate


def test_a_copy_counts_where_the_command_matches_it_with_its_own_original(tmp_path: Path) -> None:
    for folder in ("originals", "copies"):
        (tmp_path / folder).mkdir()
    for number in (1, 2):
        picture(number, (400, 300)).save(tmp_path / "originals" / f"{number:03}.png")
    picture(1, (400, 300)).save(tmp_path / "copies" / "001.saved again.jpg")
    # Of the other original, and of none.
    picture(1, (400, 300)).save(tmp_path / "copies" / "002.of another.jpg")
    picture(3, (400, 300)).save(tmp_path / "copies" / "002.of none.jpg")
    ImageOps.invert(picture(2, (400, 300))).save(tmp_path / "copies" / "002.negative.jpg")
    assert find_caught(HERE, tmp_path) == {"001.saved again.jpg"}
    assert find_caught(HERE, tmp_path, "--readings") == {"001.saved again.jpg", "002.negative.jpg"}


def test_a_command_that_fails_is_no_figure(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        find_caught(HERE, tmp_path)


def test_each_kind_counts_once_in_the_mean() -> None:
    names = ["001.a.jpg", "002.a.jpg", "001.b.jpg"]
    rows = tabulate(names, [{"001.a.jpg"}, {"001.a.jpg", "002.a.jpg"}, {*names}])
    assert rows[2:] == [
        "| a | 50 | 100 | 100 |",
        "| b | 0 | 0 | 100 |",
        "| **mean of the kinds** | 25.0 | 50.0 | 100.0 |",
    ]
