"""Pictures for the pool, drawn here; every decoding process in these tests is a real one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from takedown_cli.core.model import Found


def draw(path: Path, size: tuple[int, int], seed: int) -> Path:
    """A picture with enough in it to be hashed, unlike every other seed's."""
    noise = Image.effect_noise((16, 16), 80).resize(size, Image.Resampling.BICUBIC)
    noise.paste(seed % 256, (seed % 7, seed % 5, seed % 7 + size[0] // 3, seed % 5 + size[1] // 3))
    noise.save(path, "PNG" if path.suffix == ".png" else "JPEG", compress_level=1)
    return path


def found(paths: list[Path]) -> list[Found]:
    return [Found(path, path.stat().st_size) for path in paths]


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Found]:
    """60 small pictures."""
    folder = tmp_path_factory.mktemp("small")
    return found([draw(folder / f"{i:03}.jpg", (160 + i, 120), i) for i in range(60)])


@pytest.fixture
def large(tmp_path: Path) -> Callable[[int], list[Found]]:
    """Pictures that take a while."""

    def make(count: int) -> list[Found]:
        return found([draw(tmp_path / f"large{i}.png", (2600 + i, 2000), i) for i in range(count)])

    return make
