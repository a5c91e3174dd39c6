"""The photographs that recall is measured on: each scene once, none that PDQ itself finds too poor.

No two are orientations or near-duplicates of one scene. It does not keep a picture because of how
well its copies are caught: what is left out is named here, or recognised by quality and distance alone.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from takedown_cli.core.model import MIN_QUALITY
from takedown_cli.fixtures.texture import picture as made_up
from takedown_cli.hashing.fingerprint import pdq
from tests.benchmarks import packages

#: Bits between the nearest orientations of two scenes; unrelated pictures are 128 ± 10 apart.
APART = 70
#: Fewest pixels of a photograph, and of one whose quarters count as scenes of their own when there are too few.
SMALLEST, LARGE = 240_000, 7_000_000
SIDE = 1600

Bits = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


@dataclass(frozen=True, slots=True)
class Scene:
    """A photograph in a file, or a quarter of one (0 to 3), or a made-up picture (``path`` None, by its seed)."""

    path: Path | None
    part: int | None = None

    def load(self) -> Image.Image:
        """The picture upright, RGB, the long side at most ``SIDE`` pixels."""
        if self.path is None:
            return made_up(self.part or 0, (1280, 960) if (self.part or 0) % 3 else (960, 1280))
        with Image.open(self.path) as opened:
            if self.part is None:
                opened.draft("RGB", (2 * SIDE, 2 * SIDE))
            picture = ImageOps.exif_transpose(opened).convert("RGB")
        if self.part is not None:
            width, height = picture.width // 2, picture.height // 2
            left, top = self.part % 2 * width, self.part // 2 * height
            picture = picture.crop((left, top, left + width, top + height))
        picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        return picture


def scenes(folder: Path | None, wanted: int = 200) -> tuple[list[Scene], str]:
    """Distinct scenes of ``folder`` (None: of the packages in ``packages.py``), and what they are, in words."""
    files = list(_files(folder))
    kept: list[Bits] = []
    found = [(group, Scene(path)) for group, path in files if _is_new(Scene(path), kept)]
    counted = Counter(group for group, _ in found)
    words = f"{len(found)} distinct photographs"
    if not folder and found:
        words += f" ({', '.join(f'{count} of {group}' for group, count in counted.items())})"
    scenes = [scene for _, scene in found]
    if found and len(found) < wanted:
        parts = (Scene(path, part) for _, path in files if _pixels(path) >= LARGE for part in range(4))
        quarters = [scene for scene in parts if _is_new(scene, kept)][: wanted - len(found)]
        words += f" and {len(quarters)} quarters of large ones"
        scenes += quarters
    if not found:
        scenes = [scene for scene in (Scene(None, seed) for seed in range(1, 41)) if _is_new(scene, kept)]
        words = f"{len(scenes)} made-up pictures (no photographs are installed)"
    return scenes, words


def photographs(folder: Path | None) -> list[Path]:
    """Every photograph that is large enough, also several of one scene."""
    return [path for _, path in _files(folder)]


def _files(folder: Path | None) -> Iterator[tuple[str, Path]]:
    """Where each picture comes from, and its path; none that is too small."""
    named = packages.files() if folder is None else (("", path) for path in sorted(folder.rglob("*")))
    for group, path in named:
        if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp") and _pixels(path) >= SMALLEST:
            yield group, path


def _pixels(path: Path) -> int:
    with contextlib.suppress(OSError, ValueError), Image.open(path) as opened:
        return opened.width * opened.height
    return 0


def _is_new(scene: Scene, kept: list[Bits]) -> bool:
    """Whether the scene is good enough and unlike all that are kept; if so it is kept as well."""
    reading = pdq.hash_full(np.asarray(scene.load()))
    if reading.quality < MIN_QUALITY:
        return False
    turned = bits(list(reading.dihedral_values().values()))
    if any(int((turned != other).sum(axis=1).min()) < APART for other in kept):
        return False
    kept.append(turned[0])
    return True


def bits(values: list[str]) -> Bits:
    """N x 256 bits of N hashes in hexadecimal."""
    packed = np.frombuffer(bytes.fromhex("".join(values)), np.uint8).reshape(-1, 32)
    return np.unpackbits(packed, axis=1).astype(np.bool_)
