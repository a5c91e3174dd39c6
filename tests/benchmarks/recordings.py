"""What a recording of a screen catches that is submitted alone: the clip that plays in it, and that clip saved again.

Run as ``python -m tests.benchmarks.recordings [--limit N] [--out DIR]``. A phone records an app in which a clip plays.
A platform takes one frame a second of the clip itself, and of the clip saved again, smaller. Each is looked up in the
list of the recording, once as a whole (as ``--whole`` lists it) and once as it is listed now. Ordinary clips say which
ones are taken for recordings. This module must never tune what it measures.
"""

from __future__ import annotations

import argparse
import io
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream
from PIL import Image, ImageDraw, ImageOps

from takedown_cli.core.model import MATCH_DISTANCE, MIN_QUALITY, Hashed, Media, MediaFile, Recipe
from takedown_cli.hashing import hash_media
from takedown_cli.hashing.fingerprint import pdq
from tests.benchmarks import moving
from tests.benchmarks.measure import begin_anew, write_page, yield_to_others
from tests.benchmarks.pictures import Bits, Scene, bits, scenes
from tests.benchmarks.reposts.layouts import LAYOUTS

Picture = Image.Image
Maker = Callable[[Picture, Picture, np.random.Generator], Picture]
#: Frames a second of a recording, and pixels of its long side. Frames a second that a platform takes.
RATE, SIDE, TAKEN = 2, 1280, 1
#: Long side and quality (CRF) of a clip that is saved again, and the share of frames that some platforms ask for.
AGAIN, POORER, ASKED = 640, 32, 0.8


def _story_of(shown: Picture, side: str) -> Picture:
    return ImageOps.pad(shown, (1080, 1920), color=side)


APPS: dict[str, Maker] = {
    **{
        name: LAYOUTS[name]
        for name in (
            "ios viewer", "google viewer", "whatsapp viewer", "whatsapp chat", "imessage chat", "instagram post",
            "x post", "story", "story blurred", "tiktok", "web page",
        )
    },
    "black bars": lambda shown, other, rng: _story_of(shown, "black"),
}  # fmt: skip


def _captioned(shown: Picture, other: Picture, rng: np.random.Generator) -> Picture:
    drawn = shown.copy()
    ImageDraw.Draw(drawn).text((shown.width * 0.2, shown.height * 0.85), "words of somebody", "white", font_size=32)
    return drawn


def _with_logo(shown: Picture, other: Picture, rng: np.random.Generator) -> Picture:
    drawn = shown.copy()
    ImageDraw.Draw(drawn).rectangle((20, 20, 140, 70), fill="white", outline="red", width=6)
    return drawn


ORDINARY: dict[str, Maker] = {
    "as it is": lambda shown, other, rng: shown,
    "upright": lambda shown, other, rng: ImageOps.fit(shown, (720, 1280)),
    "dark": lambda shown, other, rng: Image.eval(shown, lambda level: level // 12),
    "captions": _captioned,
    "static logo": _with_logo,
    "letterboxed film": lambda shown, other, rng: ImageOps.pad(
        ImageOps.fit(shown, (1280, 536)), (1280, 720), color="black"
    ),
    "meme bar": LAYOUTS["meme bar"],
}


@dataclass(frozen=True, slots=True)
class Caught:
    """Of the frames of a clip and of the clip saved again: the share that is caught. Fingerprints of the recording."""

    clip: float
    again: float
    listed: int


def encode(frames: Iterable[Picture], rate: int, quality: int) -> bytes:
    """Return an H.264 film in MP4."""
    stream = io.BytesIO()
    with av.open(stream, "w", format="mp4") as container:
        options = {"preset": "veryfast", "crf": str(quality), "g": str(4 * rate)}
        track = container.add_stream("libx264", rate=rate, options=options)
        assert isinstance(track, VideoStream)
        for number, frame in enumerate(frames):
            if number == 0:
                track.width, track.height, track.pix_fmt = frame.width // 2 * 2, frame.height // 2 * 2, "yuv420p"
            shown = frame.crop((0, 0, track.width, track.height)).convert("RGB")
            container.mux(track.encode(av.VideoFrame.from_ndarray(np.asarray(shown), format="rgb24")))
        container.mux(track.encode(None))
    return stream.getvalue()


def hashed(data: bytes, recipe: Recipe) -> Hashed:
    """Return the outcome for a film."""
    file = MediaFile(Path("clip.mp4"), len(data), Media.VIDEO, "mp4")
    outcome = hash_media.hash_media(io.BytesIO(data), file, recipe)
    assert isinstance(outcome, Hashed)
    return outcome


def _listed(outcome: Hashed) -> Bits:
    good = [item.value for item in outcome.fingerprints if item.kind == "pdq" and (item.quality or 0) >= MIN_QUALITY]
    return bits(good) if good else np.zeros((0, 256), np.bool_)


def _taken(data: bytes, step: int) -> Bits:
    """Return the hashes of the frames that a platform takes of a film, without poor ones."""
    found = []
    with av.open(io.BytesIO(data), "r") as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number % step == 0:
                reading = pdq.hash_full(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8))
                found += [reading.value] if reading.quality >= MIN_QUALITY else []
    return bits(found) if found else np.zeros((0, 256), np.bool_)


