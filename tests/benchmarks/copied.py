"""The hashes of a scene's random copies, kept between runs in ``build/recall``: what is sent does not change them.

A kept answer was computed by the same code from the same file and random source; otherwise it is
computed anew. It does not look at a predicted fingerprint.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import imagehash
import numpy as np
import PIL
from PIL import features

from takedown_cli.hashing import fingerprint
from takedown_cli.hashing.fingerprint import pdq
from tests.benchmarks import copies, pictures
from tests.benchmarks.pictures import Bits, Scene, bits

KEPT = Path("build/recall")
#: pHash counts as a match up to this distance of 64, as its users most often set it.
PHASH_DISTANCE = 10
#: Kinds that ``finish`` has already been applied to.
_FINISHED = ("recompressed", "resized")
#: What an answer depends on beside the scene.
_SOURCES = (
    *(Path(module.__file__ or "") for module in (copies, pictures)),
    Path(__file__),
    *(Path(fingerprint.__file__ or "").parent / f"{name}.py" for name in ("pdq", "pdq_downsample", "pdq_reference")),
)


@dataclass(frozen=True, slots=True)
class Copied:
    """One copy of each of K kinds: ``full`` and ``nearest`` are K x 256 bits, ``phash`` whether pHash finds it."""

    full: Bits
    nearest: Bits
    phash: np.ndarray[tuple[int], np.dtype[np.bool_]]


def copied(number: int, scene: Scene, seed: int, draw: int) -> Copied:
    """The ``draw``-th copies of scene ``number``, in the order of ``copies.KINDS``; kept, or made and then kept."""
    path = KEPT / f"{_key(number, scene, seed, draw)}.npz"
    if path.exists():
        with np.load(path) as held:
            return Copied(held["full"], held["nearest"], held["phash"])
    made = _made(number, scene, seed, draw)
    KEPT.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    with part.open("wb") as out:
        np.savez(out, full=made.full, nearest=made.nearest, phash=made.phash)
    part.replace(path)
    return made


def _made(number: int, scene: Scene, seed: int, draw: int) -> Copied:
    picture = scene.load()
    ours = imagehash.phash(picture)
    full, nearest, phash = [], [], []
    for index, (kind, (_, make, _)) in enumerate(copies.KINDS.items()):
        copy = make(picture, np.random.default_rng([seed, number, index, draw]))
        copy = copy if kind in _FINISHED else copies.finish(copy)
        both = pdq.hash_both(np.asarray(copy))
        full.append(both[pdq.FULL].value)
        nearest.append(both[pdq.NEAREST].value)
        phash.append(imagehash.phash(copy) - ours <= PHASH_DISTANCE)
    return Copied(bits(full), bits(nearest), np.array(phash, np.bool_))


def _key(number: int, scene: Scene, seed: int, draw: int) -> str:
    state = scene.path.stat() if scene.path else None
    versions = (PIL.__version__, np.__version__, features.version("jpg"))
    made_of = (number, str(scene.path), scene.part, state and (state.st_size, state.st_mtime_ns), seed, draw, versions)
    return hashlib.sha256(repr(made_of).encode() + b"".join(path.read_bytes() for path in _SOURCES)).hexdigest()
