"""Fixtures that make this process meet other systems' rules."""

from __future__ import annotations

import sys

import pytest

from takedown_cli.hashing.discover import folders
from tests.helpline.conftest import folder_of, intake
from tests.portability import sharing_rule
from tests.portability.marked_files import MarkedFiles


@pytest.fixture
def _sharing_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    if not sharing_rule.OPEN.is_dir():
        pytest.skip("only Linux lists which files a process has open")
    sharing_rule.obey(monkeypatch.setattr)


__all__ = ["LockedByte", "folder_of", "intake"]


class LockedByte:
    """Windows' ``msvcrt``: one program at a time may lock the byte; ``error`` is what the disk answers instead."""

    LK_NBLCK = 2

    def __init__(self) -> None:
        self.error: OSError | None = None
        self.answers: list[OSError] = []

    def locking(self, _descriptor: int, mode: int, count: int) -> None:
        assert (mode, count) == (self.LK_NBLCK, 1)
        if self.answers:
            raise self.answers.pop(0)
        if self.error is not None:
            raise self.error


@pytest.fixture
def windows_lock(monkeypatch: pytest.MonkeyPatch) -> LockedByte:
    """Locks as on Windows, where there is no ``fcntl``."""
    byte = LockedByte()
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setitem(sys.modules, "msvcrt", byte)
    return byte


@pytest.fixture
def marked(monkeypatch: pytest.MonkeyPatch) -> MarkedFiles:
    return MarkedFiles(monkeypatch)


@pytest.fixture(params=["descriptor", "path"])
def _both_folders(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Walk as Linux and macOS do, and as Windows does."""
    kinds = {"descriptor": folders.DescriptorFolder, "path": folders.PathFolder}
    monkeypatch.setattr(folders, "best", kinds[request.param])
