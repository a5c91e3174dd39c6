"""Lists and secrets in any encoding a shell writes, and output in any code page a shell asks for."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from takedown_cli.cli import app
from takedown_cli.cli.commands.hash import listed_paths
from takedown_cli.cli.typer_glue.group import load
from takedown_cli.cli.typer_glue.registry import ENTRIES
from takedown_cli.core.errors import ConfigError, UsageError
from takedown_cli.fixtures import picture
from takedown_cli.helpline.manifest import read_manifest
from takedown_cli.intake.messages.deny_list import DenyList
from takedown_cli.intake.service import make_intake
from takedown_cli.intake.settings import Home, Settings
from takedown_cli.protocol.case_number import CaseNumber
from tests.cli.runner import run
from tests.core.test_given_text import READABLE, UNREADABLE

ENCODINGS = ["utf-8", "utf-8-sig", "utf-16"]
#: What a redirected stream is: Western Europe, Greek, DOS, Russian, Japanese, nothing but ASCII.
PAGES = ["cp1252", "cp1253", "cp850", "cp1251", "cp932", "ascii"]


@pytest.mark.parametrize("windows", [True, False])
@pytest.mark.parametrize("data", READABLE.values(), ids=READABLE)
def test_a_list_is_read_as_any_shell_writes_it(data: bytes, *, windows: bool) -> None:
    assert listed_paths(data, null=False, windows=windows) == [Path("Zoé/日本.jpg"), Path("b.png")]


@pytest.mark.parametrize("windows", [True, False])
@pytest.mark.parametrize("data", UNREADABLE.values(), ids=UNREADABLE)
def test_a_list_in_another_encoding_is_refused(data: bytes, *, windows: bool) -> None:
    with pytest.raises(UsageError, match="UTF-8") as refused:
        listed_paths(data, null=False, windows=windows)
    assert "Save it as UTF-8" in refused.value.hint


def test_names_of_any_bytes_are_taken_where_there_are_such_files(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/Zo\xe9.jpg"
    Path(os.fsdecode(name)).touch()
    assert listed_paths(name + b"\n", null=False, windows=False) == [Path(os.fsdecode(name))]
    missing = os.fsencode(tmp_path) + b"/\xff\xfe\n.jpg"
    assert listed_paths(missing + b"\0", null=True, windows=False) == [Path(os.fsdecode(missing))]
    with pytest.raises(UsageError, match="UTF-8"):
        listed_paths(name + b"\0", null=True, windows=True)
    utf16 = b"\xff\xfe" + "a\0b\0".encode("utf-16-le")
    assert listed_paths(utf16, null=True, windows=True) == [Path("a"), Path("b")]


def test_hash_names_the_encoding_and_hashes_nothing(tmp_path: Path) -> None:
    picture(3, (64, 64)).save(tmp_path / "Zoé.png")
    (tmp_path / "list").write_bytes("Zoé.png\r\n".encode("cp1252"))
    ended = run("hash", "--files-from", "list", cwd=tmp_path)
    assert ended.code == 2
    assert "not in UTF-8" in ended.said
    (tmp_path / "list").write_bytes("Zoé.png\r\n".encode("utf-16"))
    assert run("hash", "--files-from", "list", "--json", cwd=tmp_path).document()["summary"]["hashed"] == 1


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_manifest_is_read_as_any_editor_saves_it(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "Zoé").mkdir()
    (tmp_path / "Zoé" / "a").touch()
    table = "reference,source,age,for,authority\r\nR1,Zoé,adult,other,permission\r\n"
    (tmp_path / "manifest.csv").write_bytes(table.encode(encoding))
    (caller,) = read_manifest(tmp_path / "manifest.csv").callers
    assert caller.source == tmp_path / "Zoé"


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_keys_settings_and_numbers_are_read_as_any_editor_saves_them(tmp_path: Path, encoding: str) -> None:
    def written(name: str, text: str) -> Path:
        (tmp_path / name).write_bytes(f"{text}\r\n".encode(encoding))
        (tmp_path / name).chmod(0o600)
        return tmp_path / name

    (tmp_path / "plain").write_text("schöne lange Worte\n", encoding="utf-8")
    (tmp_path / "plain").chmod(0o600)
    assert run("keys", "new", "file:k", "--passphrase-file", "plain", cwd=tmp_path).code == 0
    passphrase = written("passphrase", "schöne lange Worte")
    assert run("keys", "show", "file:k", "--passphrase-file", passphrase, cwd=tmp_path).code == 0
    settings = written("config.toml", 'copies = "none" # größer')
    target = tmp_path / ".config" / "takedown" / "config.toml"
    target.parent.mkdir(parents=True)
    settings.rename(target)
    shown = run("config", "show", "--json", cwd=tmp_path, env={"XDG_CONFIG_HOME": str(tmp_path / ".config")})
    assert b'"none"' in shown.out
    number = written("number", str(CaseNumber.draw()))
    for stdin, source in ((None, str(number)), (number.read_bytes(), "-")):
        ended = run("status", source, "--intake", "http://127.0.0.1:1", cwd=tmp_path, stdin=stdin)
        assert ended.code == 7, ended.said


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_an_intakes_own_files_are_read_as_any_editor_saves_them(tmp_path: Path, encoding: str) -> None:
    home = Home(tmp_path / "intake")
    make_intake(home, Settings(name="Zoé", test=True))
    path = home.path / "intake.toml"
    path.write_bytes(path.read_text("utf-8").encode(encoding))
    assert home.load().name == "Zoé"
    home.deny_list.write_bytes(f"Zoé {'0f' * 32} # a picture\r\n".encode(encoding))
    assert len(DenyList.load(home.deny_list)) == 1


def test_an_intakes_own_files_in_another_encoding_are_named(tmp_path: Path) -> None:
    home = Home(tmp_path / "intake")
    make_intake(home, Settings(name="Zoé", test=True))
    path = home.path / "intake.toml"
    path.write_bytes(path.read_text("utf-8").encode("cp1252"))
    with pytest.raises(ConfigError, match="not in UTF-8"):
        home.load()
    home.deny_list.write_bytes(f"Zoé {'0f' * 32}\n".encode("cp1252"))
    with pytest.raises(ConfigError, match="not in UTF-8"):
        DenyList.load(home.deny_list)


def test_a_bundle_that_powershell_wrote_as_text_says_so(tmp_path: Path) -> None:
    (tmp_path / "x.tdb").write_bytes('{"payload":"…"}'.encode("utf-16"))
    ended = run("inspect", "x.tdb", cwd=tmp_path)
    assert ended.code == 5
    assert "PowerShell" in ended.said


@pytest.mark.parametrize("page", PAGES)
def test_no_command_stops_because_of_the_code_page_of_its_output(tmp_path: Path, page: str) -> None:
    picture(3, (64, 64)).save(tmp_path / "Zoé 日本 Ωδ.png")
    (tmp_path / "Ж.jpg").touch()
    env = {"PYTHONIOENCODING": page, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for arguments, code in (
        (["hash", ".", "--show-paths", "--age", "adult", "--for", "self", "-o", "ж.tdb"], 3),
        (["check", "ж.tdb", "--copy", ".", "--show-paths"], 3),
        (["inspect", "ж.tdb"], 0),
        (["--help"], 0),
        (["hash", "--help"], 0),
        (["config", "show"], 0),
        (["status", "日本", "--intake", "http://127.0.0.1:1"], 2),
        (["batch", "status", "--ledger", "ж", "--key", "keyring:日本"], 2),
    ):
        ended = run(*arguments, cwd=tmp_path, env=env)
        assert ended.code == code, (arguments, ended.err)
        assert b"bug" not in ended.err.lower(), (arguments, ended.err)
        ended.out.decode(page)


def _spellings(words: list[str], command: Any) -> Iterator[list[str]]:
    yield words
    for name, child in getattr(command, "commands", {}).items():
        yield from _spellings([*words, name], child)


@pytest.mark.parametrize("name", sorted(ENTRIES))
@pytest.mark.parametrize("page", ["cp1252", "ascii"])
def test_the_help_of_every_command_is_shown_in_any_code_page(
    monkeypatch: pytest.MonkeyPatch, name: str, page: str
) -> None:
    for words in _spellings([name], load(name)):
        screen = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(screen, encoding=page, errors="strict"))
        assert app.run([*words, "--help"]) == 0
        assert "Usage" in screen.getvalue().decode(page)
