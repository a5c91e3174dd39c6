"""A helpline's computer is set up in one go, and the other commands then need no options."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.documents import published
from tests.cli.runner import Ended, in_terminal, run

INTAKE = "http://127.0.0.1:9"
GIVEN = ("--intake", INTAKE, "--name", "Example Helpline", "--contact", "0800 000 000")
PASSPHRASE = ("--passphrase-file", "words")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "words").write_text("correct horse battery staple\n")
    (tmp_path / "words").chmod(0o600)
    return tmp_path


def batch(*arguments: str, cwd: Path) -> Ended:
    return run("batch", *arguments, cwd=cwd, env={"XDG_CONFIG_HOME": str(cwd / "settings")})


def test_key_ledger_and_settings_are_made_and_then_used(folder: Path) -> None:
    made = batch("init", *GIVEN, *PASSPHRASE, "--json", cwd=folder)
    assert made.code == 0, made.said
    document = published(made.out)
    assert (document["new_key"], document["new_ledger"]) == (True, True)
    assert Path(document["settings"]).stat().st_mode & 0o777 == 0o600
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    env = {"XDG_CONFIG_HOME": str(folder / "settings")}
    shown = run("batch", "status", "--offline", "--passphrase-file", folder / "words", cwd=elsewhere, env=env)
    assert shown.code == 0, shown.said
    again = published(batch("init", *GIVEN, *PASSPHRASE, "--json", cwd=folder).out)
    assert (again["new_key"], again["new_ledger"]) == (False, False)
    assert again["public_key"] == document["public_key"]


def test_what_is_missing_is_named_and_nothing_made(folder: Path) -> None:
    ended = batch("init", *GIVEN[:4], *PASSPHRASE, cwd=folder)
    assert ended.code == 2
    assert "--contact is missing" in ended.said
    assert sorted(path.name for path in folder.iterdir()) == ["words"]


def test_a_person_is_asked(folder: Path) -> None:
    code, screen = in_terminal(
        "batch", "init", *PASSPHRASE,
        cwd=folder,
        answers=[("intake's address", f"{INTAKE}\n"), ("name, as callers", "Example\n"), ("can reach you", "0800\n")],
        env={"XDG_CONFIG_HOME": str(folder / "settings")},
    )  # fmt: skip
    assert code == 0, screen
    assert "Public key: " in screen


def test_without_a_ledger_the_next_step_is_named(folder: Path) -> None:
    ended = batch("status", cwd=folder)
    assert ended.code == 2
    assert "No ledger is named." in ended.said
    assert "takedown batch init" in ended.said
