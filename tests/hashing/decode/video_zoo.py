"""Small clips of the kinds that encoders, cutters and cameras make, by name, as bytes; all are made on the spot."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache, partial

import av
import numpy as np
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream

from tests.hashing.decode.video_clips import clip, pan

SIZE = (160, 120)
RATE = 25


def encoded(
    container: str,
    codec: str,
    pixels: str = "yuv420p",
    *,
    frames: int = 60,
    size: tuple[int, int] = SIZE,
    rate: Fraction | int = RATE,
    ticks: Callable[[int], int] = lambda number: number,
    options: dict[str, str] | None = None,
    colours: Colorspace | None = None,
    full: bool = False,
) -> bytes:
    """A clip of a moving camera; ``ticks`` says when (in 1/``rate`` s) each frame is shown."""
    target = io.BytesIO()
    with av.open(target, "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate, options=options or {})
        assert isinstance(stream, VideoStream)
        context = stream.codec_context
        stream.width, stream.height, stream.pix_fmt = *size, pixels
        context.bit_rate, context.time_base = 2_000_000, 1 / Fraction(rate)
        if colours is not None:
            context.colorspace = colours
        if full:
            context.color_range = ColorRange.JPEG
        for number in range(frames):
            frame = VideoFrame.from_ndarray(np.ascontiguousarray(pan(number, size)), format="rgb24")
            frame = frame.reformat(format=pixels, dst_color_range=ColorRange.JPEG if full else ColorRange.MPEG)
            frame.pts, frame.time_base = ticks(number), 1 / Fraction(rate)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return target.getvalue()


def cut(data: bytes, container: str, first: int, last: int | None = None) -> bytes:
    """The packets ``first`` to ``last`` (in decoding order) of a clip, as a cutter copies them, key frame or not."""
    target = io.BytesIO()
    with av.open(io.BytesIO(data), "r") as source, av.open(target, "w", format=container) as output:
        stream = source.streams.video[0]
        copy = output.add_stream_from_template(stream)
        for packet in _packets(source.demux(stream), first, last):
            packet.stream = copy
            output.mux(packet)
    return target.getvalue()


def _packets(packets: Iterator[Packet[VideoStream]], first: int, last: int | None) -> Iterator[Packet[VideoStream]]:
    for number, packet in enumerate(packets):
        if packet.size and number >= first and (last is None or number < last):
            yield packet


def two_tracks(container: str) -> bytes:
    """Two video tracks of other sizes, the second marked as the one to show."""
    target = io.BytesIO()
    with av.open(target, "w", format=container) as output:
        for size, shown in (((96, 64), False), (SIZE, True)):
            stream = output.add_stream("mpeg4", rate=RATE)
            assert isinstance(stream, VideoStream)
            stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
            stream.disposition = Disposition.default if shown else Disposition(0)
        for number in range(40):
            for stream in output.streams.video:
                picture = np.ascontiguousarray(pan(number, (stream.width, stream.height)))
                frame = VideoFrame.from_ndarray(picture, format="rgb24")
                frame.pts, frame.time_base = number, Fraction(1, RATE)
                output.mux(stream.encode(frame))
        for stream in output.streams.video:
            output.mux(stream.encode(None))
    return target.getvalue()


_X264 = {"preset": "ultrafast"}
_OPEN = {"preset": "veryfast", "g": "30", "bf": "3", "x264-params": "open-gop=1:scenecut=0"}
_REFRESH = {"preset": "veryfast", "g": "50", "x264-params": "intra-refresh=1"}
_X265 = {"preset": "ultrafast", "x265-params": "log-level=none"}
_VPX = {"deadline": "realtime", "cpu-used": "8"}

_CLIPS: dict[str, Callable[[], bytes]] = {
    # pixel formats
    **{
        f"h264 {pixels}": partial(encoded, "mp4", "libx264", pixels, options=_X264)
        for pixels in ("yuv422p", "yuv444p", "yuvj420p", "yuv420p10le", "yuv422p10le", "yuv444p10le", "gray")
    },
    **{
        f"h265 {pixels}": partial(encoded, "mp4", "libx265", pixels, options=_X265, frames=30)
        for pixels in ("yuv420p", "yuv420p10le", "yuv422p10le", "yuv444p12le")
    },
    **{
        f"vp9 {pixels}": partial(encoded, "webm", "libvpx-vp9", pixels, options=_VPX, frames=30)
        for pixels in ("yuv422p", "yuv444p", "yuva420p", "gbrp")
    },
    "av1 yuv420p10le": partial(encoded, "mp4", "libsvtav1", "yuv420p10le", options={"preset": "10"}, frames=30),
    "prores alpha": partial(encoded, "mov", "prores_ks", "yuva444p10le", frames=30),
    # colours, as they are told
    **{
        f"told {colours.name}{' full' if full else ''}": partial(
            encoded, "mp4", "libx264", "yuv420p10le", options=_X264, frames=30, colours=colours, full=full
        )
        for colours in (Colorspace.ITU709, Colorspace.SMPTE240M, Colorspace.FCC)
        for full in (False, True)
    },
    # rates
    "29.97 mpeg": partial(encoded, "mpeg", "mpeg2video", rate=Fraction(30000, 1001), options={"bf": "2"}),
    "23.976 mkv": partial(encoded, "matroska", "libx264", rate=Fraction(24000, 1001), options=_X264),
    "59.94 mp4": partial(encoded, "mp4", "libx264", rate=Fraction(60000, 1001), options=_X264, frames=130),
    "1 a second": partial(encoded, "mp4", "libx264", rate=1, options=_X264, frames=6),
    "one in two seconds": partial(encoded, "matroska", "mpeg4", rate=Fraction(1, 2), frames=4),
    "fields told as frames": partial(encoded, "mpegts", "mpeg1video", frames=80, options={"bf": "2"}),
    "uneven": partial(
        encoded, "mp4", "libx264", options=_X264, rate=100, ticks=lambda number: number * 4 + number * number // 20
    ),
    # starts
    "late start": partial(clip, 60, container="mpegts", first=2500, draw=pan),
    "gaps in the times": partial(encoded, "avi", "mpeg4", ticks=lambda number: number + 5 * (number > 20)),
    # groups
    "open groups": partial(encoded, "mp4", "libx264", options=_OPEN, frames=100),
    "open groups, cut": lambda: cut(encoded("mpegts", "libx264", options=_OPEN, frames=100), "mpegts", 30),
    "intra refresh": partial(encoded, "mp4", "libx264", options=_REFRESH, frames=150),
    "intra refresh ts": partial(encoded, "mpegts", "libx264", options=_REFRESH, frames=150),
    "no key frame first": lambda: cut(encoded("mp4", "mpeg4", options={"g": "50"}, frames=120), "avi", 17),
    "no key frame first mp4": lambda: cut(encoded("mp4", "libx264", options=_OPEN, frames=100), "mp4", 12),
    "key frames only": partial(encoded, "mp4", "libx264", options=_X264 | {"g": "1"}),
    "pyramid": partial(encoded, "mp4", "libx264", options={"preset": "veryfast", "bf": "8", "b_strategy": "2"}),
    # sizes
    "16 x 16": partial(encoded, "mp4", "libx264", size=(16, 16), options=_X264, frames=30),
    "8 x 300": partial(encoded, "mp4", "libx264", size=(8, 300), options=_X264, frames=30),
    "odd": partial(encoded, "webm", "libvpx-vp9", size=(161, 123), options=_VPX),
    # streams
    "two tracks": partial(two_tracks, "mp4"),
    "two tracks mkv": partial(two_tracks, "matroska"),
    "few times": partial(encoded, "vob", "libx264", options={"preset": "veryfast", "bf": "3"}, frames=100),
    "fragments": partial(encoded, "ismv", "libx264", options=_OPEN, frames=75),
    "one frame": partial(encoded, "mp4", "libx264", options=_X264, frames=1),
    "one frame ts": partial(encoded, "mpegts", "mpeg2video", frames=1),
}
NAMES = tuple(_CLIPS)


@cache
def made(name: str) -> bytes:
    """The clip of this name."""
    return _CLIPS[name]()
