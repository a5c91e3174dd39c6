"""The pixels of one decoded frame: RGB as the reference converts it, and the luma plane as it is stored.

It guarantees the reference's colours, whatever the file says of its own.
It must never turn, crop or scale.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

#: How the names of pixel formats begin whose first plane is luma; the exact ones end in neither bits nor byte order.
_LUMA_FIRST = ("yuv4", "yuvj4", "yuva4", "nv12", "nv21", "gray")
_DEEPER = ("le", "be")


class Pixels:
    """Converts frames; what the conversion needs is set up once for all frames of a kind."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def rgb(self, frame: VideoFrame) -> npt.NDArray[np.uint8]:
        """H x W x 3, as the reference calls swscale: BT.601 whatever the file says (up to 26 bits off otherwise)."""
        converted = self._reformatter.reformat(
            frame, format="rgb24", src_colorspace=Colorspace.ITU601, interpolation=Interpolation.AREA, threads=1
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
