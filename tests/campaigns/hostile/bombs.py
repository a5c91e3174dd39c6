"""Small files that ask for a lot: pixels, frames, time. Each is made in code, in a moment.

Every bomb is a well-formed start of its format, so that it is refused for its size and not as noise.
It does not make a file of more than a few megabytes, sparse ones aside.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
from PIL import Image

from tests.hashing.discover.samples import picture

_PNG = b"\x89PNG\r\n\x1a\n"


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of(width: int, height: int) -> bytes:
    """A black, one-bit PNG whose every row is really there: 2.5 gigapixels in 300 kB."""
    row = b"\0" * (1 + (width + 7) // 8)
    squeezer = zlib.compressobj(9, zlib.DEFLATED, 15, 9, zlib.Z_RLE)
    rows = b"".join(squeezer.compress(row * 1000) for _ in range(height // 1000))
    rows += squeezer.compress(row * (height % 1000)) + squeezer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return _PNG + _chunk(b"IHDR", header) + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")


def png_claims(width: int, height: int) -> bytes:
    """A PNG that claims a size and has nothing to show for it."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return _PNG + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(b"\0" * 100)) + _chunk(b"IEND", b"")


def png_text() -> bytes:
    """A small picture with compressed text that grows to 64 MB."""
    text = b"Comment\0\0" + zlib.compress(b" " * (64 << 20), 9)
    header = struct.pack(">IIBBBBB", 64, 64, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + bytes(range(64)) for _ in range(64)))
    return _PNG + _chunk(b"IHDR", header) + _chunk(b"zTXt", text) + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")


def webp_plain() -> bytes:
    """9000 x 9000 of one colour: 81 MP in about ten kilobytes, and within the pixel limit."""
    out = io.BytesIO()
    Image.new("L", (9000, 9000), 120).convert("RGB").save(out, "WEBP", lossless=True, quality=0, method=0)
    return out.getvalue()


def gif_claims(width: int, height: int, frames: int = 1) -> bytes:
    """A GIF whose logical screen is large and whose frames are one pixel each."""
    frame = b"\x21\xf9\x04\x04\x0a\0\0\0" + b"\x2c\0\0\0\0\1\0\1\0\0" + b"\x02\x02\x44\x01\0"
    screen = struct.pack("<HH", width, height) + b"\x80\0\0" + b"\0\0\0\xff\xff\xff"
    return b"GIF89a" + screen + frame * frames + b"\x3b"


def bmp_claims() -> bytes:
    """A bitmap of 2 billion by 2 billion pixels, and a negative height."""
    return b"BM" + struct.pack("<IHHIIiiHHIIiiII", 70, 0, 0, 54, 40, 2**31 - 1, -(2**31), 1, 24, 0, 16, 0, 0, 0, 0)


def tiff_loop() -> bytes:
    """A TIFF whose next directory is its first one, for ever."""
    tags = ((256, 16), (257, 16), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, 16), (279, 256))
    start = 8 + 256
    body = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    directory = struct.pack("<H", len(tags)) + body + struct.pack("<I", start)
    return b"II\x2a\0" + struct.pack("<I", start) + bytes(range(256)) + directory


def jpeg_scans(scans: int = 2000) -> bytes:
    """A progressive JPEG with thousands of empty scans."""
    out = io.BytesIO()
    Image.effect_noise((640, 640), 90).save(out, "JPEG", progressive=True, quality=30)
    whole = out.getvalue()
    first = whole.index(b"\xff\xda")
    second = whole.index(b"\xff\xda", first + 2)
    return whole[:second] + whole[first:second] * scans + whole[second:]


