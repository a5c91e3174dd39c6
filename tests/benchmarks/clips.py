"""Videos: our two ways of choosing frames against the ``vpdq`` package at one frame a second, on the same clips.

Both are timed inside a running process, and ``vpdq`` uses as many threads as it likes.
It does not count the making of the clips, nor fewer frames of the reference than it hashes.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import av
import numpy as np

from takedown_cli.core.model import Hashed, Media, MediaFile, Recipe
from takedown_cli.fixtures import picture
from takedown_cli.hashing import hash_media
from tests.benchmarks.measure import NOTHING, Cost, Pairs, Row, clean_environment, cost

MODES = (("default", "gaps", 3.0), ("`--video vpdq`", "vpdq", 1.3))
#: Reads a path a line, answers with the seconds that hashing it took by the clock and on the processor.
_THEIRS = """
import sys, time, vpdq
print("ready", flush=True)
for line in sys.stdin:
    wall, processor = time.perf_counter(), time.process_time()
    vpdq.computeHash(line.rstrip("\\n"), seconds_per_hash=1.0)
    print(time.perf_counter() - wall, time.process_time() - processor, flush=True)
"""


@dataclass(frozen=True, slots=True)
class Style:
    """How a clip is shot and encoded: width, height, seconds, and frames between key frames."""

    name: str
    size: tuple[int, int]
    seconds: int
    group: int


#: A phone's camera, a messenger's copy of it, and an upright clip of an app, with x264's own defaults otherwise.
STYLES = (
    Style("phone 1080p", (1920, 1080), 12, 30),
    Style("messenger 480p", (848, 480), 30, 250),
    Style("upright 720p", (720, 1280), 15, 60),
)
RATE = 30


def make(folder: Path) -> dict[str, Path]:
    """One clip for each style, those that are there already kept."""
    folder.mkdir(parents=True, exist_ok=True)
    clips = {style.name: folder / f"{style.size[0]}x{style.size[1]}.mp4" for style in STYLES}
    for number, style in enumerate(STYLES):
        if not clips[style.name].exists():
            _write(clips[style.name], style, number)
    return clips


def _write(path: Path, style: Style, seed: int) -> None:
    """A camera that drifts over a large picture, with a sensor's noise; a new picture every four seconds."""
    (width, height), margin = style.size, 8 * RATE
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 4, (height + 64, width + 64, 1)).astype(np.int8)
    part = path.with_suffix(".part")
    with av.open(str(part), "w", format="mp4") as container:
        track = container.add_stream("libx264", rate=RATE, options={"preset": "veryfast", "g": str(style.group)})
        track.width, track.height, track.pix_fmt = width, height, "yuv420p"
        for number in range(style.seconds * RATE):
            scene, moment = divmod(number, 4 * RATE)
            if moment == 0:
                drawn = picture(1000 * seed + scene, (width + margin, height + margin))
                wide = np.asarray(drawn.convert("RGB")).astype(np.int16)
            shown = wide[moment : moment + height, 2 * moment : 2 * moment + width]
            top, left = rng.integers(0, 64, 2)
            grained = np.clip(shown + noise[top : top + height, left : left + width], 0, 255).astype(np.uint8)
            container.mux(track.encode(av.VideoFrame.from_ndarray(grained, format="rgb24")))
        container.mux(track.encode(None))
    part.replace(path)


def interpreter(given: str | None) -> str | None:
    """A Python that can import ``vpdq``: the one that was named, ours, or the one on the path."""
    for candidate in (given, sys.executable, shutil.which("python3")):
        if (
            candidate
            and not subprocess.run([candidate, "-c", "import vpdq"], capture_output=True, check=False).returncode
        ):
            return candidate
    return None


def rows(clips: dict[str, Path], python: str | None, rounds: int) -> list[Row]:
    if python is None:
        why = "no vpdq; VPDQ=/path/to/python that can import it"
        return [Row.skipped(f"video, {title}, against `vpdq`", f"≥ {bar:g}×", why) for title, _, bar in MODES]
    process = subprocess.Popen(
        [python, "-c", _THEIRS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=clean_environment()
    )
    with process as vpdq:
        _answer(vpdq)
        return [_row(title, mode, bar, clips, vpdq, rounds) for title, mode, bar in MODES]


def _row(title: str, mode: str, bar: float, clips: dict[str, Path], vpdq: subprocess.Popen[str], rounds: int) -> Row:
    pairs, each = NOTHING, []
    for name, path in clips.items():
        ours, theirs = [], []
        _hash(path, mode)
        for _ in range(rounds):
            ours.append(cost(partial(_hash, path, mode)))
            theirs.append(_their_cost(vpdq, path))
        own = Pairs(tuple(ours), tuple(theirs))
        each.append(f"{name} {1 / own.ratio:.1f}×")
        pairs += own
    detail = f"{', '.join(each)}; ours decodes in one thread and hashes in another, theirs in as many as it takes"
    return Row.faster(f"video, {title}, against `vpdq` at 1 fps", pairs, bar, detail)


def _hash(path: Path, mode: str) -> None:
    with path.open("rb") as stream:
        file = MediaFile(path, path.stat().st_size, Media.VIDEO, "mp4")
        outcome = hash_media.hash_media(stream, file, Recipe(video=mode))
    if not isinstance(outcome, Hashed) or outcome.partial is not None:
        raise SystemExit("a clip was not hashed")


def _their_cost(vpdq: subprocess.Popen[str], path: Path) -> Cost:
    assert vpdq.stdin is not None
    vpdq.stdin.write(f"{path}\n")
    vpdq.stdin.flush()
    wall, processor = _answer(vpdq).split()
    return Cost(float(wall), float(processor))


def _answer(vpdq: subprocess.Popen[str]) -> str:
    assert vpdq.stdout is not None
    line = vpdq.stdout.readline()
    if not line:
        raise SystemExit("vpdq ended")
    return line
