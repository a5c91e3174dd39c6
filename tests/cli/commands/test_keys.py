"""The commands for the organisation's key: what they show, and where the passphrase comes from."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from takedown_cli.helpline.keys import lifecycle
from takedown_cli.helpline.keys.key_uri import FileUri
from tests.cli.documents import published
from tests.cli.runner import in_terminal, run
from tests.helpline.keys.cheap_keys import CHEAP, DAY, PASSPHRASE, passphrase, write


@pytest.fixture
def kept(tmp_path: Path) -> FileUri:
    uri = FileUri(tmp_path / "office.key")
    lifecycle.create_key(uri, passphrase, DAY, write, CHEAP)
    return uri


def test_the_command_makes_shows_and_rotates(tmp_path: Path) -> None:
    (tmp_path / "words").write_text(PASSPHRASE + "\n")
    (tmp_path / "words").chmod(0o600)
    given = ("--passphrase-file", "words", "--json")
    made = run("keys", "new", "file:office.key", *given, cwd=tmp_path)
    assert made.code == 0, made.said
    assert published(made.out)["schema"] == "takedown.keys"
    shown = run("keys", "show", "file:office.key", *given, cwd=tmp_path)
    assert shown.document()["public_key"] == made.document()["public_key"]
    rotated = run("keys", "rotate", "file:office.key", *given, cwd=tmp_path)
    assert rotated.document()["past"][0]["public_key"] == made.document()["public_key"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["office.key", "words"]


def test_a_passphrase_by_descriptor(tmp_path: Path, kept: FileUri) -> None:
    read, written = os.pipe()
    os.write(written, PASSPHRASE.encode() + b"\n")
    os.close(written)
    command = [sys.executable, "-m", "takedown_cli", "keys", "show", "file:office.key", "--passphrase-fd", str(read)]
    ended = subprocess.run(command, cwd=tmp_path, pass_fds=[read], capture_output=True, text=True, check=False)
    os.close(read)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip() == lifecycle.describe_key(kept, passphrase).public.hex()


def test_a_passphrase_is_asked_for_without_echo_and_twice_for_a_new_key(tmp_path: Path) -> None:
    first = ("for the new key", f"{PASSPHRASE}\n")
    code, screen = in_terminal(
        "keys", "new", "file:k", cwd=tmp_path, answers=[first, ("Type it again", f"{PASSPHRASE}\n")]
    )
    assert code == 0, screen
    assert PASSPHRASE not in screen
    code, screen = in_terminal(
        "keys", "new", "file:l", cwd=tmp_path, answers=[first, ("Type it again", "another one\n")]
    )
    assert code == 2
    assert not (tmp_path / "l").exists()


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe\n", b"x" * 5000])
def test_a_file_that_holds_no_passphrase(tmp_path: Path, kept: FileUri, content: bytes) -> None:
    (tmp_path / "words").write_bytes(content)
    assert run("keys", "show", "file:office.key", "--passphrase-file", "words", cwd=tmp_path).code == 2


def test_nobody_to_ask_is_exit_2_and_says_how(tmp_path: Path, kept: FileUri) -> None:
    ended = run("keys", "show", "file:office.key", cwd=tmp_path)
    assert ended.code == 2
    assert "--passphrase-file" in ended.said


def test_a_wrong_passphrase_is_exit_2_with_its_own_id(tmp_path: Path, kept: FileUri) -> None:
    (tmp_path / "words").write_text("something else entirely\n")
    (tmp_path / "words").chmod(0o644)
    ended = run("keys", "show", "file:office.key", "--passphrase-file", "words", "--json", cwd=tmp_path)
    assert (ended.code, ended.document()["id"]) == (2, "passphrase")
    assert b"something" not in ended.out + ended.err
    assert "Other users of this computer can read" in ended.said


def test_a_key_that_cannot_be_written_names_no_option_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "passphrase").write_text("five six seven eight nine")
    ended = run("keys", "new", "file:nowhere/a.key", "--passphrase-file", "passphrase", cwd=tmp_path)
    assert (ended.code, ended.out) == (2, b"")
    assert "Check the name of the key" in ended.said
    assert "-o" not in ended.said.split()
