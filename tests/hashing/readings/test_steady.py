"""The readings of a video's frames: a clip that plays inside a screen, a mirrored one, and frames of another size."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageOps

from takedown_cli.core.model import MATCH_DISTANCE, Fingerprint, Hashed, Media, MediaFile, Recipe
from takedown_cli.fixtures.texture import picture
from takedown_cli.hashing.decoded import Pixels
from takedown_cli.hashing.fingerprint import pdq
from takedown_cli.hashing.hash_media import hash_media
from takedown_cli.hashing.matching import INSIDE, TURNED, distance
from takedown_cli.hashing.readings.steady import LOOKED_AT, MOST, FrameReader
from tests.benchmarks.reposts.layouts import LAYOUTS

WALL = picture(31, (1200, 700))


def shown(number: int) -> Image.Image:
    """Return a frame of a camera that is moved along a wall."""
    return WALL.crop((40 * number, 0, 40 * number + 800, 600))


def captured(number: int) -> Image.Image:
    """Return the same frame in a viewer: what is around it is the same in all of them."""
    return LAYOUTS["google viewer"](shown(number), WALL, np.random.default_rng(4))


def read(frames: list[Pixels]) -> list[Fingerprint]:
    reader = FrameReader()
    found: list[Fingerprint] = []
    for number, pixels in enumerate(frames):
        full = pdq.hash_full(pixels)
        found += reader.read(number, number / 2, pixels, full.coefficients, full.quality)
    return found + reader.finish()


def nearest(found: list[Fingerprint], method: str, number: int) -> int:
    value = pdq.hash_full(np.asarray(shown(number))).value
    return min(distance(item.value, value) for item in found if (item.method, item.frame) == (method, number))


def test_every_frame_of_a_clip_that_plays_in_a_viewer_is_read_as_the_clip() -> None:
    found = read([np.asarray(captured(number)) for number in range(LOOKED_AT + 3)])
    assert max(nearest(found, INSIDE, number) for number in range(LOOKED_AT + 3)) <= MATCH_DISTANCE
    assert len({(item.method, item.variant, item.frame) for item in found}) == len(found)
    assert len({item.variant for item in found if item.method == INSIDE}) <= 2 * MOST
    assert {item.timestamp for item in found if item.frame == 5} == {2.5}


def test_every_frame_of_a_mirrored_clip_is_read_as_the_clip() -> None:
    found = read([np.asarray(ImageOps.mirror(shown(number))) for number in range(3)])
    assert max(nearest(found, TURNED, number) for number in range(3)) <= MATCH_DISTANCE


def test_frames_of_another_size_are_read_without_the_rectangles_of_the_first() -> None:
    frames = [np.asarray(captured(0)), *[np.asarray(captured(0).resize((300, 500)))] * 3]
    found = read(frames)
    assert {item.frame for item in found if item.method == INSIDE} == {0}
    assert {item.frame for item in found if item.method == TURNED} == {0, 1, 2, 3}


def test_a_video_without_frames_and_plain_frames_have_no_readings() -> None:
    assert FrameReader().finish() == []
    assert read([np.full((90, 160, 3), 7, np.uint8), np.full((90, 160), 7, np.uint8)]) == []


def test_a_platform_with_readings_finds_the_frames_of_a_recording_of_a_screen() -> None:
    stream = BytesIO()
    with av.open(stream, "w", format="mp4") as container:
        track = container.add_stream("libx264", rate=2, options={"preset": "ultrafast"})
        track.width, track.height, track.pix_fmt = 540, 960, "yuv420p"
        for number in range(8):
            drawn = captured(number).resize((540, 960))
            container.mux(track.encode(av.VideoFrame.from_ndarray(np.asarray(drawn), format="rgb24")))
        container.mux(track.encode(None))
    data = stream.getvalue()
    found = hash_media(
        BytesIO(data), MediaFile(Path("clip"), len(data), Media.VIDEO, "mp4"), Recipe.of_uploads(readings=True)
    )
    assert isinstance(found, Hashed)
    frames = {item.frame for item in found.fingerprints if item.method == "full"}
    inside = [item for item in found.fingerprints if item.method == INSIDE]
    assert {item.frame for item in inside} == frames == {0, 2, 4, 6}
    assert max(nearest(inside, INSIDE, number) for number in (0, 2, 4, 6)) <= MATCH_DISTANCE
