"""A caseload on the disk: small folders, one of them poisonous, one large, and the manifest that names them.

No two callers have a picture in common, and references and folder names can be searched for.
It does not hold anything but made-up pictures.
"""

from __future__ import annotations

import csv
import os
import random
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from tests.campaigns.hostile import bombs, disguises, mutants

#: In every reference, and in the name of every folder and file: what must be found nowhere else.
REFERENCE, FOLDER, FILE = "zqreference", "zqfolder", "zqpicture"
#: As messengers pass pictures on; every fourth is twice and a half that each way, as a phone takes it (12 MP).
SIZE = (1600, 1200)
_CELLS = (14, 18)


@dataclass(frozen=True)
class Plan:
    """How large a caseload is: callers, pictures of the large one, pixels of a picture."""

    callers: int
    large: int
    size: tuple[int, int] = SIZE

    @classmethod
    def of(cls, callers: int) -> Plan:
        """5,000 pictures in the large folder from 10,000 callers on, and fewer in proportion below."""
        return cls(callers, max(20, min(5000, callers // 2)))


@dataclass(frozen=True)
class Made:
    """``folders`` by reference, in the order of the manifest."""

    manifest: Path
    folders: dict[str, Path]


def make(root: Path, plan: Plan, seed: int = 1, tell: Callable[[str], None] = lambda _: None) -> Made:
    """Make the folders, with all processors, and the manifest. Equal arguments give equal pictures.

    ``tell`` hears every half minute how far it is.
    """
    chance = random.Random(seed)
    folders: dict[str, Path] = {}
    work = []
    for number in range(plan.callers):
        reference = f"{REFERENCE}-{number:05}-{chance.randbytes(4).hex()}"
        folder = root / "callers" / f"{FOLDER}-{chance.randbytes(6).hex()}"
        folders[reference] = folder
        pictures = plan.large if number == plan.callers // 3 else chance.randint(2, 6)
        first = seed * 10_000_000 + number * 10_000
        work += [(folder, first, range(at, min(at + 100, pictures)), plan.size) for at in range(0, pictures, 100)]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        told = time.monotonic()
        for number, _ in enumerate(pool.map(_pictures, work, chunksize=4)):
            if time.monotonic() - told > 30:
                told = time.monotonic()
                tell(f"  {number:,} of {len(work):,} folders made")
    listed = list(folders.values())
    _poison(listed[plan.callers // 2])
    for folder in listed[::5]:  # the same picture a second time, under another name
        (folder / f"{FILE}-again.jpg").write_bytes((folder / f"{FILE}-0.jpg").read_bytes())
    return Made(_manifest(root, folders), folders)


def kept(root: Path) -> Made | None:
    """What an earlier ``make`` left whole in ``root``: the manifest is written last. None where there is none."""
    manifest = root / "manifest.csv"
    if not manifest.exists():
        return None
    with manifest.open(newline="", encoding="utf-8") as stream:
        return Made(manifest, {row["reference"]: root / row["source"] for row in csv.DictReader(stream)})


def _pictures(task: tuple[Path, int, range, tuple[int, int]]) -> None:
    folder, first, numbers, size = task
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        grid = np.random.default_rng(first + number).integers(0, 256, (*_CELLS, 3), dtype=np.uint8)
        picture = Image.fromarray(grid).resize(size, Image.Resampling.BICUBIC)
        if number % 4 == 3:
            picture = picture.resize((size[0] * 5 // 2, size[1] * 5 // 2), Image.Resampling.NEAREST)
        picture.save(folder / f"{FILE}-{number}.jpg", quality=85)


def _poison(folder: Path) -> None:
    """Bombs, disguises, damaged files, a pipe and links beside the pictures."""
    files = {
        "scans.jpg": bombs.jpeg_scans(), "huge.png": bombs.png_of(50_000, 50_000), "text.png": bombs.png_text(),
        "claims.gif": bombs.gif_claims(8000, 8000), "claims.bmp": bombs.bmp_claims(), "loop.tiff": bombs.tiff_loop(),
        "wide.mp4": bombs.video_of(4096, 4096), "empty.jpg": b"",
    }  # fmt: skip
    for name, content in (*files.items(), *mutants.mutants(3)):
        (folder / f"{FILE}-{name}").write_bytes(content)
    inner = folder / f"{FOLDER}-inner"
    inner.mkdir()
    disguises.write(inner, folder / f"{FILE}-0.jpg")
    if sys.platform != "win32":
        os.mkfifo(folder / f"{FILE}-pipe.jpg")
    (folder / f"{FILE}-link.jpg").symlink_to(folder / f"{FILE}-link.jpg")


def _manifest(root: Path, folders: dict[str, Path]) -> Path:
    path = root / "manifest.csv"
    part = path.with_suffix(".part")
    with part.open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream)
        rows.writerow(("reference", "source", "age", "for", "authority"))
        for number, (reference, folder) in enumerate(folders.items()):
            age, whose, authority = (
                ("adult", "self", ""),
                ("under-18", "child", ""),
                ("adult", "other", "permission"),
            )[number % 3]
            rows.writerow((reference, folder.relative_to(root), age, whose, authority))
    return part.replace(path)
