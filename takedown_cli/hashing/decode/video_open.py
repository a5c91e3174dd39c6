"""A video behind an open stream, opened with PyAV behind allowlists of containers and decoders.

Nothing but the given stream is read, whatever the content asks for, and nothing but the listed demuxers and decoders
runs.
"""

from __future__ import annotations

import io
import struct
import time
from typing import BinaryIO, Final

import av

# PyAV loads these at the first stream of their kind, which a locked-down process may not.
import av.audio.stream
import av.subtitles.stream
from av.container import InputContainer
from av.stream import Discard, Disposition
from av.video.stream import VideoStream

from takedown_cli.core.model import Limits
from takedown_cli.core.reasons import Reason

#: libavformat demuxers: MP4/MOV/3GP, Matroska/WebM, AVI, MPEG program and transport streams, MPEG elementary video.
DEMUXERS: Final = ("mov", "mp4", "m4a", "3gp", "3g2", "mj2", "matroska", "webm", "avi", "mpeg", "mpegts", "mpegvideo")
#: libavcodec decoders: H.264, H.265, AV1, VP8, VP9, MPEG-1/2/4 (with its older relatives), H.263, MJPEG, ProRes.
DECODERS: Final = (
    "h264", "hevc", "libdav1d", "vp8", "vp9", "mpeg1video", "mpeg2video", "mpeg4",
    "msmpeg4", "msmpeg4v2", "h263", "mjpeg", "prores",
)  # fmt: skip
_READ_BYTES = 1 << 18
# Decoders check the coded size, which is the picture's rounded up to whole blocks.
_CODED_SLACK = 1.1
# While probing, what is over the limit has to be let through, so that it does not look like damage; what is far over
# does not.
_PROBE_SLACK = 4.0


class Late(Exception):  # noqa: N818 - not an error of the program
    """The deadline passed. Never leaves the video modules."""


class GuardedStream(io.RawIOBase):
    """The stream as PyAV may see it: nameless, read-only, left open on close, and failing once ``deadline`` passed.

    ``deadline`` is on ``time.monotonic``. ``late`` and ``broken`` are what really happened, because libavformat may
    answer either with any exception, or with an early end of file.
    """

    def __init__(self, stream: BinaryIO, deadline: float) -> None:
        self._stream = stream
        self.deadline = deadline
        self.late = self.broken = False

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        self.check()
        try:
            return self._stream.read(size)
        except OSError:
            self.broken = True
            raise

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def check(self) -> None:
        """Raise Late when the time is over."""
        if time.monotonic() > self.deadline:
            self.late = True
            raise Late


def open_container(guard: GuardedStream, limits: Limits) -> InputContainer:
    """Return the container behind ``guard``, at its start. Raise what PyAV raises."""
    guard.seek(0)
    return av.open(
        guard,
        mode="r",
        container_options={
            "format_whitelist": ",".join(DEMUXERS),
            "codec_whitelist": ",".join(DECODERS),
            "protocol_whitelist": "file",
        },
        options={"max_pixels": str(_max_pixels(limits, _PROBE_SLACK))},
        buffer_size=_READ_BYTES,
        io_open=_refuse_to_open,
    )


def choose_stream(container: InputContainer, limits: Limits, *, first: bool = False) -> VideoStream | Reason:
    """Return the video stream to hash, its decoder set up but not started, or why there is none.

    Of several, the one that players show; with ``first`` the first one, which is what the reference hashes.
    """
    videos = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not videos:
        # A cover picture does not make a video of sound.
        return Reason.NOT_MEDIA if container.streams.audio else Reason.NO_FRAMES
    shown = videos[:1] if first else [s for s in videos if s.disposition & Disposition.default]
    chosen = next(iter(shown), videos[0])
    if getattr(chosen.codec_context, "name", None) not in DECODERS:  # the context is None without a decoder
        return Reason.UNSUPPORTED
    if chosen.width * chosen.height > limits.pixels:
        return Reason.TOO_MANY_PIXELS
    for other in container.streams:
        if other is not chosen:
            other.discard = Discard.all
    chosen.codec_context.options = {"max_pixels": str(_max_pixels(limits, _CODED_SLACK))}
    # The pool already uses every core, one process each; threads inside measured slower (frame) or equal (slice).
    chosen.codec_context.thread_count = 1
    return chosen


def ends_early(stream: BinaryIO, size: int) -> bool:
    """Return whether a Matroska or AVI file is shorter than it says; its demuxer takes that for a normal end.

    Source: RFC 8794 (EBML), sections 4 and 5; RFC 9559 (Matroska), the Segment element; OpenDML 1.02, section 2.
    """
    stream.seek(0)
    head = stream.read(4096)
    if head[:4] == b"RIFF":
        return _riff_ends_early(stream, size)
    if head[:4] != b"\x1a\x45\xdf\xa3":
        return False
    length, at = _read_ebml_size(head, 4)
    at += length or 0
    if head[at : at + 4] != b"\x18\x53\x80\x67":
        return False
    segment, start = _read_ebml_size(head, at + 4)
    return segment is not None and start + segment > size


def _riff_ends_early(stream: BinaryIO, size: int) -> bool:
    """Return the same for AVI, which is one RIFF chunk behind another, a gigabyte or so each."""
    at = 0
    while at + 8 <= size:
        stream.seek(at)
        kind, length = struct.unpack("<4sI", stream.read(8))
        if kind != b"RIFF" or not length:  # a camera that was switched off has written no length
            return False
        at += 8 + length
    return at > size


def _read_ebml_size(data: bytes, at: int) -> tuple[int | None, int]:
    """Return the variable-length size at ``at`` (None if unknown) and where its content starts."""
    if at >= len(data) or data[at] == 0:
        return None, at
    length = 9 - data[at].bit_length()
    value = int.from_bytes(data[at : at + length], "big") & ((1 << 7 * length) - 1)
    return (None if value == (1 << 7 * length) - 1 else value), at + length


def _max_pixels(limits: Limits, slack: float) -> int:
    return min(int(limits.pixels * slack) + 4096, 2**31 - 1)


def _refuse_to_open(url: str, flags: int, options: dict[str, str]) -> object:
    # Demuxers ask for further files here (external references, playlists): there are none.
    raise PermissionError
