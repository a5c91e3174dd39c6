"""The transparency of VP8 and VP9 video in Matroska and WebM, which is a second stream beside the first.

Source: RFC 9559 (Matroska), AlphaMode and BlockAdditions: a block carries a packet of a video whose luma is the alpha.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

import av
import numpy as np
from av.codec.context import CodecContext
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from takedown_cli.hashing.decoded import Pixels

_CODECS: Final = ("vp8", "vp9")
_ADDITION: Final = "matroska_block_additional"
#: FFmpeg puts the number of the addition before its bytes. Number 1 is alpha.
_NUMBER: Final = (1).to_bytes(8, "big")
#: Planes kept: a frame asks for its own right after its packet was decoded.
_KEPT: Final = 4


class AlphaStream:
    """The second stream of ``stream``, decoded whole: its key frames need not be where those of the first are."""

    def __init__(self, stream: VideoStream) -> None:
        self._first = stream.codec_context
        self._decoder: VideoCodecContext | None = None
        self._planes: dict[int, Pixels] = {}

    def take_note(self, packet: Packet[VideoStream]) -> Packet[VideoStream]:
        """Decode what the packet says of its frame, and return it. What is damaged leaves its frame opaque."""
        if self._first.name in _CODECS and packet.has_sidedata(_ADDITION):
            self._decode_addition(packet)
        return packet

    def _decode_addition(self, packet: Packet[VideoStream]) -> None:
        data = bytes(packet.get_sidedata(_ADDITION))
        if data[: len(_NUMBER)] != _NUMBER:
            return
        if self._decoder is None:
            decoder = CodecContext.create(self._first.name, "r")
            assert isinstance(decoder, VideoCodecContext)
            decoder.options, decoder.thread_count = dict(self._first.options), 1
            self._decoder = decoder
        inner = Packet(data[len(_NUMBER) :])
        inner.pts, inner.time_base = packet.pts, packet.time_base
        with suppress(av.FFmpegError):
            for frame in self._decoder.decode(inner):
                if frame.pts is not None:
                    plane = np.frombuffer(memoryview(frame.planes[0]), np.uint8)
                    rows = plane.reshape(-1, frame.planes[0].line_size)
                    self._planes[frame.pts] = rows[: frame.height, : frame.width].copy()
        while len(self._planes) > _KEPT:
            del self._planes[next(iter(self._planes))]

    def read_alpha(self, frame: VideoFrame) -> Pixels | None:
        """Return H x W, 0 (clear) to 255 (opaque), for a frame of the first stream; None where nothing is known."""
        plane = None if frame.pts is None else self._planes.get(frame.pts)
        return plane if plane is not None and plane.shape == (frame.height, frame.width) else None