def video_of(width: int, height: int, frames: int = 1, codec: str = "mpeg4", form: str = "mp4") -> bytes:
    """A grey video of any size the codec can say."""
    out = io.BytesIO()
    with av.open(out, "w", format=form) as container:
        track = container.add_stream(codec, rate=25)
        assert isinstance(track, av.VideoStream)
        track.width, track.height, track.pix_fmt = width, height, "yuvj420p" if codec == "mjpeg" else "yuv420p"
        picture = av.VideoFrame.from_ndarray(np.full((height * 3 // 2, width), 128, np.uint8), format=track.pix_fmt)
        for number in range(frames):
            picture.pts = number
            container.mux(track.encode(picture))
        container.mux(track.encode(None))
    return out.getvalue()


def video_of_key_frames(count: int = 216_000, form: str = "matroska") -> bytes:
    """Two hours of nothing but key frames, each the same hundred bytes."""
    first = io.BytesIO(video_of(64, 64, 1))
    out = io.BytesIO()
    with av.open(first, "r") as source, av.open(out, "w", format=form) as container:
        track = container.add_stream_from_template(source.streams.video[0])
        (data,) = [bytes(packet) for packet in source.demux(video=0) if packet.size]
        for number in range(count):
            packet = av.Packet(data)
            packet.stream, packet.pts, packet.dts, packet.is_keyframe = track, number * 33, number * 33, True
            container.mux(packet)
    return out.getvalue()


def with_clip(clip: bytes) -> bytes:
    """A picture with a clip inside, as a motion photo has it."""
    return picture("JPEG") + clip


def cut_claims() -> bytes:
    """The beginning of a JPEG of the largest size that there is."""
    whole = bytearray(picture("JPEG"))
    at = whole.index(b"\xff\xc0") + 5
    whole[at : at + 4] = b"\xff\xdc\xff\xdc"
    return bytes(whole[: len(whole) * 3 // 4])


def raw_previews(count: int = 5000) -> bytes:
    """A raw file with thousands of previews, each of the largest size that there is, and none with pixels."""
    whole = picture("JPEG")
    head = bytearray(whole[: whole.index(b"\xff\xda") + 14])
    at = head.index(b"\xff\xc0") + 5
    head[at : at + 4] = b"\xff\xdc\xff\xdc"
    return b"FUJIFILMCCD-RAW " + bytes(100) + bytes(head) * count


def jpeg2000_claims() -> bytes:
    """A JPEG 2000 code stream that claims four gigapixels (ISO/IEC 15444-1, A.5.1)."""
    out = io.BytesIO()
    Image.new("RGB", (64, 64), (90, 120, 150)).save(out, "JPEG2000", no_jp2=True)
    whole = bytearray(out.getvalue())
    whole[8:16] = b"\0\0\xff\xff\0\0\xff\xff"
    return bytes(whole)


def zip_of(members: dict[str, bytes]) -> bytes:
    """A ZIP archive of these members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def zip_of_gigabyte() -> bytes:
    """A picture of a gigabyte in one megabyte."""
    return zip_of({"picture.jpg": picture("JPEG") + bytes(1 << 30)})


def zip_inside_zips(depth: int = 20) -> bytes:
    """An archive in an archive in an archive, each twice."""
    data = zip_of({"picture.jpg": picture("JPEG")})
    for _ in range(depth):
        data = zip_of({"1.zip": data, "2.zip": data[:100]})
    return data


def zip_sharing(count: int = 20_000) -> bytes:
    """Many entries of one member (D. Fifield, "A better zip bomb")."""
    one = zip_of({"picture.jpg": picture("JPEG") + bytes(1 << 20)})
    start, end = one.index(b"PK\1\2"), one.index(b"PK\5\6")
    directory = one[start:end] * count
    tail = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, count, count, len(directory), start, 0)
    return one[:start] + directory + tail


def zip_claims() -> bytes:
    """A member of four gigabytes, by its own account, and a directory in which nothing is true."""
    data = bytearray(zip_of({"picture.jpg": picture("JPEG")}))
    at = data.index(b"PK\1\2")
    data[at + 20 : at + 28] = b"\xff\xff\xff\x7f\xff\xff\xff\x7f"
    return bytes(data)


def video_endless(path: Path) -> None:
    """A transport stream that is followed by 2 GB of nothing, without taking the space."""
    with path.open("wb") as stream:
        stream.write(video_of(176, 144, 25, "mpeg2video", "mpegts"))
        stream.truncate(2 << 30)


def heif_tail() -> bytes:
    """A HEIC whose last box claims a petabyte that did not come."""
    out = io.BytesIO()
    Image.new("RGB", (640, 480), (90, 120, 150)).save(out, "HEIF")
    data = out.getvalue()
    at = data.index(b"mdat") - 4
    return data[:at] + b"\0\0\0\1mdat" + (1 << 50).to_bytes(8, "big") + data[at + 8 : -20]


def webp_tail() -> bytes:
    """A WebP whose picture claims two gigabytes that did not come."""
    out = io.BytesIO()
    Image.effect_noise((640, 480), 60).convert("RGB").save(out, "WEBP")
    data = out.getvalue()
    huge = (0x7FFFFFF0).to_bytes(4, "little")
    return data[:4] + huge + data[8:16] + huge + data[20 : len(data) // 2]


def jpeg2000_tail() -> bytes:
    """A cut JPEG 2000 whose part of a tile claims four gigabytes, and whose markers never end."""
    out = io.BytesIO()
    Image.effect_noise((640, 480), 60).save(out, "JPEG2000", no_jp2=True)
    data = bytearray(out.getvalue()[:-9000])
    at = data.index(b"\xff\x90")
    data[at + 6 : at + 10] = b"\xff" * 4
    return bytes(data[:at]) + b"\xff\x64\0\2" * 500_000 + bytes(data[at:])


def jpeg_tail() -> bytes:
    """A JPEG of high quality, cut, and then 64 MB of zeros, which are codes as well."""
    out = io.BytesIO()
    Image.effect_noise((640, 480), 60).save(out, "JPEG", quality=98)
    data = out.getvalue()
    return data[: len(data) // 2] + bytes(64 << 20)


def jpeg_xl_claims() -> bytes:
    """A JPEG XL that claims 2**60 pixels: both sides by two bits that choose their length, and 30 bits."""
    side = 0b11 | ((1 << 30) - 1) << 2
    bits = 0x0AFF | (side << 1 | side << 36) << 16
    return bits.to_bytes(64, "little")


def jpeg_xl_plain(width: int, height: int) -> bytes:
    """One colour, within the pixel limit, in a few hundred bytes; without the extra, the claim only."""
    try:
        from pillow_jxl import Encoder
    except ImportError:
        return jpeg_xl_claims()
    encoder = Encoder(mode="L", lossless=True, effort=1, num_threads=0)
    data: bytes = encoder(bytes(width * height), width, height, jpeg_encode=False)
    return data


#: Name of the file, its maker, and the reasons one of which has to be given; an empty reason: it is hashed.
BOMBS: tuple[tuple[str, Callable[[], bytes], frozenset[str]], ...] = (
    ("2500-megapixels.png", lambda: png_of(50_000, 50_000), frozenset({"too-many-pixels"})),
    ("claims-4-gigapixels.png", lambda: png_claims(65_535, 65_535), frozenset({"too-many-pixels"})),
    ("text.png", png_text, frozenset({"", "damaged", "blank", "tiny", "low-quality"})),
    ("81-megapixels.webp", webp_plain, frozenset({"", "blank"})),
    ("8289x8192.gif", lambda: gif_claims(8289, 8192), frozenset({"", "blank", "damaged"})),
    ("65535x65535.gif", lambda: gif_claims(65_535, 65_535), frozenset({"too-many-pixels"})),
    ("8289x8192-animated.gif", lambda: gif_claims(8289, 8192, 500), frozenset({"time-limit", "frame-limit"})),
    ("100000-frames.gif", lambda: gif_claims(64, 64, 100_000), frozenset({"frame-limit", "blank", "tiny"})),
    ("negative.bmp", bmp_claims, frozenset({"damaged", "too-many-pixels"})),
    ("loop.tif", tiff_loop, frozenset({"", "tiny", "low-quality", "blank", "damaged"})),
    ("scans.jpg", jpeg_scans, frozenset({"", "damaged", "low-quality"})),
    ("67-megapixels.mp4", lambda: video_of(8176, 8176), frozenset({"", "blank"})),
    ("16384x8192.mkv", lambda: video_of(16_384, 8_192, 1, "mjpeg", "matroska"), frozenset({"too-many-pixels"})),
    ("clip-of-67-megapixels.jpg", lambda: with_clip(video_of(8176, 8176)), frozenset({"", "time-limit", "tiny"})),
    ("clip-of-216000-frames.jpg", lambda: with_clip(video_of_key_frames(form="mp4")),
     frozenset({"frame-limit", "time-limit", "tiny"})),
    ("cut-4-gigapixels.jpg", cut_claims, frozenset({"too-many-pixels"})),
    ("previews.raf", raw_previews, frozenset({"too-many-pixels", "damaged", "unsupported"})),
    ("claims-4-gigapixels.j2k", jpeg2000_claims, frozenset({"too-many-pixels"})),
    ("petabyte-behind.heic", heif_tail, frozenset({"truncated", "damaged"})),
    ("gigabytes-behind.webp", webp_tail, frozenset({"truncated", "damaged"})),
    ("gigabytes-behind.j2k", jpeg2000_tail, frozenset({"truncated", "damaged"})),
    ("zeros-behind.jpg", jpeg_tail, frozenset({"truncated"})),
    ("claims-exapixel.jxl", jpeg_xl_claims, frozenset({"too-many-pixels", "unsupported"})),
    ("81-megapixels.jxl", lambda: jpeg_xl_plain(9000, 9000),
     frozenset({"", "blank", "too-much-memory", "unsupported"})),
    ("196-megapixels.jxl", lambda: jpeg_xl_plain(14_000, 14_000),
     frozenset({"blank", "too-much-memory", "unsupported"})),
    ("216000-key-frames.mkv", video_of_key_frames, frozenset({"frame-limit", "blank", "tiny", "time-limit"})),
)  # fmt: skip
#: Archives that are opened (``--archives``): name, maker, and the reasons one of which has to be given.
ARCHIVES: tuple[tuple[str, Callable[[], bytes], frozenset[str]], ...] = (
    ("gigabyte.zip", zip_of_gigabyte, frozenset({"archive-limit"})),
    ("inside.zip", zip_inside_zips, frozenset({"archive"})),
    ("sharing.zip", zip_sharing, frozenset({"damaged"})),
    ("claims.zip", zip_claims, frozenset({"damaged", "archive-limit"})),
    (
        "directory-of-40-megabytes.zip",
        lambda: zip_of({f"{n}{'-' * 60_000}": b"" for n in range(650)}),
        frozenset({"damaged"}),
    ),
    ("100000.zip", lambda: zip_of({str(number): b"x" for number in range(100_000)}), frozenset({"archive-limit"})),
)
