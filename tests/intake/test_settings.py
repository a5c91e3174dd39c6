"""Files of the intake's folder: for its owner alone, whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from takedown_cli.core.errors import ConfigError
from takedown_cli.intake.settings import write_private
from takedown_cli.protocol.bundle import envelope
from takedown_cli.protocol.wire import IntakeCard, decode
from tests.intake.process import run


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
def test_a_left_over_file_that_others_may_read_does_not_lend_its_mode(tmp_path: Path) -> None:
    """It was written to and then renamed, so a key could end up readable by everyone."""
    left_over = tmp_path / "key.new"
    left_over.write_bytes(b"half of it")
    left_over.chmod(0o644)
    write_private(tmp_path / "key", b"secret")
    assert (tmp_path / "key").read_bytes() == b"secret"
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
def test_a_file_that_is_there_is_replaced_and_becomes_private(tmp_path: Path) -> None:
    (tmp_path / "card").write_bytes(b"old")
    (tmp_path / "card").chmod(0o644)
    write_private(tmp_path / "card", b"new")
    assert ((tmp_path / "card").read_bytes(), (tmp_path / "card").stat().st_mode & 0o777) == (b"new", 0o600)
    assert [path.name for path in tmp_path.iterdir()] == ["card"]


def test_a_folder_that_is_not_there_is_an_error_of_the_intake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        write_private(tmp_path / "none" / "card", b"new")


def test_init_makes_an_intake_for_its_owner_alone(home: Path) -> None:
    made = run("init", str(home), "--name", "Example", "--origin", "https://intake.example.org/", "--test")
    assert made["address"] == f"https://intake.example.org#{made['key_id']}"
    card = decode(IntakeCard, envelope.verify((home / "intake-card.json").read_bytes(), IntakeCard.TYPE).payload)
    assert (card.name, card.origin, card.test) == ("Example", "https://intake.example.org", True)
    for path in [home, *home.rglob("*")]:
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path.name


def test_init_never_replaces_an_intake(home: Path) -> None:
    run("init", str(home))
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    assert run("init", str(home), code=2)["id"] == "config"
    assert before == {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}


@pytest.mark.parametrize("arguments", [["--name", ""], ["--name", "a\nb"], ["--origin", "http://example.org"]])
def test_init_refuses_settings_that_cannot_work(arguments: list[str], home: Path) -> None:
    run("init", str(home), *arguments, code=2)
    assert not home.exists()


def test_a_key_that_others_can_read_stops_it(home: Path) -> None:
    run("init", str(home))
    (home / "keys" / "signing.key").chmod(0o644)
    assert run("participant", "list", str(home), code=2)["id"] == "config"


def test_there_is_no_intake_in_an_empty_folder(tmp_path: Path) -> None:
    assert run("serve", str(tmp_path), code=2)["id"] == "config"
