"""File names in any bytes: never on the screen unless asked for, harmless if asked for, whole in the report."""

from __future__ import annotations

import base64
import json
import os
import sys
import unicodedata
from pathlib import Path

import pytest

from takedown_cli.protocol.bundle.file import open_signed
from tests.cli.runner import run

NAMES = [
    b"\x1b]0;owned\x07\x1b[2J.jpg", b"gpj.\xe2\x80\xaeexe", b"two\nlines.jpg", b"[red]photo[bold].jpg", b"--force",
    b"-o", b"caf\xe9.jpg", b"\xff\xfe", b"zero\xe2\x80\x8bwidth", b"back\\slash", b"'quote\".jpg", b" ", b"~", b"$(id)",
]  # fmt: skip

pytestmark = pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="needs names in any bytes")


def _fill(folder: Path, names: list[bytes], jpeg: bytes) -> int:
    folder.mkdir()
    made = 0
    for name in names:
        if not name or len(name) > 255 or b"/" in name or b"\0" in name or name in {b".", b".."}:
            continue
        path = os.fsencode(folder) + b"/" + name
        if not os.path.lexists(path):
            with open(path, "wb") as stream:  # noqa: PTH123 - a name in bytes
                stream.write(jpeg + made.to_bytes(4, "big"))
            made += 1
    return made


def test_every_name_is_in_the_report_whole(tmp_path: Path, jpeg: bytes) -> None:
    made = _fill(tmp_path / "names", NAMES, jpeg)
    ended = run("hash", "names", "--json", "-o", "x.tdb", cwd=tmp_path)
    rows = ended.document()["files"]
    assert made == len(NAMES) == len(rows)
    raw = {base64.b64decode(r["path_b64"]) if "path_b64" in r else r["path"].encode() for r in rows}
    assert raw == {b"names/" + name for name in NAMES}
    assert ended.out.isascii()
    assert b"\x1b" not in ended.out + ended.err
    payload = open_signed((tmp_path / "x.tdb").read_bytes()).payload
    assert not any(name in payload for name in NAMES if len(name) > 3)


@pytest.mark.parametrize("options", [["--show-paths"], ["--jsonl"], []])
def test_no_name_reaches_the_terminal_raw(tmp_path: Path, jpeg: bytes, options: list[str]) -> None:
    _fill(tmp_path / "names", NAMES, jpeg)
    ended = run("hash", "names", *options, cwd=tmp_path)
    shown = (ended.out + ended.err).decode()
    assert not set(shown) & {"\x1b", "\x07", "\u202e", "\u200b"}
    if "--show-paths" in options:
        assert "names/two\\nlines.jpg: fingerprinted." in shown
        assert "[red]photo[bold].jpg" in shown
    elif not options:
        assert "photo" not in shown


def test_a_name_with_a_leading_dash_is_named_after_two_dashes(tmp_path: Path, jpeg: bytes) -> None:
    (tmp_path / "--force").write_bytes(jpeg)
    ended = run("hash", "--json", "--", "--force", cwd=tmp_path)
    assert [row["path"] for row in ended.document()["files"]] == ["--force"]


def test_a_name_that_is_no_utf8_as_argument(tmp_path: Path, jpeg: bytes) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9.jpg"
    with open(path, "wb") as stream:  # noqa: PTH123
        stream.write(jpeg)
    assert run("hash", path, cwd=tmp_path).code == 0
    assert run("hash", "--files-from", "-", "--null", cwd=tmp_path, stdin=path + b"\0").code == 0


def test_naughty_strings_as_names(tmp_path: Path, jpeg: bytes, shared: Path) -> None:
    strings = [s.encode() for s in json.loads((shared / "corpus" / "naughty-strings.json").read_text())]
    made = _fill(tmp_path / "names", strings, jpeg)
    ended = run("hash", "names", "--jsonl", "--show-paths", cwd=tmp_path)
    *rows, last = ended.out.splitlines()
    assert last.count(b'"files"') == 1
    assert len(rows) == made > 300
    assert not {"\x1b", "\u202e", "\x07"} & set(ended.said)
    shown = set(ended.said) - {"\n"}
    assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
