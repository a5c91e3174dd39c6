"""Rung 7: after every command, the disk is as it was, plus what was asked for."""

from __future__ import annotations

import re

import pytest

from tests.proof import marked
from tests.proof.capture import Capture
from tests.proof.household import Household

OPTIONS = ("--age", "adult", "--for", "self")


@pytest.fixture
def furnished(house: Household) -> Household:
    (house.work / "photos").mkdir()
    (house.work / "photos" / "a.jpg").write_bytes(marked.jpeg(1, b"a mark"))
    (house.work / "photos" / "b.mp4").write_bytes(marked.clip("a mark"))
    assert house("hash", "photos", "-o", "x.tdb", *OPTIONS).code == 0
    return house


@pytest.mark.parametrize(
    ("arguments", "codes", "new"),
    [
        (("hash", "photos"), {0}, set()),
        (("hash", "photos", "--json", "--also", "sha1", "--copies", "all"), {0}, set()),
        (("hash", "photos", "-o", "new.tdb", *OPTIONS), {0}, {"work/new.tdb"}),
        (("hash", "photos", "-o", "x.tdb", *OPTIONS), {2}, set()),
        (("hash", "photos", "-o", "no/where.tdb", *OPTIONS), {2}, set()),
        (("hash", "nothing-here"), {2}, set()),
        (("inspect", "x.tdb", "--hashes"), {0}, set()),
        (("inspect", "photos/a.jpg"), {5}, set()),
        (("doctor",), {0}, set()),
        (("doctor", "--privacy"), {0}, set()),
        (("config", "show"), {0}, set()),
        (("submit", "x.tdb", "--dry-run", "--intake", "https://intake.example"), {0}, set()),
        (("submit", "x.tdb", "--yes", "--intake", "http://127.0.0.1:9"), {7}, set()),
        (("demo",), {0}, set()),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_command_leaves_what_was_asked_for(
    arguments: tuple[str, ...], codes: set[int], new: set[str], furnished: Household
) -> None:
    before = furnished.state()
    ended = furnished(*arguments)
    assert ended.code in codes, ended.err
    after = furnished.state()
    assert set(after) - set(before) == new
    assert {name: state for name, state in after.items() if name in before} == before


def test_a_whole_case_leaves_nothing(furnished: Household, intake: Capture) -> None:
    before = furnished.state()
    sent = furnished("submit", "photos", "--yes", *OPTIONS, "--intake", intake.address)
    assert sent.code == 0, sent.err
    number = re.search(rb"Case number: (\S+)", sent.out)
    assert number is not None
    # This intake answers nothing but submissions: a refusal must leave no more than success.
    asked = furnished("status", "-", "--intake", intake.address, stdin=number[1] + b"\n")
    assert asked.code not in {0, 1}
    assert furnished.state() == before
