"""Pictures and a clip that carry marks wherever a format lets one write something: the marks may never come out again.

Each mark is really in the file, in the clear.
It does not change the pixels: two files with other marks show the very same picture.
"""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import av
import numpy as np
import pillow_heif

from takedown_cli.fixtures.texture import picture

pillow_heif.register_heif_opener()


def jpeg(seed: int, mark: bytes = b"") -> bytes:
    """EXIF (without orientation), XMP, a comment and an unknown segment around the same scan."""
    out = io.BytesIO()
    picture(seed, (320, 240)).save(out, "JPEG", quality=88)
    plain = out.getvalue()
    if not mark:
        return plain
    exif = b"Exif\0\0" + _exif(mark)
    xmp = b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + mark + b"</x:xmpmeta>"
    segments = ((0xE1, exif), (0xE1, xmp), (0xFE, mark), (0xED, b"Photoshop 3.0\0" + mark), (0xEB, mark))
    added = b"".join(b"\xff" + bytes([kind]) + struct.pack(">H", len(data) + 2) + data for kind, data in segments)
    return plain[:2] + added + plain[2:] + mark


def _exif(mark: bytes) -> bytes:
    """A TIFF directory with make, artist, date and copyright, big-endian."""
    text = mark + b"\0"
    tags = (0x010F, 0x0132, 0x013B, 0x8298)
    start = 8 + 2 + 12 * len(tags) + 4
    entries = b"".join(struct.pack(">HHII", tag, 2, len(text), start) for tag in tags)
    return b"MM\0\x2a\0\0\0\x08" + struct.pack(">H", len(tags)) + entries + bytes(4) + text


def png(seed: int, mark: bytes = b"") -> bytes:
    """A text chunk, a compressed one's neighbour, EXIF, a time, and bytes behind the end."""
    out = io.BytesIO()
    picture(seed, (320, 240)).save(out, "PNG")
    plain = out.getvalue()
    if not mark:
        return plain
    chunks = ((b"tEXt", b"Author\0" + mark), (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + mark), (b"eXIf", _exif(mark)),
              (b"tIME", b"\x07\xd0\1\1\1\1\1"), (b"prVt", mark))  # fmt: skip
    added = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return plain[:33] + added + plain[33:] + mark


def others(mark: bytes) -> dict[str, bytes]:
    """The formats whose writers take the marks: name of the file → bytes."""
    image, text = picture(40, (320, 240)), mark.decode("ascii")
    exif = b"Exif\0\0" + _exif(mark)
    made = {}
    for name, form, options in (
        ("c.webp", "WEBP", {"exif": exif, "xmp": mark}),
        ("d.tif", "TIFF", {"description": text, "artist": text, "software": text}),
        ("e.gif", "GIF", {"comment": mark}),
        ("f.heic", "HEIF", {"exif": exif, "xmp": mark}),
        ("g.avif", "AVIF", {"exif": exif, "xmp": mark}),
    ):
        out = io.BytesIO()
        image.save(out, form, **options)
        made[name] = out.getvalue()
    made["h.mp4"] = clip(text)
    return made


def clip(text: str) -> bytes:
    """A second of film with a title, an author and a comment."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        for field in ("title", "artist", "comment"):
            container.metadata[field] = text
        track = container.add_stream("mpeg4", rate=5)
        assert isinstance(track, av.VideoStream)
        track.width, track.height, track.pix_fmt = 320, 240, "yuv420p"
        for number in range(5):
            pixels = np.asarray(picture(50 + number // 3, (320, 240)))
            container.mux(track.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(track.encode(None))
    return out.getvalue()


def write_all(folder: Path, mark: bytes) -> None:
    """A picture of every format with ``mark`` in it, and in its name."""
    folder.mkdir(parents=True, exist_ok=True)
    name = mark.decode("ascii")
    for file, data in {"a.jpg": jpeg(38, mark), "b.png": png(39, mark), **others(mark)}.items():
        assert mark in data, file
        (folder / f"{name}-{file}").write_bytes(data)
