"""Rung 2: what ``inspect --wire`` shows is what is sent, byte for byte, and nothing is sent beside it."""

from __future__ import annotations

import pytest

from takedown_cli.intake import running
from tests.proof import marked
from tests.proof.capture import Capture
from tests.proof.household import Household


def test_the_preview_is_what_the_intake_gets(house: Household, intake: Capture) -> None:
    (house.work / "a.jpg").write_bytes(marked.jpeg(1))
    (house.home / "card").write_bytes(intake.card)
    made = house(
        "hash", "a.jpg", "-o", "x.tdb", "--intake-card", house.home / "card", "--age", "adult", "--for", "self"
    )
    assert made.code == 0, made.err
    shown = house("inspect", "--wire", "x.tdb")
    assert intake.requests == []
    sent = house("submit", "x.tdb", "--yes", "--intake", intake.address)
    assert sent.code == 0, sent.err
    assert intake.bodies == [shown.out] == [(house.work / "x.tdb").read_bytes()]


def test_the_headers_say_nothing_about_the_person(house: Household, intake: Capture) -> None:
    (house.work / "a.jpg").write_bytes(marked.jpeg(1))
    tongue = {"LANG": "tr_TR.UTF-8", "USER": "lena", "HOSTNAME": "lenas-laptop"}
    sent = house("submit", "a.jpg", "--yes", "--age", "adult", "--for", "self", "--intake", intake.address, env=tongue)
    assert sent.code == 0, sent.err
    usual = {"host", "accept", "accept-encoding", "connection", "user-agent", "content-type", "content-length"}
    assert [(method, path) for method, path, _, _ in intake.requests] == [
        ("GET", "/v1/keys"),
        ("POST", "/v1/submit"),
    ]
    for _, _, headers, _ in intake.requests:
        assert set(headers) <= usual
        assert headers["user-agent"].isalpha(), "a version or a platform tells machines apart"


def test_a_real_intake_has_the_bytes_of_the_preview(house: Household) -> None:
    pytest.importorskip("sqlalchemy")
    with running(house.folder / "intake") as server:
        (house.work / "a.jpg").write_bytes(marked.jpeg(1))
        (house.home / "card").write_bytes(server.card)
        options = ("--age", "adult", "--for", "self", "--test")
        made = house("hash", "a.jpg", "-o", "x.tdb", "--intake-card", house.home / "card", *options)
        assert made.code == 0, made.err
        sent = house("submit", "x.tdb", "--yes", "--intake", server.address)
        assert sent.code == 0, sent.err
        again = house("submit", "x.tdb", "--yes", "--intake", server.address)
        assert (again.code, again.out) == (0, sent.out), "the same bytes make the same case"