def _share(taken: Bits, known: Bits) -> float:
    if not len(taken):
        return 1.0
    near = [len(known) > 0 and int((known != each).sum(axis=1).min()) <= MATCH_DISTANCE for each in taken]
    return float(np.mean(near))


def _fit(picture: Picture, side: int) -> Picture:
    scale = side / max(picture.size)
    return picture.resize((round(picture.width * scale), round(picture.height * scale)))


def frames_of(clip: moving.Clip) -> list[Picture]:
    """Return the frames of a clip at ``RATE`` a second."""
    rng = np.random.default_rng([7, clip.number])
    return list(islice(moving.frames(clip, rng), 0, None, moving.RATE // RATE))


def recording_of(frames: Sequence[Picture], make: Maker, other: Picture, seed: Sequence[int]) -> bytes:
    """Return the film of a screen on which a clip plays: what is around it is the same in each frame."""
    return encode((_fit(make(each, other, np.random.default_rng(seed)), SIDE) for each in frames), RATE, 23)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=int, default=8, help="clips, of as many kinds of movement, at most 8")
    parser.add_argument("--out", type=Path, help="folder for recordings.md")
    chosen = parser.parse_args()
    begin_anew("tests.benchmarks.recordings")
    yield_to_others()
    photographs, words = scenes(None, 1)
    other = Scene(None, 77).load()
    clips = moving.clips(photographs, 1)[:: max(1, 8 // chosen.limit)]
    recipes = {"as a whole": Recipe(whole=True), "now": Recipe()}
    found: dict[str, dict[str, list[Caught]]] = defaultdict(lambda: defaultdict(list))
    taken_for: dict[str, list[str]] = defaultdict(list)
    for clip in clips:
        frames = frames_of(clip)
        own = _taken(encode(frames, RATE, 18), RATE // TAKEN)
        again = _taken(encode((_fit(each, AGAIN) for each in frames), RATE, POORER), RATE // TAKEN)
        direct = _listed(hashed(encode(frames, RATE, 23), recipes["now"]))
        found["the clip itself"]["now"].append(Caught(_share(own, direct), _share(again, direct), len(direct)))
        for index, (app, make) in enumerate(APPS.items()):
            data = recording_of(frames, make, other, [clip.number, index])
            for name, recipe in recipes.items():
                outcome = hashed(data, recipe)
                known = _listed(outcome)
                found[app][name].append(Caught(_share(own, known), _share(again, known), len(known)))
                if name == "now":
                    taken_for[app].append(_verdict(outcome))
        for index, (kind, make) in enumerate(ORDINARY.items()):
            data = encode((make(each, other, np.random.default_rng([clip.number, index])) for each in frames), RATE, 23)
            taken_for[kind].append(_verdict(hashed(data, Recipe())))
    text = [
        f"{len(clips)} clips of {moving.SECONDS} s, made from {words}: a camera moved over a photograph.",
        f"Each plays in an app, and the screen is recorded: {RATE} frames a second, {SIDE} px, H.264 at CRF 23.",
        f"A platform takes {TAKEN} frame a second of the clip, and of the clip saved again ({AGAIN} px, CRF {POORER}).",
        "",
        *_tabulate(found),
        "",
        "| film | the clip alone is listed | both | the whole alone | nothing |",
        "|---|---:|---:|---:|---:|",
        *(
            f"| {kind} | {' | '.join(str(verdicts.count(name)) for name in ('certain', 'both', 'whole', 'none'))} |"
            for kind, verdicts in taken_for.items()
        ),
    ]
    print("\n".join(text))
    if chosen.out:
        command = f"python -m tests.benchmarks.recordings --limit {chosen.limit} --out docs/laboratory"
        write_page(chosen.out / "recordings.md", "Recordings of a screen", command, text)


def _verdict(outcome: Hashed) -> str:
    if outcome.weak is not None:
        return "none"
    if not outcome.inside:
        return "whole"
    return "both" if outcome.keeps_whole else "certain"


def _tabulate(found: dict[str, dict[str, list[Caught]]]) -> list[str]:
    """Return Markdown rows: per cent of frames caught, and clips of which enough frames are."""
    rows = [
        "| recording | list | frames of the clip | at 80 % | frames, saved again | at 80 % | fingerprints |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for app, by_recipe in found.items():
        for name, each in by_recipe.items():
            own, again = (np.array([getattr(one, part) for one in each]) for part in ("clip", "again"))
            rows.append(
                f"| {app} | {name} | {100 * own.mean():.0f} | {(own >= ASKED).sum()} of {len(each)} "
                f"| {100 * again.mean():.0f} | {(again >= ASKED).sum()} of {len(each)} "
                f"| {np.mean([one.listed for one in each]):.0f} |"
            )
    return rows


if __name__ == "__main__":
    main()
