"""Callers with made-up folders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from zlib import crc32

import pytest

from takedown_cli import fixtures
from takedown_cli.intake import running
from takedown_cli.intake.http.server import Running
from takedown_cli.intake.service import make_intake
from takedown_cli.intake.settings import Home, Settings


@pytest.fixture
def folder_of(tmp_path: Path) -> Callable[..., Path]:
    """Makes a caller's folder of small pictures that nobody else has."""

    def make(name: str, pictures: int = 2) -> Path:
        folder = tmp_path / "callers" / name
        folder.mkdir(parents=True)
        for number in range(pictures):
            fixtures.picture(crc32(f"{name} {number}".encode()) & 0xFFFF, (320, 240)).save(folder / f"{number}.jpg")
        return folder

    return make


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Running]:
    home = Home(tmp_path / "intake")
    make_intake(home, Settings(name="Test intake", test=True))
    with running(home.path) as server:
        yield server
