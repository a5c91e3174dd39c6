"""Decoded frames: RGB as the reference converts it, the luma plane as it is stored, which way up, and when shown."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import cast

import numpy as np
from av.buffer import Buffer
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from takedown_cli.hashing.decoded import Pixels

#: How the names of pixel formats begin whose first plane is luma; the exact ones end in neither bits nor byte order.
_LUMA_FIRST = ("yuv4", "yuvj4", "yuva4", "nv12", "nv21", "gray")
_DEEPER = ("le", "be")
#: The formats whose name says that the range is full; the reference believes no other word on it.
_FULL = "yuvj"


class Converter:
    """Converts frames; what the conversion needs is set up once for all frames of a kind."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def to_rgb(self, frame: VideoFrame) -> Pixels:
        """Return H x W x 3, as the reference calls swscale."""
        # BT.601 whatever the file says (up to 26 bits off otherwise), and the studio range unless the pixel format
        # itself means the full one (up to 4 bits).
        named = frame.format.name.startswith(_FULL)
        converted = self._reformatter.reformat(
            frame,
            format="rgb24",
            src_colorspace=Colorspace.ITU601,
            src_color_range=ColorRange.JPEG if named else ColorRange.MPEG,
            interpolation=Interpolation.AREA,
            threads=1,
        )
        return np.asarray(converted.to_ndarray(), np.uint8)

    def to_alpha(self, frame: VideoFrame) -> Pixels | None:
        """Return H x W, 0 (clear) to 255 (opaque), of a frame whose pixels say how transparent they are, else None."""
        if not any(component.is_alpha for component in frame.format.components):
            return None
        converted = self._reformatter.reformat(frame, format="rgba", threads=1)
        return np.asarray(converted.to_ndarray(), np.uint8)[:, :, 3]

    def to_luma(self, frame: VideoFrame) -> tuple[Pixels, float]:
        """Return H x W luma and what its contrast is multiplied by when it becomes RGB: 1, or 255/219 (studio range).

        The array is a view that is good until the frame is let go.
        """
        name = frame.format.name
        if not name.startswith(_LUMA_FIRST) or name.endswith(_DEEPER):
            frame = self._reformatter.reformat(frame, format="gray", threads=1)
            name = frame.format.name
        plane = frame.planes[0]
        # Planes speak the buffer protocol, which their annotations leave out.
        stored: Pixels = np.frombuffer(memoryview(plane), np.uint8)
        full = name.startswith(("yuvj", "gray")) or frame.color_range == ColorRange.JPEG
        luma = stored.reshape(-1, plane.line_size)[: frame.height, : frame.width]
        return luma, 1.0 if full else 255 / 219


def time_frames(
    frames: Iterable[tuple[int, VideoFrame]], tick: float, seconds: float
) -> Iterator[tuple[int, float, VideoFrame]]:
    """Yield numbered frames with their times, from 0 on.

    A time is the file's own (in ticks of ``tick`` seconds) where that leads on, else ``seconds`` after the last.
    """
    origin, last = None, 0.0
    for number, frame in frames:
        own = None if frame.pts is None else frame.pts * tick
        if origin is None:
            origin = own
        ahead = None if own is None or origin is None else own - origin
        last = ahead if ahead is not None and ahead > last else last + seconds * (number > 0)
        yield number, last, frame


def read_orientation(frame: VideoFrame) -> int:
    """Return the Exif orientation (1 to 8) that equals the frame's display matrix; odd angles go to the nearest.

    Source: ISO/IEC 14496-12, 6.2.2 (x' = a x + c y, y' = b x + d y).
    """
    try:
        matrix = cast("Buffer | None", frame.side_data.get("DISPLAYMATRIX"))
    except ValueError:
        # PyAV does not know every kind of side data, and refuses all of it then; the angle alone is enough for quarter
        # turns.
        return {0: 1, 1: 8, 2: 3, 3: 6}[round(frame.rotation / 90) % 4]
    data = b"" if matrix is None else bytes(matrix)
    if len(data) < 36:
        return 1
    a, b, _, c, d = struct.unpack_from("=5i", data)
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return {(False, False): 1, (True, False): 2, (True, True): 3, (False, True): 4}[a < 0, d < 0]
    return {(False, False): 5, (False, True): 6, (True, True): 7, (True, False): 8}[b < 0, c < 0]
