"""``takedown fixtures``: bundles for an intake that is named, and what is said of a folder that was changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from takedown_cli.intake.messages.keyring import Keyring
from takedown_cli.intake.settings import Home
from takedown_cli.protocol.bundle import seal
from tests.cli.documents import published
from tests.cli.runner import run


def test_bundles_can_be_made_for_an_intake_that_is_named(tmp_path: Path) -> None:
    assert run("intake", "init", "home", "--test", cwd=tmp_path).code == 0
    made = published(
        run("fixtures", "make", "made", "--intake-card", "home/intake-card.json", "--json", cwd=tmp_path).out
    )
    assert made["intake"]["home"] is None
    assert not (tmp_path / "made" / "intake").exists()
    data = (tmp_path / "made" / "bundles" / "valid.tdb").read_bytes()
    assert seal.open_as_intake(seal.parse(data), Keyring.load(Home(tmp_path / "home")).sealing)
    (tmp_path / "made" / "media" / "palette.png").unlink()
    ended = run("fixtures", "verify", "made", cwd=tmp_path)
    assert (ended.code, ended.out) == (3, b"media/palette.png: missing\n")
    assert b"1 difference." in ended.err


def test_a_folder_without_its_media_is_refused_with_the_name_of_what_is_missing(tmp_path: Path) -> None:
    assert run("fixtures", "make", "made", cwd=tmp_path).code == 0
    for name in ("copies", "media"):
        (tmp_path / "made" / name).rename(tmp_path / name)
        ended = run("fixtures", "verify", "made", cwd=tmp_path)
        assert (ended.code, ended.out) == (2, b"")
        assert f"the folder '{name}' is missing".encode() in ended.err


@pytest.mark.parametrize(("card", "code"), [("nowhere", 2), ("card", 6)])
def test_nothing_is_written_for_a_card_that_is_none(card: str, code: int, tmp_path: Path) -> None:
    (tmp_path / "card").write_text("{}")
    assert run("fixtures", "make", "made", "--intake-card", card, cwd=tmp_path).code == code
    assert not (tmp_path / "made").exists()
