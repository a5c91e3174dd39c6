"""How a video is matched with a clip by its share of frames: re-encoded, trimmed, mirrored; and which strangers match.

Run as ``python -m tests.benchmarks.trimmed_clips [--limit N] [--out DIR]``. The list has the frames of every clip, as
an intake gives them. A copy is read as ``takedown platform scan`` reads an upload. The beginning of a trim is drawn at
random, so its key frames are elsewhere. Strangers are clips of other scenes; some have an intro in common with all that
are listed, or begin and end in black and white, or have a plain or a striped card. It does not count copies whose
frames were cropped or framed, which ``reposts.clips`` measures frame by frame. It must never tune what it measures.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import av
import numpy as np
from av.video.stream import VideoStream
from PIL import Image, ImageDraw

from takedown_cli.core.model import Hashed, Media, MediaFile, Recipe
from takedown_cli.core.variants import shows_picture_itself
from takedown_cli.hashing import hash_media
from takedown_cli.platform.clips import ClipIndex, ClipRule, VideoFrame, video_frames
from tests.benchmarks import moving
from tests.benchmarks.measure import begin_anew, write_page, yield_to_others
from tests.benchmarks.pictures import scenes

#: Copies: per cent of the clip that is left, and whether it is mirrored.
KINDS: Final = {
    "re-encoded": (100, False),
    **{f"{left} % of it": (left, False) for left in (75, 50, 25)},
    "mirrored": (100, True),
    "mirrored, 50 % of it": (50, True),
}
#: Pixels of a copy's long side, and how coarsely it is coded (CRF).
SIDE, CODED = 640, "32"
#: How ``takedown platform scan`` reads uploads.
SCAN: Final = Recipe.of_uploads(readings=True)
#: Per cent of a video's frames that the tabulated rules ask for.
SHARES: Final = (10, 20, 30, 50, 80)
#: Seconds of the intro that strangers have in common with listed clips, which last ``moving.SECONDS`` beyond it.
INTROS: Final = (1, 2, 4, 8)
#: Seconds of a fade, and of a card.
FADE, CARD = 1, 2


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


Frames = list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]


def _read(path: Path) -> Frames:
    """Return the frames of a clip, ``SIDE`` pixels on the long side."""
    with av.open(str(path)) as read:
        found = []
        for frame in read.decode(video=0):
            scale = SIDE / max(frame.width, frame.height)
            width, height = (round(side * scale / 2) * 2 for side in (frame.width, frame.height))
            found.append(np.asarray(frame.reformat(width, height, format="rgb24").to_ndarray(), np.uint8))
    return found


def _write(path: Path, frames: Frames) -> Path:
    """Encode frames, with key frames where they fall."""
    with av.open(str(path), "w") as container:
        track = container.add_stream("libx264", rate=moving.RATE, options={"preset": "veryfast", "crf": CODED})
        assert isinstance(track, VideoStream)
        track.height, track.width = frames[0].shape[:2]
        track.pix_fmt = "yuv420p"
        for pixels in frames:
            container.mux(track.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")))
        container.mux(track.encode(None))
    return path


def _cut(frames: Frames, left: int, rng: np.random.Generator) -> Frames:
    kept = round(len(frames) * left / 100)
    begin = int(rng.integers(0, len(frames) - kept + 1))
    return frames[begin : begin + kept]


def _copies(clips: list[moving.Clip], folder: Path) -> Iterator[tuple[str, int, list[VideoFrame]]]:
    for clip in clips:
        frames = _read(folder / f"{clip.number}.mp4")
        for place, (kind, (left, mirrored)) in enumerate(KINDS.items()):
            part = _cut(frames, left, np.random.default_rng([31, clip.number, place]))
            shown = [pixels[:, ::-1] for pixels in part] if mirrored else part
            yield kind, clip.number, video_frames(_hash(_write(folder / "copy.mp4", shown), SCAN))
        _say(f"  copies of {clip.kind}")


def _measure(index: ClipIndex, number: int, video: list[VideoFrame]) -> Shares:
    own = [match for match in index.search(video, ClipRule(0, 0)) if match.entry == number]
    return Shares(own[0].video_share, own[0].clip_share) if own else Shares(0, 0)


# ------------------------------------------------------------------------------------------------------------ strangers


def _fitted(picture: Frames, like: Frames) -> Frames:
    """Return frames stretched to the size of others, which an intro is made in for every shape."""
    height, width = like[0].shape[:2]
    return [np.asarray(Image.fromarray(pixels).resize((width, height))) for pixels in picture]


def _fade(frames: Frames) -> Frames:
    """Return a clip that begins in black and ends in white."""
    count, last = FADE * moving.RATE, len(frames)
    rising = [1.0] * last
    rising[:count] = np.linspace(0, 1, count).tolist()
    white = np.linspace(0, 1, count)
    changed = [(pixels * share).astype(np.uint8) for pixels, share in zip(frames, rising, strict=True)]
    for number, share in zip(range(last - count, last), white, strict=True):
        changed[number] = (changed[number] * (1 - share) + 255 * share).astype(np.uint8)
    return changed


def _card(kind: str, like: Frames) -> Frames:
    """Return some seconds of black, white, a colour, stripes as of a test card, or a line of text on black."""
    height, width = like[0].shape[:2]
    shown = Image.new("RGB", (width, height), {"white": "white", "a colour": "steelblue"}.get(kind, "black"))
    draw = ImageDraw.Draw(shown)
    if kind == "stripes":
        colours = ("white", "yellow", "cyan", "lime", "magenta", "red", "blue")
        for number, colour in enumerate(colours):
            draw.rectangle((number * width / 7, 0, (number + 1) * width / 7, height), fill=colour)
    if kind == "text":
        draw.text((width / 2, height / 2), "DIRECTED BY", fill="white", anchor="mm", font_size=height / 9)
    return [np.asarray(shown)] * (CARD * moving.RATE)


def _in_common(intro: Frames) -> dict[str, Callable[[Frames], Frames]]:
    """Return what is done to listed clips and to strangers alike."""
    changes: dict[str, Callable[[Frames], Frames]] = {"nothing": lambda frames: frames, "fades": _fade}
    for kind in ("black", "white", "a colour", "stripes", "text"):
        changes[f"{CARD} s of {kind}"] = lambda frames, kind=kind: _card(kind, frames) + frames  # type: ignore[misc]
    for seconds in INTROS:
        part = intro[: seconds * moving.RATE]
        changes[f"an intro of {seconds} s"] = lambda frames, part=part: _fitted(part, frames) + frames  # type: ignore[misc]
    return changes


def _strangers(
    clips: list[moving.Clip], strangers: list[moving.Clip], intro: moving.Clip, folder: Path
) -> Iterator[tuple[str, list[Shares]]]:
    """Yield for all that clips have in common the shares of each stranger's frames, with each listed clip by itself."""
    for kind, change in _in_common(_read(folder / f"{intro.number}.mp4")).items():
        index = ClipIndex()
        for clip in clips:
            frames = _listed(_write(folder / "listed.mp4", change(_read(folder / f"{clip.number}.mp4"))))
            if frames:
                index.add(frames, clip.number)
        pairs: list[Shares] = []
        for stranger in strangers:
            path = _write(folder / "stranger.mp4", change(_read(folder / f"{stranger.number}.mp4")))
            met = index.search(video_frames(_hash(path, SCAN)), ClipRule(0, 0))
            pairs += [Shares(match.video_share, match.clip_share) for match in met]
            pairs += [Shares(0, 0)] * (len(clips) - len(met))
        _say(f"  in common: {kind}")
        yield kind, pairs


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def tabulate(title: str, found: dict[str, list[Shares]]) -> list[str]:
    """Return Markdown rows: the shares, and how many videos each rule catches."""
    titles = (title, "video's frames", "least", "most", "clip's frames", *(f"caught at {share} %" for share in SHARES))
    rows = [f"| {' | '.join(titles)} |", f"|---|{'---:|' * (len(titles) - 1)}"]
    for kind, each in found.items():
        video, clip = [one.video for one in each], [one.clip for one in each]
        caught = [sum(one.video >= share and one.clip >= ClipRule().clip_share for one in each) for share in SHARES]
        rows.append(
            f"| {kind} | {np.mean(video):.0f} % | {min(video):.0f} % | {max(video):.0f} % | {np.mean(clip):.0f} % "
            f"| {' | '.join(f'{count} of {len(each)}' for count in caught)} |"
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=int, default=1, help="clips of each movement")
    parser.add_argument("--after", type=int, default=0, help="photographs to leave out, so that clips are others")
    parser.add_argument("--out", type=Path, help="folder for trimmed.md")
    chosen = parser.parse_args()
    begin_anew("tests.benchmarks.trimmed_clips")
    yield_to_others()
    photographs, words = scenes(None, 1)
    photographs = photographs[chosen.after :]
    # No scene is in a listed clip and in a stranger, and the intro is of none of them.
    clips = [replace(each, number=chosen.after + each.number) for each in moving.clips(photographs[1::2], chosen.limit)]
    strangers = [
        replace(each, number=1000 + chosen.after + each.number)
        for each in moving.clips(photographs[2::2], chosen.limit)
    ]
    intro = moving.Clip("cut every 1.3 s, held", (photographs[0],) * 8, 2000, moving.SIZES[0], 30, reordered=False)
    found: dict[str, list[Shares]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="takedown-clips-") as scratch:
        folder, index, counts = Path(scratch), ClipIndex(), []
        for clip in (*clips, *strangers, intro):
            moving.write(clip, folder / f"{clip.number}.mp4")
        _say(f"{len(clips)} + {len(strangers)} clips")
        for clip in clips:
            frames = _listed(folder / f"{clip.number}.mp4")
            counts.append(len(frames))
            index.add(frames, clip.number)
        for kind, number, video in _copies(clips, folder):
            found[kind].append(_measure(index, number, video))
        met = dict(_strangers(clips, strangers, intro, folder))
    text = [
        f"{len(clips)} clips of {moving.SECONDS} s, made from {words}: a camera moved over a photograph.",
        *([f"The first {chosen.after} photographs are left out."] if chosen.after else []),
        f"An intake lists {np.mean(counts):.1f} frames of each, {min(counts)} to {max(counts)}.",
        "One frame alone is no clip for an intake; here it is matched like the others.",
        f"A copy has {SIDE} px and is coded at CRF {CODED}; a trim begins at random.",
        "It is read at one frame a second, as `takedown platform scan` does.",
        "Two frames match within 31 bits.",
        "A copy is *caught at 20 %* if at least 20 % of its frames match, and at least 5 % of the clip's.",
        "",
        *tabulate("copy", found),
        "",
        "## Strangers",
        "",
        f"{len(strangers)} clips of other photographs are compared with each of the {len(clips)} listed ones.",
        "Both of a pair have the same in common: nothing, a fade from black and to white,",
        "a card that is shown in front, or an intro (a moving clip of its own) in front.",
        "A pair that is caught is a false match.",
        "",
        *tabulate("in common", met),
    ]
    print("\n".join(text))
    if chosen.out:
        after = f" --after {chosen.after}" if chosen.after else ""
        command = f"python -m tests.benchmarks.trimmed_clips{after} --out docs/laboratory"
        write_page(chosen.out / "trimmed.md", "Videos by their share of frames", command, text)


if __name__ == "__main__":
    main()
