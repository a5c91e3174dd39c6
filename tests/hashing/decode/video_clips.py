"""Small clips, made on the spot: a textured picture that drifts, so that frames a second apart differ."""

from __future__ import annotations

import io
from collections.abc import Callable
from fractions import Fraction
from functools import cache

import av
import numpy as np
import numpy.typing as npt
from av.video.stream import VideoStream

from takedown_cli import fixtures
from takedown_cli.core.model import Limits
from takedown_cli.hashing.decode.video import QuickHash, decode_frames
from takedown_cli.hashing.decoded import End, Frame

SIZE = (160, 120)


def picture(number: int, size: tuple[int, int] = SIZE) -> npt.NDArray[np.uint8]:
    """Frame ``number`` of every clip: H x W x 3, smooth blobs that move."""
    width, height = size
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    shift = number * 0.6
    red = np.sin((x + 3 * shift) / 9) + np.cos((y - shift) / 7)
    green = np.sin((x + y + 2 * shift) / 11) + np.cos((x - 2 * y) / 13)
    blue = np.cos((y + 4 * shift) / 17) * 2
    return ((np.stack([red, green, blue], axis=2) + 2) * 63).clip(0, 255).astype(np.uint8)


def pan(number: int, size: tuple[int, int] = SIZE) -> npt.NDArray[np.uint8]:
    """The same for a camera that is moved over a textured wall, a hundredth of the picture's width a frame."""
    width, height = size
    left = round(number * width / 100) % width
    return _wall(size)[:height, left : left + width]


@cache
def _wall(size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    return np.asarray(fixtures.picture(3, (2 * size[0], size[1])).convert("RGB"))


def clip(
    frames: int = 100,
    *,
    container: str = "mp4",
    codec: str = "libx264",
    rate: int = 25,
    group: int = 25,
    b_frames: int = 0,
    size: tuple[int, int] = SIZE,
    pixels: str = "yuv420p",
    degrees: int = 0,
    first: int = 0,
    still: bool = False,
    draw: Callable[[int, tuple[int, int]], npt.NDArray[np.uint8]] = picture,
) -> bytes:
    """A clip of ``frames`` frames, a key frame every ``group``, shown from tick ``first``, turned by ``degrees``."""
    target = io.BytesIO()
    with av.open(target, "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate)
        assert isinstance(stream, VideoStream)
        context = stream.codec_context
        stream.width, stream.height, stream.pix_fmt = *size, pixels
        context.gop_size, context.max_b_frames, context.bit_rate = group, b_frames, 4_000_000
        if codec == "libx264":
            context.options = {"preset": "ultrafast", "bf": str(b_frames), "sc_threshold": "0"}
        if degrees:
            stream.set_display_rotation(degrees)
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(draw(0 if still else number, size)), format="rgb24")
            frame.pts, frame.time_base = first + number, Fraction(1, rate)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return target.getvalue()


def read(
    data: bytes, mode: str = "gaps", limits: Limits | None = None, quick_hash: QuickHash | None = None
) -> tuple[list[Frame], End]:
    """Return the frames of a clip and the end, which has to be there exactly once and last."""
    values = list(decode_frames(io.BytesIO(data), len(data), mode, limits or Limits(), quick_hash))
    frames = [value for value in values if isinstance(value, Frame)]
    end = values[-1]
    assert isinstance(end, End)
    assert len(frames) == len(values) - 1, "one End, at the end"
    assert (end.failed is None) == bool(frames)
    return frames, end


def decode_plainly(data: bytes) -> list[npt.NDArray[np.uint8]]:
    """Return every frame, decoded by the plainest way there is."""
    with av.open(io.BytesIO(data), "r") as container:
        return [
            np.asarray(
                frame.reformat(
                    format="rgb24",
                    src_colorspace="ITU601",
                    src_color_range="JPEG" if frame.format.name.startswith("yuvj") else "MPEG",
                    interpolation="AREA",
                ).to_ndarray(),
                np.uint8,
            )
            for frame in container.decode(video=0)
        ]
