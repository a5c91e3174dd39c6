"""Small valid files of every format, made in memory by the very libraries that will read them."""

from __future__ import annotations

import io
from functools import cache

import av
import numpy as np
import pillow_heif
from av.container import InputContainer
from PIL import Image

pillow_heif.register_heif_opener()

PICTURES = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF", "HEIF", "JPEG2000")
#: What the sniffer calls it, FFmpeg's muxer, and a codec that it takes.
VIDEOS = (
    ("mp4", "mp4", "mpeg4"),
    ("mov", "mov", "mpeg4"),
    ("3gp", "3gp", "mpeg4"),
    ("mkv", "matroska", "mpeg4"),
    ("webm", "webm", "libvpx"),
    ("avi", "avi", "mpeg4"),
    ("mpeg", "mpeg", "mpeg1video"),
    ("mpeg", "vob", "mpeg2video"),
    ("mpeg", "mpegts", "mpeg2video"),
    ("mpeg", "mpeg2video", "mpeg2video"),
    ("mpeg", "mpeg1video", "mpeg1video"),
)
WHITELIST = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,mpegvideo"


@cache
def picture(form: str) -> bytes:
    """A colourful 64 x 48 picture."""
    out = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    Image.fromarray(noise).resize((64, 48)).save(out, form)
    return out.getvalue()


@cache
def video(muxer: str, codec: str) -> bytes:
    """Ten frames of 176 x 144."""
    out = io.BytesIO()
    with av.open(out, "w", format=muxer) as container:
        stream = container.add_stream(codec, rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 176, 144, "yuv420p"
        for number in range(10):
            pixels = np.full((144, 176, 3), 20 * number, np.uint8)
            pixels[:, : 10 * number + 9] = 255 - 10 * number
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels)))
        container.mux(stream.encode())
    return out.getvalue()


def pillow_reads(data: bytes) -> bool:
    """Whether the picture decoder, with its allowlist, gets any pixels; decoders raise anything."""
    try:
        with Image.open(io.BytesIO(data), formats=PICTURES) as image:
            image.load()
    except Exception:
        return False
    return True


def pyav_reads(data: bytes) -> bool:
    """Whether the video decoder, with its allowlist, gets a frame."""
    try:
        options = {"format_whitelist": WHITELIST, "protocol_whitelist": "file"}
        with av.open(io.BytesIO(data), container_options=options) as container:
            assert isinstance(container, InputContainer)
            return next(iter(container.decode(video=0)), None) is not None
    except Exception:
        return False
