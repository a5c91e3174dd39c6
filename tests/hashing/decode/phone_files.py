"""Files that hold a picture and a clip, as phones write them, and films under the brands of picture sequences."""

from __future__ import annotations

import io
from collections.abc import Iterator

import av
import numpy as np
from av.video.stream import VideoStream
from PIL import Image
from pillow_heif import register_heif_opener

from takedown_cli.fixtures.texture import picture
from tests.hashing.decode.video_clips import clip

STILL = picture(901, (640, 480))


def saved(image: Image.Image, form: str, quality: int = 88) -> bytes:
    register_heif_opener()
    stream = io.BytesIO()
    image.save(stream, form, quality=quality)
    return stream.getvalue()


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and whole box of a file whose boxes all have their size."""
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 8], data[at : at + size]
        at += size


def box(kind: bytes, body: bytes) -> bytes:
    return (len(body) + 8).to_bytes(4, "big") + kind + body


def film() -> bytes:
    return clip(50, container="mp4")


def streamed_film() -> bytes:
    """The film with its description in front, and its frames in pieces."""
    target = io.BytesIO()
    options = {"movflags": "frag_keyframe+empty_moov"}
    with (
        av.open(io.BytesIO(film()), "r") as source,
        av.open(target, "w", format="mp4", options=options) as container,
    ):
        track = container.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = track
                container.mux(packet)
    return target.getvalue()


def film_behind(head: bytes, whole: bytes | None = None) -> bytes:
    """The film with ``head`` in the place of its ``ftyp`` box, its offsets moved (ISO/IEC 14496-12, 8.7.5)."""
    whole = film() if whole is None else whole
    rest = [(kind, content) for kind, content in boxes(whole) if kind != b"ftyp"]
    moved = len(head) - (len(whole) - sum(len(content) for _, content in rest))
    result = head
    for kind, content in rest:
        changed = bytearray(content)
        if kind == b"moov":
            at = changed.find(b"stco") + 12
            for place in range(at, at + 4 * int.from_bytes(changed[at - 4 : at], "big"), 4):
                offset = int.from_bytes(changed[place : place + 4], "big") + moved
                changed[place : place + 4] = offset.to_bytes(4, "big")
        result += bytes(changed)
    return result


def motion_photo(clip_file: bytes | None = None) -> bytes:
    """A JPEG with its clip directly behind it: Google, Xiaomi, OPPO."""
    return saved(STILL, "JPEG") + (film() if clip_file is None else clip_file)


def samsung_motion_photo() -> bytes:
    """A JPEG, Samsung's mark, the clip, and the directory of what was added."""
    return saved(STILL, "JPEG") + b"\0\0\x30\x0a\x10\0\0\0MotionPhoto_Data" + film() + b"SEFH" + bytes(24) + b"SEFT"


def heic_motion_photo() -> bytes:
    """A HEIC whose last box holds the clip."""
    return saved(STILL, "HEIF") + box(b"mpvd", film())


def burst() -> bytes:
    """A HEIC with one still and a track of frames."""
    return film_behind(saved(STILL, "HEIF"))


def sequence(major: bytes = b"msf1", *brands: bytes) -> bytes:
    """A film under a brand of picture sequences, without stills."""
    return film_behind(box(b"ftyp", major + bytes(4) + b"".join(brands or (b"msf1", b"hevc"))))


def sound() -> bytes:
    """A second of silence, in the container of films."""
    stream = io.BytesIO()
    with av.open(stream, "w", format="mp4") as container:
        track = container.add_stream("aac", rate=16_000)
        frame = av.AudioFrame(format="fltp", layout="mono", samples=1024)
        frame.sample_rate = 16_000
        for number in range(16):
            for plane in frame.planes:
                plane.update(bytes(plane.buffer_size))
            frame.pts = number * 1024
            container.mux(track.encode(frame))
        container.mux(track.encode(None))
    return stream.getvalue()


def sticker(image: Image.Image, codec: str = "libvpx-vp9", pixels: str = "yuva420p", form: str = "webm") -> bytes:
    """A film of ten equal frames that are as transparent as ``image``."""
    stream = io.BytesIO()
    with av.open(stream, "w", format=form) as container:
        track = container.add_stream(codec, rate=10)
        assert isinstance(track, VideoStream)
        track.width, track.height, track.pix_fmt = *image.size, pixels
        track.codec_context.bit_rate = 2_000_000
        if codec.startswith("libvpx"):
            track.codec_context.options = {"auto-alt-ref": "0", "deadline": "realtime", "cpu-used": "8"}
        frame = av.VideoFrame.from_ndarray(np.asarray(image), format="rgba").reformat(format=pixels)
        for number in range(10):
            frame.pts = number
            container.mux(track.encode(frame))
        container.mux(track.encode(None))
    return stream.getvalue()
