"""How many stills of a clip its fingerprints catch, by how the camera moves and by the way of choosing frames.

Run as ``python -m tests.benchmarks.stills [--each N] [--media DIR] [--out docs/laboratory]``. The moments are drawn at
random, each still goes to 1080 px and JPEG 85, and one that is too poor to match is left out.
"""

from __future__ import annotations

import argparse
import tempfile
import warnings
from pathlib import Path

import av
import numpy as np
from PIL import Image

from takedown_cli.core.model import MATCH_DISTANCE, MIN_QUALITY, Hashed, Media, MediaFile, Recipe
from takedown_cli.core.variants import STILLS as BETWEEN
from takedown_cli.hashing import hash_media
from takedown_cli.hashing.fingerprint import pdq
from tests.benchmarks import moving
from tests.benchmarks.copies import finish
from tests.benchmarks.pictures import Bits, bits, scenes

#: Way of choosing frames, as the command line has it → its recipe, without copies of any other class.
RECIPES = {
    "`--video keyframes`": Recipe(copies=frozenset(), video="keyframes"),
    "default": Recipe(copies=frozenset()),
    "`--copies stills`": Recipe(copies=frozenset({BETWEEN})),
    "`--video every`": Recipe(copies=frozenset(), video="every"),
}
_OPENING = """# Which stills of a clip are caught

Made by `python -m tests.benchmarks.stills --out docs/laboratory`.
"""
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
                reading = pdq.hash_full(np.asarray(finish(Image.fromarray(frame.to_ndarray(format="rgb24")))))
                if reading.quality >= MIN_QUALITY:
                    found.append(reading.value)
    return bits(found)


def listed(path: Path, recipe: Recipe) -> Bits:
    """The PDQ fingerprints of a clip."""
    with path.open("rb") as stream:
        file = MediaFile(path, path.stat().st_size, Media.VIDEO, "mp4")
        outcome = hash_media.hash_media(stream, file, recipe)
    assert isinstance(outcome, Hashed)
    return bits([item.value for item in outcome.fingerprints if item.kind == "pdq"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=3, help="clips of each kind (key frames 1, 4 and 8 s apart)")
    parser.add_argument("--media", type=Path, help="keep the clips here, and use them again")
    parser.add_argument("--out", type=Path, help="write stills.md into this folder")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore", Image.DecompressionBombWarning)
    photographs, words = scenes(None, 1)
    clips = moving.clips(photographs, chosen.each)
    lines = [
        f"{len(clips)} clips made from {words}:",
        f"a camera moved over a photograph, {moving.SECONDS} s each, key frames 1, 4 and 8 s apart. Of each, {STILLS}",
        f"stills at random moments, brought to 1080 px and JPEG 85; threshold {MATCH_DISTANCE} of 256.",
        "Per cent caught, and fingerprints listed:",
        "",
        f"| clip | {' | '.join(f'{name} | ' for name in RECIPES)} |",
        f"|---|{'---:|' * 2 * len(RECIPES)}",
    ]
    print("\n".join(lines), flush=True)
    with tempfile.TemporaryDirectory(prefix="takedown-stills-") as scratch:
        folder = chosen.media or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        every: Found = {name: ([], []) for name in RECIPES}
        for kind in moving.KINDS:
            found = _measured([clip for clip in clips if clip.kind == kind], folder)
            for name, (caught, counts) in found.items():
                every[name][0].extend(caught)
                every[name][1].extend(counts)
            lines.append(_row(kind, found))
            print(lines[-1], flush=True)
        lines.append(_row("all of them", every))
    if chosen.out is not None:
        (chosen.out / "stills.md").write_text("\n".join([_OPENING, *lines, ""]), encoding="utf-8")


#: For each way of choosing frames: was each still caught, and how many fingerprints each clip has.
Found = dict[str, tuple[list[bool], list[int]]]


def _measured(clips: list[moving.Clip], folder: Path) -> Found:
    found: Found = {name: ([], []) for name in RECIPES}
    for clip in clips:
        path = folder / f"{clip.number:03}.mp4"
        if not path.exists():
            moving.write(clip, path)
        copies = stills(path, clip.number)
        for name, recipe in RECIPES.items():
            known = listed(path, recipe)
            found[name][1].append(len(known))
            if len(copies):
                near = (copies[:, None] != known[None]).sum(axis=2).min(axis=1)
                found[name][0].extend((near <= MATCH_DISTANCE).tolist())
    return found


def _row(kind: str, found: Found) -> str:
    cells = [f"{100 * np.mean(caught):.1f} | {np.mean(counts):.0f}" for caught, counts in found.values()]
    return f"| {kind} | {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
