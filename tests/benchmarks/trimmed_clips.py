"""How a video is matched with a clip by its share of frames: re-encoded, trimmed, mirrored, or all of it.

Run as ``python -m tests.benchmarks.trimmed_clips [--limit N] [--out DIR]``. The list has the frames of every clip, as
an intake gives them. A copy is read as ``takedown platform scan`` reads an upload. The beginning of a trim is drawn at
random, so its key frames are elsewhere. It does not count copies whose frames were cropped or framed, which
``reposts.clips`` measures frame by frame, and it does not look for false matches: some clips show the same picture.
This module must never tune what it measures.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av
import numpy as np
from av.video.stream import VideoStream

from takedown_cli.core.model import Hashed, Media, MediaFile, Recipe
from takedown_cli.core.variants import shows_picture_itself
from takedown_cli.hashing import hash_media
from takedown_cli.platform.clips import ClipIndex, ClipRule, VideoFrame, video_frames
from takedown_cli.platform.upload import RECIPE
from tests.benchmarks import moving
from tests.benchmarks.measure import begin_anew, yield_to_others
from tests.benchmarks.pictures import scenes

#: Copies: per cent of the clip that is left, and whether it is mirrored.
KINDS: Final = {
    "re-encoded": (100, False),
    **{f"{left} % of it": (left, False) for left in (90, 75, 50, 25, 10)},
    "mirrored": (100, True),
    "mirrored, 50 % of it": (50, True),
}
#: Pixels of a copy's long side, and how coarsely it is coded (CRF).
SIDE, CODED = 640, "32"
#: Per cent of a video's frames that the tabulated rules ask for.
SHARES: Final = (10, 20, 30, 50, 80)


@dataclass(frozen=True, slots=True)
class Shares:
    """Per cent of a copy's and of its clip's frames that match."""

    video: float
    clip: float


def _hash(path: Path, recipe: Recipe) -> Hashed:
    with path.open("rb") as stream:
        outcome = hash_media.hash_media(stream, MediaFile(path, path.stat().st_size, Media.VIDEO, "mp4"), recipe)
    assert isinstance(outcome, Hashed)
    return outcome


def _listed(path: Path) -> list[str]:
    """Return the frames of a clip that an intake lists together."""
    found = (item for item in _hash(path, Recipe()).fingerprints if item.kind == "pdq")
    return [item.value for item in found if shows_picture_itself(item.variant) and (item.quality or 0) >= 50]


def _copy(source: Path, path: Path, left: int, rng: np.random.Generator, *, mirrored: bool) -> None:
    """Write a smaller copy of a part of a clip, with key frames where they fall."""
    with av.open(str(source)) as read, av.open(str(path), "w") as container:
        frames = list(read.decode(video=0))
        kept = round(len(frames) * left / 100)
        begin = int(rng.integers(0, len(frames) - kept + 1))
        scale = SIDE / max(frames[0].width, frames[0].height)
        width, height = (round(side * scale / 2) * 2 for side in (frames[0].width, frames[0].height))
        track = container.add_stream("libx264", rate=moving.RATE, options={"preset": "veryfast", "crf": CODED})
        assert isinstance(track, VideoStream)
        track.width, track.height, track.pix_fmt = width, height, "yuv420p"
        for frame in frames[begin : begin + kept]:
            pixels = frame.reformat(width, height, format="rgb24").to_ndarray()
            shown = np.ascontiguousarray(pixels[:, ::-1] if mirrored else pixels, np.uint8)
            container.mux(track.encode(av.VideoFrame.from_ndarray(shown, format="rgb24")))
        container.mux(track.encode(None))


def _measure(index: ClipIndex, number: int, video: list[VideoFrame]) -> Shares:
    own = [match for match in index.search(video, ClipRule(0, 0)) if match.entry == number]
    return Shares(own[0].video_share, own[0].clip_share) if own else Shares(0, 0)


def _copies(clips: list[moving.Clip], folder: Path) -> Iterator[tuple[str, int, list[VideoFrame]]]:
    for clip in clips:
        for place, (kind, (left, mirrored)) in enumerate(KINDS.items()):
            path = folder / "copy.mp4"
            rng = np.random.default_rng([31, clip.number, place])
            _copy(folder / f"{clip.number}.mp4", path, left, rng, mirrored=mirrored)
            yield kind, clip.number, video_frames(_hash(path, RECIPE))
            path.unlink()


def tabulate(found: dict[str, list[Shares]]) -> list[str]:
    """Return Markdown rows: the mean shares, and how many copies each rule catches."""
    titles = ("copy", "video's frames", "least", "clip's frames", *(f"caught at {share} %" for share in SHARES))
    rows = [f"| {' | '.join(titles)} |", f"|---|{'---:|' * (len(titles) - 1)}"]
    for kind, each in found.items():
        video, clip = [one.video for one in each], [one.clip for one in each]
        caught = [sum(one.video >= share and one.clip > 0 for one in each) for share in SHARES]
        rows.append(
            f"| {kind} | {np.mean(video):.0f} % | {min(video):.0f} % | {np.mean(clip):.0f} % "
            f"| {' | '.join(f'{count} of {len(each)}' for count in caught)} |"
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=int, default=1, help="clips of each movement, at most 3")
    parser.add_argument("--out", type=Path, help="folder for trimmed.md")
    chosen = parser.parse_args()
    begin_anew("tests.benchmarks.trimmed_clips")
    yield_to_others()
    photographs, words = scenes(None, 1)
    clips = moving.clips(photographs, chosen.limit)
    found: dict[str, list[Shares]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="takedown-clips-") as scratch:
        folder, index, counts = Path(scratch), ClipIndex(), []
        for clip in clips:
            path = folder / f"{clip.number}.mp4"
            moving.write(clip, path)
            frames = _listed(path)
            counts.append(len(frames))
            index.add(frames, clip.number)
        for kind, number, video in _copies(clips, folder):
            found[kind].append(_measure(index, number, video))
    text = [
        f"{len(clips)} clips of {moving.SECONDS} s, made from {words}: a camera moved over a photograph.",
        f"An intake lists {np.mean(counts):.1f} frames of each, {min(counts)} to {max(counts)}.",
        "One frame alone is no clip for an intake; here it is matched like the others.",
        f"A copy has {SIDE} px and is coded at CRF {CODED}; a trim begins at random.",
        "Two frames match within 31 bits.",
        "A copy is *caught at 20 %* if at least 20 % of its frames match.",
        "",
        *tabulate(found),
    ]
    print("\n".join(text))
    if chosen.out:
        made_by = "Made by `python -m tests.benchmarks.trimmed_clips --out docs/laboratory`."
        page = "\n".join(["# Videos by their share of frames", "", made_by, "", *text, ""])
        (chosen.out / "trimmed.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
