"""AugLy as a witness: found where it is installed, not missed where it is not, and the same copies each time."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from PIL import Image

from takedown_cli.fixtures.texture import picture
from tests.benchmarks.reposts import augly_copies


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(2):
        picture(number, (320, 240)).save(tmp_path / f"{number}.png")
    return tmp_path


def test_without_augly_there_is_no_interpreter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AUGLY", str(tmp_path / "python"))
    assert augly_copies.interpreter() is None


@pytest.mark.skipif(find_spec("augly") is not None, reason="AugLy is installed in this environment")
def test_a_python_without_augly_is_not_taken_and_fails_when_it_is_used(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setenv("AUGLY", sys.executable)
    assert augly_copies.interpreter() is None
    with pytest.raises(subprocess.CalledProcessError):
        augly_copies.make(Path(sys.executable), folder)


@pytest.mark.slow
def test_augly_makes_one_copy_of_each_kind_and_the_same_ones_again(folder: Path) -> None:
    python = augly_copies.interpreter()
    if python is None:
        pytest.skip("AugLy is not installed: make augly")
    made = []
    for _ in range(2):
        augly_copies.make(python, folder)
        made.append({path.name: path.read_bytes() for path in folder.glob("*.jpg")})
    assert set(made[0]) == {f"{number}.{kind}.jpg" for number in range(2) for kind in augly_copies.KINDS}
    assert made[0] == made[1]
    for kind in augly_copies.KINDS:
        with Image.open(folder / f"0.{kind}.jpg") as copy:
            assert max(copy.size) <= 1080
