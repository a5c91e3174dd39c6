"""What is promised to be on the disk is there: also past the drive's own cache on macOS."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from takedown_cli.core.flush import flush_file, flush_folder

fcntl = pytest.importorskip("fcntl")
_FULL = 51  # F_FULLFSYNC, macOS' sys/fcntl.h


@pytest.fixture
def flushed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was asked of the system, on a macOS whose disk takes everything."""
    asked: list[str] = []
    monkeypatch.setattr(fcntl, "F_FULLFSYNC", _FULL, raising=False)
    monkeypatch.setattr(fcntl, "fcntl", lambda _descriptor, command: asked.append(f"command {command}"))
    monkeypatch.setattr(os, "fsync", lambda _descriptor: asked.append("fsync"))
    return asked


def test_macos_flushes_the_cache_of_the_drive_too(tmp_path: Path, flushed: list[str]) -> None:
    with (tmp_path / "x").open("wb") as stream:
        flush_file(stream.fileno())
    flush_folder(tmp_path)
    assert flushed == [f"command {_FULL}"] * 2


def test_a_disk_that_refuses_the_full_flush_gets_the_ordinary_one(
    tmp_path: Path, flushed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_descriptor: int, _command: int) -> None:
        raise OSError(errno.ENOTSUP, "a network disk")

    monkeypatch.setattr(fcntl, "fcntl", refused)
    with (tmp_path / "x").open("wb") as stream:
        flush_file(stream.fileno())
    assert flushed == ["fsync"]


def test_a_disk_error_is_not_swallowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_descriptor: int) -> None:
        raise OSError(errno.EIO, "the stick was pulled out")

    monkeypatch.setattr(os, "fsync", broken)
    with (tmp_path / "x").open("wb") as stream, pytest.raises(OSError, match="pulled out"):
        flush_file(stream.fileno())
    flush_folder(tmp_path)  # where it is not possible it is not promised


def test_nothing_is_flushed_in_another_way() -> None:
    package = Path(__file__).parents[2] / "takedown_cli"
    assert [path.name for path in package.rglob("*.py") if "os.fsync" in path.read_text("utf-8")] == ["flush.py"]
