"""``takedown inspect``: what is shown is what was signed; anything else is exit 5."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

from takedown_cli.cli.app import run as run_here
from takedown_cli.protocol.bundle.file import encode_bundle, payload_of
from takedown_cli.protocol.case_number import CaseNumber
from tests.cli.documents import published
from tests.cli.runner import in_terminal, run
from tests.protocol.bundle.factory import DECLARATION, card, item, pdq

CASE = CaseNumber.parse("0" * 24)


def _bundle(path: Path, *, sealed: bool = False) -> bytes:
    payload = payload_of([item(pdq("a"), pdq("b", variant="mirror"))], CASE, DECLARATION, day="2026-01-02")
    data = encode_bundle(payload, CASE, card() if sealed else None)
    path.write_bytes(data)
    return data


def _words(*arguments: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert run_here(["inspect", *arguments]) == 0
    return capsys.readouterr().out


def test_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _bundle(tmp_path / "x.tdb")
    words = _words(str(tmp_path / "x.tdb"), capsys=capsys)
    assert "Signature: valid" in words
    assert "1 picture\n" in words
    assert "18 or over: 1 (the adult list)" in words
    assert "1  pdq full mirror" in words
    assert "Not in it: pictures, file names" in words
    assert "a" * 64 not in words


def test_hashes_only_when_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _bundle(tmp_path / "x.tdb")
    assert "a" * 64 in _words(str(tmp_path / "x.tdb"), "--hashes", capsys=capsys)
    plain = json.loads(_words(str(tmp_path / "x.tdb"), "--json", capsys=capsys))
    assert "hashes" not in plain["items"][0]
    full = json.loads(_words(str(tmp_path / "x.tdb"), "--json", "--hashes", capsys=capsys))
    assert {f["value"] for f in full["items"][0]["hashes"]} >= {"a" * 64, "b" * 64}


@pytest.mark.parametrize("sealed", [False, True])
def test_the_object_is_as_documented(tmp_path: Path, sealed: bool, capsys: pytest.CaptureFixture[str]) -> None:
    data = _bundle(tmp_path / "x.tdb", sealed=sealed)
    out = _words(str(tmp_path / "x.tdb"), "--json", capsys=capsys)
    document = published(out)
    assert document["sha256"] == sha256(data).hexdigest()
    assert document["bytes"] == len(data)
    assert document["valid"] is (None if sealed else True)


@pytest.mark.parametrize("sealed", [False, True])
def test_wire_prints_the_very_bytes(tmp_path: Path, sealed: bool) -> None:
    data = _bundle(tmp_path / "x.tdb", sealed=sealed)
    assert run("inspect", "x.tdb", "--wire", cwd=tmp_path).out == data
    assert run("inspect", "-", "--wire", cwd=tmp_path, stdin=data).out == data


def test_a_sealed_bundle_is_not_thrown_at_a_terminal(tmp_path: Path) -> None:
    pytest.importorskip("pty")
    _bundle(tmp_path / "x.tdb", sealed=True)
    code, screen = in_terminal("inspect", "x.tdb", "--wire", cwd=tmp_path)
    assert code == 2
    assert "binary" in screen


def test_every_changed_byte_is_exit_5(tmp_path: Path) -> None:
    data = _bundle(tmp_path / "x.tdb")
    for place in range(0, len(data), 97):
        changed = bytearray(data)
        changed[place] ^= 1
        (tmp_path / "y.tdb").write_bytes(changed)
        assert run_here(["inspect", str(tmp_path / "y.tdb"), "-q"]) == 5
        assert run_here(["inspect", str(tmp_path / "y.tdb"), "--wire"]) == 5


@pytest.mark.parametrize("data", [b"", b"{}", b"[" * 100_000, b"takedown sealed 1\n", b"\xff" * 5000, b"null"])
def test_what_is_no_bundle_is_exit_5(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.tdb").write_bytes(data)
    ended = run_here(["inspect", str(tmp_path / "x.tdb")])
    assert ended == 5


def test_another_case_number_is_exit_5(tmp_path: Path) -> None:
    _bundle(tmp_path / "x.tdb")
    (tmp_path / "number").write_text(str(CaseNumber.draw()))
    assert run_here(["inspect", str(tmp_path / "x.tdb"), "--case", str(tmp_path / "number")]) == 5
    (tmp_path / "number").write_text(str(CASE))
    assert run_here(["inspect", str(tmp_path / "x.tdb"), "--case", str(tmp_path / "number")]) == 0


def test_a_file_that_cannot_be_read_is_exit_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_here(["inspect", str(tmp_path / "nowhere.tdb")]) == 2
    assert "nowhere.tdb' (argument 1)" in capsys.readouterr().err
    assert run_here(["inspect", str(tmp_path)]) == 2  # a folder
    assert "This is a folder, not a bundle." in capsys.readouterr().err
