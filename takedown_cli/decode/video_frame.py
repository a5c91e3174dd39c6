"""Decoded frames: RGB as the reference converts it, the luma plane as it is stored, and when each is shown.

It guarantees the reference's colours, whatever the file says of its own.
It must never turn, crop or scale.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

#: How the names of pixel formats begin whose first plane is luma; the exact ones end in neither bits nor byte order.
_LUMA_FIRST = ("yuv4", "yuvj4", "yuva4", "nv12", "nv21", "gray")
_DEEPER = ("le", "be")
#: The formats whose name says that the range is full; the reference believes no other word on it.
_FULL = "yuvj"


class Pixels:
    """Converts frames; what the conversion needs is set up once for all frames of a kind."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def rgb(self, frame: VideoFrame) -> npt.NDArray[np.uint8]:
        """H x W x 3, as the reference calls swscale: BT.601 whatever the file says (up to 26 bits off otherwise), and
        the usual range unless the pixel format itself means the full one (up to 4 bits)."""
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

    def luma(self, frame: VideoFrame) -> tuple[npt.NDArray[np.uint8], float]:
        """H x W luma and what its contrast is multiplied by when it becomes RGB: 1, or 255/219 for the usual range.

        The array is a view that is good until the frame is let go.
        """
        name = frame.format.name
        if not name.startswith(_LUMA_FIRST) or name.endswith(_DEEPER):
            frame = self._reformatter.reformat(frame, format="gray", threads=1)
            name = frame.format.name
        plane = frame.planes[0]
        # Planes speak the buffer protocol, which their annotations leave out.
        stored: npt.NDArray[np.uint8] = np.frombuffer(memoryview(plane), np.uint8)
        full = name.startswith(("yuvj", "gray")) or frame.color_range == ColorRange.JPEG
        luma = stored.reshape(-1, plane.line_size)[: frame.height, : frame.width]
        return luma, 1.0 if full else 255 / 219


def timed(
    frames: Iterable[tuple[int, VideoFrame]], tick: float, seconds: float
) -> Iterator[tuple[int, float, VideoFrame]]:
    """Numbered frames with their times, from 0 on: as told (in ticks of ``tick`` seconds) where that leads
    on, else ``seconds`` after the last."""
    origin, last = None, 0.0
    for number, frame in frames:
        told = None if frame.pts is None else frame.pts * tick
        if origin is None:
            origin = told
        ahead = None if told is None or origin is None else told - origin
        last = ahead if ahead is not None and ahead > last else last + seconds * (number > 0)
        yield number, last, frame
