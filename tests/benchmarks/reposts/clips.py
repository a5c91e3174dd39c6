"""How many frames of reposted clips are caught: mirrored, cropped, framed, or played inside an app.

Run as ``python -m tests.benchmarks.reposts.clips [--limit N] [--out DIR]``. The list is that of ``--copies all`` for
the clip itself. A platform takes one frame a second of the copy, and somebody takes stills at random moments. Each
frame of a copy is saved as JPEG. This module must never tune what it measures.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageOps

from takedown_cli.core.model import MATCH_DISTANCE, MIN_QUALITY, Recipe
from takedown_cli.core.variants import expand_copies
from takedown_cli.fixtures.texture import picture as made_up
from takedown_cli.hashing.fingerprint import pdq
from takedown_cli.hashing.readings.steady import FrameReader
from tests.benchmarks import moving
from tests.benchmarks.copies import colour, finish, phone_status, sticker_small
from tests.benchmarks.measure import begin_anew, write_page, yield_to_others
from tests.benchmarks.pictures import Bits, bits, scenes
from tests.benchmarks.reposts.amounts import border, caption_bar, crop_four
from tests.benchmarks.reposts.hashes import read_copy
from tests.benchmarks.reposts.layouts import LAYOUTS, Layout, Picture
from tests.benchmarks.stills import listed

#: Copies are the same for all frames of a clip: their random source begins anew with each frame.
KINDS: dict[str, Layout] = {
    "saved again": lambda shown, other, rng: shown,
    "filtered": lambda shown, other, rng: colour(shown, rng),
    "marked in a corner": lambda shown, other, rng: sticker_small(shown, rng),
    "mirrored": lambda shown, other, rng: ImageOps.mirror(shown),
    "crop of four sides, 0 to 8 %": lambda shown, other, rng: crop_four(shown, float(rng.uniform(0, 8)), rng),
    "border, 2 to 20 %": lambda shown, other, rng: border(shown, float(rng.uniform(2, 20)), rng),
    "caption bar, 10 to 25 %": lambda shown, other, rng: caption_bar(shown, float(rng.uniform(10, 25)), rng),
    "phone's screen": lambda shown, other, rng: phone_status(shown, rng),
    **{name: LAYOUTS[name] for name in ("google viewer", "whatsapp viewer", "instagram post", "x post", "story")},
}
RECIPE = Recipe(copies=expand_copies(frozenset({"all"})))
#: Pixels of a copy's long side, JPEG quality, and stills of a copy.
SIDE, QUALITY, STILLS = 1280, 75, 10
#: Shares of a video's frames that platforms ask for: as the extension for threatexchange does, and as strict ones do.
ASKED = (0.2, 0.8)


@dataclass(frozen=True, slots=True)
class Caught:
    """For each frame of a copy, or each still of it: whether it is caught by the list alone, and with readings."""

    frames: tuple[tuple[bool, bool], ...]
    stills: tuple[tuple[bool, bool], ...]


def measure(clip: moving.Clip) -> tuple[dict[str, Caught], int]:
    """Return what is caught of each kind of copy of a clip, and how many fingerprints the clip has."""
    with tempfile.TemporaryDirectory(prefix="takedown-clips-") as scratch:
        path = Path(scratch) / "clip.mp4"
        moving.write(clip, path)
        known = listed(path, RECIPE)
        frames, stills = take(path, clip.number)
    found, number, other = {}, clip.number, made_up(77, (960, 1280))
    for index, (kind, make) in enumerate(KINDS.items()):
        copies = [finish(make(each, other, np.random.default_rng([number, index])), QUALITY, SIDE) for each in frames]
        taken = [finish(make(each, other, np.random.default_rng([number, index])), QUALITY, SIDE) for each in stills]
        read = [readings for readings in map(read_copy, taken) if readings[0].any()]  # a poor one is zeros
        found[kind] = Caught(
            tuple(_judge(each, known) for each in _read_frames(copies)), tuple(_judge(each, known) for each in read)
        )
    return found, len(known)


def take(path: Path, seed: int) -> tuple[list[Picture], list[Picture]]:
    """Return one frame a second of a clip, and stills at random moments."""
    rng = np.random.default_rng([21, seed])
    moments = {int(each) for each in rng.choice(moving.RATE * moving.SECONDS, STILLS, replace=False)}
    frames, stills = [], []
    with av.open(str(path)) as container:
        for at, frame in enumerate(container.decode(video=0)):
            if at % moving.RATE == 0 or at in moments:
                shown = Image.fromarray(frame.to_ndarray(format="rgb24"))
                frames += [shown] if at % moving.RATE == 0 else []
                stills += [shown] if at in moments else []
    return frames, stills


def _read_frames(copies: list[Picture]) -> list[Bits]:
    """Return the hash of each frame that is good enough, and its readings as a frame of a video."""
    reader, values = FrameReader(), defaultdict[int, list[str]](list)
    readings = []
    for number, copy in enumerate(copies):
        pixels = np.asarray(copy)
        full = pdq.hash_full(pixels)
        if full.quality >= MIN_QUALITY:
            values[number].append(full.value)
        readings += reader.read(number, number, pixels, full.coefficients, full.quality)
    for reading in readings + reader.finish():
        if reading.frame is not None and reading.frame in values:
            values[reading.frame].append(reading.value)
    return [bits(each) for each in values.values()]


def _judge(readings: Bits, known: Bits) -> tuple[bool, bool]:
    near = [int((known != reading).sum(axis=1).min()) <= MATCH_DISTANCE for reading in readings]
    return near[0], any(near)


def tabulate(found: list[dict[str, Caught]]) -> list[str]:
    """Return Markdown rows: per cent of frames, of stills, and clips of which enough frames are caught."""
    titles = (
        "copy",
        *(
            f"{what}, {how}"
            for what in ("frames", *(f"clips at {100 * share:.0f} %" for share in ASKED), "stills")
            for how in ("alone", "read")
        ),
    )
    rows = [f"| {' | '.join(titles)} |", f"|---|{'---:|' * (len(titles) - 1)}"]
    for kind in KINDS:
        each = [clip[kind] for clip in found]
        frames = 100 * np.mean([frame for clip in each for frame in clip.frames], axis=0)
        stills = 100 * np.mean([still for clip in each for still in clip.stills], axis=0)
        shares = [np.mean(clip.frames, axis=0) for clip in each if clip.frames]
        cells = [f"{share:.0f}" for share in frames]
        for asked in ASKED:
            cells += [f"{count} of {len(each)}" for count in np.sum(np.array(shares) >= asked, axis=0)]
        cells += [f"{share:.0f}" for share in stills]
        rows.append(f"| {kind} | {' | '.join(cells)} |")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=int, default=8, help="clips at most, of each movement about as many")
    parser.add_argument("--out", type=Path, help="folder for clips.md")
    chosen = parser.parse_args()
    begin_anew("tests.benchmarks.reposts.clips")
    photographs, words = scenes(None, 1)
    each = -(-chosen.limit // len(moving.KINDS))
    # One of each movement first, then another of each.
    made = sorted(moving.clips(photographs, each), key=lambda clip: clip.number % each)[: chosen.limit]
    with ProcessPoolExecutor(initializer=yield_to_others) as executor:
        measured = list(executor.map(measure, made))
    found, counts = [caught for caught, _ in measured], [count for _, count in measured]
    text = [
        f"{len(made)} clips of {moving.SECONDS} s, made from {words}: a camera moved over a photograph.",
        f"A copy is brought to {SIDE} px, its frames saved as JPEG {QUALITY}; threshold {MATCH_DISTANCE} of 256.",
        f"The list is that of `--copies all`: {np.mean(counts):.0f} fingerprints a clip, {max(counts)} at most.",
        "A platform takes one frame a second. Some ask for 20 or 80 % of the frames before they call it a match.",
        f"Of each copy, {STILLS} stills were taken at random moments.",
        "*Alone*: by the list; *read*: by the list and the readings of a platform. Per cent caught:",
        "",
        *tabulate(found),
    ]
    print("\n".join(text))
    if chosen.out:
        command = f"python -m tests.benchmarks.reposts.clips --out docs/laboratory --limit {chosen.limit}"
        write_page(chosen.out / "clips.md", "Clips as people repost them", command, text)


if __name__ == "__main__":
    main()
