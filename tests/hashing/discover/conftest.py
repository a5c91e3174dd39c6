"""Places to walk in: an empty folder, an unprivileged user's folder, an abyss."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from takedown_cli.hashing.discover import folders

ABYSS = 10_000


@pytest.fixture(params=["descriptor", "path"])
def tree(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder; each test runs with both ways of looking into folders, the second being that of Windows."""
    kinds: dict[str, type[folders.Folder]] = {"descriptor": folders.DescriptorFolder, "path": folders.PathFolder}
    if request.param == "descriptor" and not folders._ABLE:
        pytest.skip("this system has no lookups inside an open folder")
    monkeypatch.setattr(folders, "best", kinds[request.param])
    return tmp_path


@pytest.fixture
def without_privileges() -> Iterator[Path]:
    """A folder of an ordinary user, and the process being that user: root may read everything."""
    if sys.platform == "win32":
        pytest.skip("there is no other account to become")
    folder = Path(tempfile.mkdtemp())
    user = os.geteuid()
    if user == 0:
        os.chown(folder, 65534, 65534)
        os.seteuid(65534)
    try:
        yield folder
    finally:
        if user == 0:
            os.seteuid(0)
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def abyss(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """10,000 folders in each other, a file on every thousandth level before and after the next folder. Read only."""
    if folders.best is folders.PathFolder:
        pytest.skip("such a path takes lookups inside an open folder")
    root = tmp_path_factory.mktemp("abyss")
    here = os.open(root, os.O_RDONLY)
    for level in range(ABYSS):
        if level % 1000 == 999:
            for name in ("a", "z"):
                os.close(os.open(name, os.O_CREAT, dir_fd=here))
        os.mkdir("level", dir_fd=here)
        upper, here = here, os.open("level", os.O_RDONLY, dir_fd=here)
        os.close(upper)
    yield root
    for level in reversed(range(ABYSS)):  # rmtree recurses, and rm needs the whole way twice
        lower, here = here, os.open("..", os.O_RDONLY, dir_fd=here)
        os.close(lower)
        os.rmdir("level", dir_fd=here)
        if level % 1000 == 999:
            for name in ("a", "z"):
                os.unlink(name, dir_fd=here)
    os.close(here)


def write(path: Path, data: bytes = b"x") -> Path:
    """``path`` with ``data``, its folders made where they are missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
