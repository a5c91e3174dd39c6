"""The packets of a video stream, read once without decoding: times, flags, and whether the file stops short."""

from __future__ import annotations

from array import array

import numpy as np
from av.packet import Packet
from av.video.stream import VideoStream

from takedown_cli.hashing.decode.video_plan import Index

_UNKNOWN = -(1 << 63)
#: Presentation times further apart than this are a broken or hostile clock (a century in nanoseconds, nearly).
_LONGEST = 1 << 61


class PacketList:
    """What was read of the packets, 10 bytes of memory each; ``head`` is the first one's showing and decoding time."""

    def __init__(self, stream: VideoStream) -> None:
        self.pts = array("q")
        self.key = bytearray()
        self.shown = bytearray()
        self._last_corrupt = False
        self.head: tuple[int | None, int | None] = (None, None)
        self._last_length = 0
        # AVI counts the gaps in its times as well.
        self._expected = 0 if stream.container.format.name == "avi" else stream.frames
        self._seconds = float(stream.time_base or 0)
        self._hides = stream.codec_context.name == "vp8"

    def __len__(self) -> int:
        return len(self.pts)

    def add(self, packet: Packet[VideoStream]) -> None:
        """Note one packet."""
        if not self.pts:
            self.head = (packet.pts, packet.dts)
        self.pts.append(_UNKNOWN if packet.pts is None else packet.pts)
        self.key.append(packet.is_keyframe)
        # RFC 6386, 9.1: bit 4 of a VP8 frame tag is show_frame; hidden frames come as packets of their own.
        hidden = packet.is_discard or (self._hides and not memoryview(packet)[0] & 0x10)
        self.shown.append(not hidden)
        # One inside is a gap, as where streams were joined: what is behind it is there.
        self._last_corrupt = packet.is_corrupt
        self._last_length = packet.duration or 0

    @property
    def is_truncated(self) -> bool:
        """Whether the container promised more, or the last packet was cut."""
        return self._last_corrupt or len(self) < self._expected

    @property
    def duration(self) -> float | None:
        """Seconds from the first shown frame to the end of the last one, None if the times are unusable."""
        pts = self._shown_times()
        if pts is None or not len(pts):
            return None
        return (int(pts.max()) - int(pts.min()) + self._last_length) * self._seconds or None

    @property
    def rate(self) -> float:
        """Shown frames a second, to three digits after the point; 0 if the times are unusable."""
        pts = self._shown_times()
        if pts is None or len(pts) < 2 or not self._seconds:
            return 0.0
        span = int(pts.max()) - int(pts.min())
        return round((len(pts) - 1) / (span * self._seconds), 3) if span else 0.0

    def make_index(self) -> Index | None:
        """Return the index to plan with; None if times are missing or doubtful, or the first packet is no key frame."""
        pts = self._shown_times()
        if pts is None or not len(pts) or not self.key[0] or not self._seconds:
            return None
        if not np.diff(np.sort(pts)).all():
            return None
        return Index(
            np.array(self.pts, np.int64),
            np.frombuffer(bytes(self.key), np.bool_),
            np.frombuffer(bytes(self.shown), np.bool_),
            self._seconds,
        )

    def _shown_times(self) -> np.ndarray[tuple[int], np.dtype[np.int64]] | None:
        pts = np.array(self.pts, np.int64)[np.frombuffer(bytes(self.shown), np.bool_)]
        if len(pts) and (int(pts.min()) == _UNKNOWN or int(pts.max()) - int(pts.min()) > _LONGEST):
            return None
        return pts
