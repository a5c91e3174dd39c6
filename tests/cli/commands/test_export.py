"""``takedown export``: where files go, what is refused, and what the person reads."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

import pytest

from takedown_cli.cli.app import run as run_here
from tests.cli.documents import published
from tests.cli.runner import run
from tests.protocol.bundle.every_kind import CASE, items, write_bundle
from tests.protocol.bundle.factory import card


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "x.tdb")


@pytest.mark.parametrize("form", ["stopncii", "ncmec", "tx", "csv"])
def test_the_file_is_private_and_whole(bundle: Path, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    target = bundle.parent / "out"
    assert run_here(["export", str(bundle), "--format", form, "-o", str(target), "--json"]) == 0
    captured = capsys.readouterr()
    report = published(captured.out)
    assert (report["format"], report["files"], report["items"]) == (form, 1, 4)
    assert target.stat().st_size > 100
    if sys.platform != "win32":
        assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert "not sealed" in captured.err
    assert {path.name for path in bundle.parent.iterdir()} == {"x.tdb", "out"}
    assert run_here(["export", str(bundle), "--format", form, "-o", "-", "-q"]) == 0
    assert capsys.readouterr().out.encode() == target.read_bytes()


def test_a_file_is_replaced_only_with_force(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = bundle.parent / "out"
    target.write_text("mine")
    arguments = ["export", str(bundle), "--format", "tx", "-o", str(target)]
    assert run_here(arguments) == 2
    assert target.read_text() == "mine"
    assert run_here([*arguments, "--force"]) == 0
    assert target.read_text().startswith("pdq ")
    assert str(bundle.parent) not in capsys.readouterr().err


def test_a_vpdq_file_for_each_video(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = bundle.parent / "videos"
    arguments = ["export", str(bundle), "--format", "vpdq"]
    assert run_here([*arguments, "-o", str(folder)]) == 2  # no such folder, and it is not made
    assert "--item" in capsys.readouterr().err
    assert run_here([*arguments, "-o", "-"]) == 2
    folder.mkdir()
    assert run_here([*arguments, "-o", str(folder)]) == 0
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) == 2
    number = names[0].removeprefix("video-").removesuffix(".json")
    assert run_here([*arguments, "--item", number, "-o", str(folder / "one.json")]) == 0
    assert (folder / "one.json").read_bytes() == (folder / names[0]).read_bytes()
    capsys.readouterr()
    (folder / names[0]).unlink()  # the other is in the way: nothing is written
    assert run_here([*arguments, "-o", str(folder)]) == 2
    assert not (folder / names[0]).exists()


def test_a_format_without_anything_is_exit_4(tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "x.tdb", items()[:1])
    assert run_here(["export", str(bundle), "--format", "vpdq", "-o", str(tmp_path / "out")]) == 4
    assert not (tmp_path / "out").exists()


def test_hashes_that_a_format_cannot_hold_are_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = write_bundle(tmp_path / "x.tdb", items()[:1])
    assert run_here(["export", str(bundle), "--format", "tx", "-o", str(tmp_path / "out"), "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["left_out"] == {"phash": 1}
    assert "1 phash" in captured.err


def test_lists_are_kept_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = write_bundle(tmp_path / "x.tdb", items(age="under-18"))
    out = tmp_path / "out"

    def hashes(*more: str) -> int:
        code = run_here(["export", str(bundle), "--format", "stopncii", "-o", str(out), "--force", "--json", *more])
        assert code == 0
        found = json.loads(capsys.readouterr().out)["hashes"]
        assert isinstance(found, int)
        return found

    assert run_here(["export", str(bundle), "--format", "stopncii", "-o", str(out), "-q"]) == 0
    assert "18 or over" in capsys.readouterr().err
    assert run_here(["export", str(bundle), "--format", "csv", "-o", str(out), "-q", "--force"]) == 0
    assert "together" in capsys.readouterr().err
    assert hashes("--list", "under-18") == 3
    assert 3 < hashes("--list", "adult") < 3 + hashes()


def test_a_test_bundle_is_reported_as_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = write_bundle(tmp_path / "x.tdb", test=True)
    assert run_here(["export", str(bundle), "--format", "tx", "-o", str(tmp_path / "out"), "-q"]) == 0
    assert "marked as a test" in capsys.readouterr().err


def test_a_sealed_bundle_needs_its_number(tmp_path: Path) -> None:
    write_bundle(tmp_path / "x.tdb", card=card())
    (tmp_path / "number").write_text(str(CASE))
    arguments = ["export", str(tmp_path / "x.tdb"), "--format", "csv", "-o", str(tmp_path / "out")]
    assert run_here(arguments) == 5
    assert not (tmp_path / "out").exists()
    assert run_here([*arguments, "--case", str(tmp_path / "number")]) == 0
    ended = run("export", "x.tdb", "--format", "csv", "-o", "-", "--case", "-", cwd=tmp_path, stdin=str(CASE).encode())
    assert (ended.code, ended.out) == (0, (tmp_path / "out").read_bytes())


def test_a_changed_bundle_is_not_exported(bundle: Path) -> None:
    data = bytearray(bundle.read_bytes())
    data[len(data) // 2] ^= 1
    bundle.write_bytes(data)
    assert run_here(["export", str(bundle), "--format", "tx", "-o", str(bundle.parent / "out")]) == 5
    assert not (bundle.parent / "out").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--format", "xml", "-o", "out"],
        ["--format", "tx"],
        ["-o", "out"],
        ["--format", "tx", "-o", "out", "--item", "5"],
        ["--format", "tx", "-o", "out", "--item", "0"],
        ["--format", "tx", "-o", "out", "--list", "both"],
        ["--format", "tx", "-o", "-", "--json"],
        ["--format", "tx", "-o", "missing/out"],
        ["--format", "tx", "-o", "."],
    ],
)
def test_what_makes_no_sense_is_exit_2(bundle: Path, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(bundle.parent)
    assert run_here(["export", "x.tdb", *arguments, "-q"]) == 2
    assert os.listdir() == ["x.tdb"]  # noqa: PTH208 - names alone
