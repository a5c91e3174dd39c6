"""``takedown intake block``: pictures or lists of hashes, never a hash as an argument."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from takedown_cli.fixtures import picture
from takedown_cli.intake import running
from tests.cli.runner import run
from tests.intake.person import Platform, balanced
from tests.intake.person import picture as item
from tests.intake.served import somebody
from tests.intake.steps import states


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    picture(7, (640, 480)).save(path)
    return path


def hashes_of(photo: Path) -> list[str]:
    [file] = run("hash", photo, "--copies", "flips,crops", "--json", cwd=photo.parent).document()["files"]
    return [one["value"] for one in file["fingerprints"] if one["kind"] == "pdq" and one["quality"] >= 50]


def test_a_picture_and_its_copies_leave_the_lists_while_the_intake_serves(photo: Path, tmp_path: Path) -> None:
    home, values, other = tmp_path / "home", hashes_of(photo), balanced("not it")
    with running(home) as server:
        person, platform = somebody(server), Platform(server.origin, server.add_participant("Platform"))
        person.submit(item(*values), item(other))
        assert set(states(platform, *values)) == {"Active"}
        ended = run("intake", "block", home, photo, "--reason", "A press photograph", "--json", cwd=tmp_path)
        found = ended.document()
        assert (found["act"], found["records"]) == ("block", len(values))
        assert set(states(platform, *values)) == {"Withdrawn"}
        assert states(platform, other) == ["Active"]
        shown = run("intake", "audit", home, cwd=tmp_path)
        assert b"A press photograph" in shown.out
        everything = ended.out + ended.err + shown.out + shown.err
        assert not any(value.encode() in everything for value in values)
        assert run("intake", "unblock", home, photo, cwd=tmp_path).code == 0
        assert set(states(platform, *values, other)) == {"Active"}
        assert run("intake", "verify", home, "--json", cwd=tmp_path).document()["wrong"] == []
    kept = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert b"photo" not in kept.replace(b"A press photograph", b"")


def test_hashes_come_from_a_file_or_from_standard_input(tmp_path: Path) -> None:
    home, first, second = tmp_path / "home", balanced("first"), balanced("second")
    run("intake", "init", home, "--test", cwd=tmp_path)
    listed = tmp_path / "listed.txt"
    listed.write_text(f"# well known\n\npdq {first.upper()}  # a statue\r\n{'ab' * 16}\n", encoding="utf-16")
    piped = f"{second}\n{'cd' * 20}\n".encode()
    ended = run("intake", "block", home, listed, "-", "--json", cwd=tmp_path, stdin=piped)
    assert (ended.document()["named"], ended.document()["hashes"]) == (4, 4)
    ended = run("intake", "unblock", home, "-", cwd=tmp_path, stdin=piped + balanced("never").encode())
    assert ended.code == 0
    assert b"2 hashes no longer blocked" in ended.out
    assert b"1 of the 3 named were not blocked." in ended.err
    lines = run("intake", "audit", home, cwd=tmp_path).out.decode().splitlines()
    assert ["(no reason given)" in line for line in lines] == [True, True]


def test_what_cannot_be_blocked_is_named_and_nothing_is_done(photo: Path, tmp_path: Path) -> None:
    home, value = tmp_path / "home", balanced("on the command line")
    run("intake", "init", home, "--test", cwd=tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "junk.bin").write_bytes(bytes(range(256)) * 100)
    (tmp_path / "cut.jpg").write_bytes(b"\xff\xd8\xff\xe0" + b"\x00" * 50)
    (tmp_path / "words.txt").write_text(f"{balanced('good')}\nnot {value[:-1]}\n")
    (tmp_path / "wide.txt").write_text("a" * 5_000_000)
    (tmp_path / "blank.txt").write_text("# nothing\n")
    with (tmp_path / "huge.bin").open("wb") as huge:
        huge.truncate(1 << 40)
    odd = {
        "folder": "folder", "junk.bin": "argument 2", "cut.jpg": "argument 2", "words.txt": "Line 2",
        "wide.txt": "argument 2", "huge.bin": "argument 2", "missing.jpg": "No such file", "blank.txt": "No hash",
        value: "must not be an argument",
    }  # fmt: skip
    if sys.platform != "win32":
        os.mkfifo(tmp_path / "pipe")
        odd["pipe"] = "argument 2"
    for name, said in odd.items():
        ended = run("intake", "block", home, name, cwd=tmp_path)
        assert (ended.code, said in ended.said) == (2, True), (name, ended.said)
        assert value[:16] not in ended.said
    assert run("intake", "block", home, photo, "--reason", "a\x1bb", cwd=tmp_path).code == 2
    assert run("intake", "block", home, "-", "-", cwd=tmp_path, stdin=b"").code == 2
    assert run("intake", "audit", home, "--json", cwd=tmp_path).document()["acts"] == []
