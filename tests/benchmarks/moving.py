"""Clips with a camera that moves as people's do: held in the hand, panned, zoomed, walked with; and scenes that change.

Path, phase and speed are drawn at random for each clip, within what its kind names.
It does not look at a fingerprint, nor know which frames of a clip are listed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream
from PIL import Image, ImageDraw

from tests.benchmarks.pictures import Scene

Rng = np.random.Generator
#: Where the camera looks at a moment: middle (shares of the scene beyond what is seen, -1 to 1), zoom, degrees.
View = tuple[float, float, float, float]
Track = Callable[[float], View]

RATE, SECONDS = 30, 8
#: Frames between key frames, and whether frames are coded out of order: a phone, an editor's export, a messenger.
CODED = ((30, False), (120, True), (240, True))
SIZES = ((854, 480), (1280, 720), (1920, 1080), (720, 1280))
#: Of a scene the camera sees so much, either way.
_SEEN = 0.66


@dataclass(frozen=True, slots=True)
class Clip:
    """One clip to make: ``kind`` of ``KINDS``, its scenes, number (the seed), size, key frames and order of coding."""

    kind: str
    scenes: tuple[Scene, ...]
    number: int
    size: tuple[int, int]
    group: int
    reordered: bool


def _waves(rng: Rng, amount: float, lowest: float, highest: float) -> Callable[[float], float]:
    """A sum of five waves of random phase, ``amount`` at most, between two frequencies (a second)."""
    frequency = np.exp(rng.uniform(math.log(lowest), math.log(highest), 5))
    phase, weight = rng.uniform(0, 2 * math.pi, 5), rng.uniform(0.3, 1, 5)
    weight *= amount / weight.sum()
    return lambda t: float(np.sum(weight * np.sin(2 * math.pi * frequency * t + phase)))


def _tripod(rng: Rng) -> Track:
    return lambda t: (0.0, 0.0, 1.0, 0.0)


def _held(rng: Rng, amount: float = 1.0) -> Track:
    """A hand's unrest: 3 % of the picture's width and 1.5 degrees at ``amount`` 1."""
    x, y, z, a = (_waves(rng, amount * most, 0.3, 3) for most in (0.09, 0.09, 0.015, 1.5))
    return lambda t: (x(t), y(t), 1 + z(t), a(t))


def _walked(rng: Rng) -> Track:
    drift, unrest = _panned(rng, 0.03, 0.08), _held(rng, 2.0)
    return lambda t: (drift(t)[0] + unrest(t)[0], unrest(t)[1], unrest(t)[2] * (1 + 0.01 * t), unrest(t)[3])


def _panned(rng: Rng, least: float = 0.05, most: float = 0.25) -> Track:
    """From one side to the other: ``least`` to ``most`` of the picture's width a second, and back where it ends."""
    speed, start = 3 * float(rng.uniform(least, most)), float(rng.uniform(-1, 1))
    slope = float(rng.uniform(-0.3, 0.3))

    def path(t: float) -> View:
        x = abs((start + speed * t + 3) % 4 - 2) - 1
        return (x, slope * x, 1.0, 0.0)

    return path


def _zoomed(rng: Rng) -> Track:
    """In or out by 2 to 10 % a second, as slide shows do, with a slow drift."""
    rate, inwards = float(rng.uniform(0.02, 0.10)), bool(rng.integers(2))
    x, y = rng.uniform(-0.5, 0.5, 2)
    return lambda t: (x, y, math.exp(-rate * (t if inwards else SECONDS - t)) * 1.3, 0.0)


#: Kind → path of the camera, seconds a scene lasts, and whether something large moves in front.
KINDS: dict[str, tuple[Callable[[Rng], Track], float, bool]] = {
    "on a tripod": (_tripod, SECONDS, False),
    "held in the hand": (_held, SECONDS, False),
    "walked with": (_walked, SECONDS, False),
    "panned": (_panned, SECONDS, False),
    "zoomed": (_zoomed, SECONDS, False),
    "cut every 1.3 s, held": (_held, 1.3, False),
    "somebody moves, tripod": (_tripod, SECONDS, True),
    "somebody moves, held": (_held, SECONDS, True),
}


