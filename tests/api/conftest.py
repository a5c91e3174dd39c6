"""A folder of made-up pictures, and an intake in test mode."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from takedown_cli.fixtures.texture import picture
from takedown_cli.intake import running
from takedown_cli.intake.http.server import Running


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three pictures and a text."""
    folder = tmp_path_factory.mktemp("api") / "photos"
    folder.mkdir()
    for number in range(3):
        picture(number, (320, 240)).save(folder / f"{number}.jpg", quality=90)
    (folder / "notes.txt").write_text("no picture")
    return folder


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path / "intake", name="Test intake", test=True) as started:
        yield started
