"""Pictures and folders for the tests of the command line."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from takedown_cli.cli.terminal.console import console
from takedown_cli.fixtures.texture import picture


def _jpeg(seed: int, size: tuple[int, int]) -> bytes:
    buffer = io.BytesIO()
    picture(seed, size).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


@pytest.fixture(autouse=True)
def nobody_has_said_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Undo what a command that ran in this process left in the console: it lives as long as the process."""
    monkeypatch.setattr(console, "yes", False)
    monkeypatch.setattr(console, "no_input", False)


@pytest.fixture(scope="session")
def jpeg() -> bytes:
    """A picture that can be protected."""
    return _jpeg(7, (320, 240))


@pytest.fixture
def photos(tmp_path: Path, jpeg: bytes) -> Path:
    """A folder with two good pictures, a blank one, a damaged one and a text."""
    from PIL import Image

    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "beach.jpg").write_bytes(jpeg)
    (folder / "party.jpg").write_bytes(_jpeg(8, (320, 240)))
    Image.new("RGB", (320, 240), (80, 80, 80)).save(folder / "blank.png")
    (folder / "damaged.jpg").write_bytes(jpeg[:30] + b"\0" * 400)
    (folder / "notes.txt").write_text("Nothing to see here.\n")
    return folder


@pytest.fixture
def good(tmp_path: Path, jpeg: bytes) -> Path:
    """A folder with one picture that can be protected, and nothing else."""
    folder = tmp_path / "good"
    folder.mkdir()
    (folder / "beach.jpg").write_bytes(jpeg)
    return folder


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that keeps every processor busy for some seconds: the same large picture with different ends."""
    folder = tmp_path_factory.mktemp("many")
    large = _jpeg(9, (4000, 3000))
    for number in range(60):
        (folder / f"{number:03}.jpg").write_bytes(large + number.to_bytes(2, "big"))
    return folder