def clips(found: list[Scene], each: int) -> list[Clip]:
    """``each`` clips of every kind, of different scenes, sizes and ways of coding."""
    made = []
    for index, kind in enumerate(KINDS):
        for draw in range(each):
            number = index * each + draw
            scenes = tuple(found[(number * 8 + part) % len(found)] for part in range(8))
            made.append(Clip(kind, scenes, number, SIZES[number % 4], *CODED[draw % 3]))
    return made


def write(clip: Clip, path: Path) -> None:
    """Encode the clip as H.264 in MP4."""
    rng = np.random.default_rng([7, clip.number])
    noise = rng.normal(0, 3, (clip.size[1] + 64, clip.size[0] + 64, 1)).astype(np.int8)
    options = {"preset": "veryfast", "g": str(clip.group), "bf": "3" if clip.reordered else "0"}
    if not clip.reordered:
        options["sc_threshold"] = "0"  # a phone has a key frame each second, whatever it sees
    part = path.with_suffix(".part")
    with av.open(str(part), "w", format="mp4") as container:
        track = container.add_stream("libx264", rate=RATE, options=options)
        assert isinstance(track, VideoStream)
        track.width, track.height, track.pix_fmt = *clip.size, "yuv420p"
        for picture in frames(clip, rng):
            top, left = rng.integers(0, 64, 2)
            grain = noise[top : top + clip.size[1], left : left + clip.size[0]]
            pixels = np.clip(np.asarray(picture).astype(np.int16) + grain, 0, 255).astype(np.uint8)
            container.mux(track.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(track.encode(None))
    part.replace(path)


def frames(clip: Clip, rng: Rng) -> Iterator[Image.Image]:
    """The frames before encoding."""
    path_of, lasts, moves = KINDS[clip.kind]
    path, scene, wide = path_of(rng), -1, None
    walk = _waves(rng, 0.45, 0.1, 0.6), _waves(rng, 0.1, 0.3, 1.5)
    for number in range(RATE * SECONDS):
        when = number / RATE
        if wide is None or int(when / lasts) != scene:
            scene = int(when / lasts)
            wide = _fitted(clip.scenes[scene % len(clip.scenes)], clip.size)
        shown = _seen(wide, clip.size, path(when))
        yield _somebody(shown, walk[0](when), walk[1](when)) if moves else shown


def _fitted(scene: Scene, size: tuple[int, int]) -> Image.Image:
    """The scene cut to the shape of the clip, so large that the camera can move in it."""
    picture = scene.load()
    width, height = round(size[0] / _SEEN), round(size[1] / _SEEN)
    scale = max(width / picture.width, height / picture.height)
    large = picture.resize(
        (math.ceil(picture.width * scale), math.ceil(picture.height * scale)), Image.Resampling.BICUBIC
    )
    left, top = (large.width - width) // 2, (large.height - height) // 2
    return large.crop((left, top, left + width, top + height))


def _seen(wide: Image.Image, size: tuple[int, int], view: View) -> Image.Image:
    """What the camera sees, without a black edge as long as the view stays within the scene."""
    x, y, zoom, degrees = view
    (width, height), turn = size, math.radians(degrees)
    cosine, sine = zoom * math.cos(turn), zoom * math.sin(turn)
    middle_x = wide.width / 2 + x * (wide.width - width) / 2
    middle_y = wide.height / 2 + y * (wide.height - height) / 2
    across = (cosine, sine, middle_x - cosine * width / 2 - sine * height / 2)
    down = (-sine, cosine, middle_y + sine * width / 2 - cosine * height / 2)
    return wide.transform(size, Image.Transform.AFFINE, (*across, *down), Image.Resampling.BILINEAR)


def _somebody(picture: Image.Image, across: float, up: float) -> Image.Image:
    """A head and shoulders that walk to and fro, a third of the picture's height wide."""
    width, height = picture.size
    x, y, r = width * (0.5 + across), height * (0.55 + up), height * 0.17
    out = picture.copy()
    draw = ImageDraw.Draw(out)
    draw.ellipse((x - 1.6 * r, y + 0.8 * r, x + 1.6 * r, y + 5 * r), fill=(70, 60, 110))
    draw.ellipse((x - r, y - 1.2 * r, x + r, y + 1.2 * r), fill=(205, 160, 135))
    return out
