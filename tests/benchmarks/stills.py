"""How many stills of a clip its fingerprints catch, by how the camera moves and by the way of choosing frames.

Run as ``python -m tests.benchmarks.stills [--each N] [--media DIR]``; it guarantees that the moments are drawn at
random, and that each still went to 1080 px and JPEG 85. It must never count a still that PDQ finds too poor to match.
"""

from __future__ import annotations

import argparse
import tempfile
import warnings
from pathlib import Path

import av
import numpy as np
from PIL import Image

from takedown_cli import worker
from takedown_cli.fingerprint import pdq
from takedown_cli.model import MATCH_DISTANCE, MIN_QUALITY, Hashed, Media, MediaFile, Recipe
from tests.benchmarks import moving
from tests.benchmarks.copies import finish
from tests.benchmarks.pictures import Bits, bits, scenes

MODES = ("gaps", "keyframes", "stills")
#: Moments drawn in each clip.
STILLS = 40


def stills(path: Path, seed: int) -> Bits:
    """The hashes of stills at random moments, as a platform has them; none for those that are too poor."""
    rng = np.random.default_rng([11, seed])
    found = []
    with av.open(str(path)) as container:
        wanted = {int(n) for n in rng.choice(moving.RATE * moving.SECONDS, STILLS, replace=False)}
        for number, frame in enumerate(container.decode(video=0)):
            if number in wanted:
                reading = pdq.read_full(np.asarray(finish(Image.fromarray(frame.to_ndarray(format="rgb24")))))
                if reading.quality >= MIN_QUALITY:
                    found.append(reading.value)
    return bits(found)


def listed(path: Path, mode: str) -> Bits:
    """The PDQ fingerprints of a clip, without copies."""
    with path.open("rb") as stream:
        file = MediaFile(path, path.stat().st_size, Media.VIDEO, "mp4")
        outcome = worker.hash_media(stream, file, Recipe(video=mode, copies=frozenset()))
    assert isinstance(outcome, Hashed)
    return bits([item.value for item in outcome.fingerprints if item.kind == "pdq"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=3, help="clips of each kind (key frames 1, 4 and 8 s apart)")
    parser.add_argument("--media", type=Path, help="keep the clips here, and use them again")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore", Image.DecompressionBombWarning)
    found, words = scenes(None, 1)
    print(f"Made from {words}; {STILLS} stills a clip.\n")
    print(f"| clip | {' | '.join(f'{mode} | fingerprints' for mode in MODES)} |\n|---|{'---:|' * 2 * len(MODES)}")
    with tempfile.TemporaryDirectory(prefix="takedown-stills-") as scratch:
        folder = chosen.media or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        clips = moving.clips(found, chosen.each)
        for kind in moving.KINDS:
            caught: dict[str, list[bool]] = {mode: [] for mode in MODES}
            counts: dict[str, list[int]] = {mode: [] for mode in MODES}
            for clip in (each for each in clips if each.kind == kind):
                path = folder / f"{clip.number:03}.mp4"
                if not path.exists():
                    moving.write(clip, path)
                copies = stills(path, clip.number)
                for mode in MODES:
                    known = listed(path, mode)
                    counts[mode].append(len(known))
                    if len(copies):
                        near = (copies[:, None] != known[None]).sum(axis=2).min(axis=1)
                        caught[mode] += (near <= MATCH_DISTANCE).tolist()
            cells = [f"{100 * np.mean(caught[mode]):.1f} | {np.mean(counts[mode]):.0f}" for mode in MODES]
            print(f"| {kind} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
