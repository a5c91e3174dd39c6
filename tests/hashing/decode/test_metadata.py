"""Faults in what surrounds the pixels never cost the picture, and nothing in it is unpacked."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from takedown_cli.core.model import Limits
from takedown_cli.core.reasons import Reason
from takedown_cli.fixtures.texture import picture
from takedown_cli.hashing.decode.image import decode_pictures
from takedown_cli.hashing.decode.metadata import strip_metadata
from takedown_cli.hashing.decoded import End, Picture

SAMPLE = picture(23, (320, 240))
LARGE = bytes(range(256)) * 8192


def saved(fmt: str, source: Image.Image = SAMPLE, **options: Any) -> bytes:
    stream = io.BytesIO()
    source.save(stream, fmt, **options)
    return stream.getvalue()


def read(data: bytes) -> tuple[Picture, End]:
    picture, end = decode_pictures(data, Limits())
    assert isinstance(picture, Picture)
    assert isinstance(end, End)
    return picture, end


def chunk(kind: bytes, body: bytes, *, right: bool = True) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body) ^ (not right))


PNG_CHUNKS = {
    "iTXt that unpacks to 2 MB": chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(LARGE)),
    "zTXt that unpacks to 2 MB": chunk(b"zTXt", b"note\0\0" + zlib.compress(LARGE)),
    "zTXt of an odd method": chunk(b"zTXt", b"note\0\7" + zlib.compress(b"x")),
    "iCCP that unpacks to 2 MB": chunk(b"iCCP", b"profile\0\0" + zlib.compress(LARGE)),
    "iCCP of an odd method": chunk(b"iCCP", b"profile\0\5" + zlib.compress(b"x")),
    "iCCP cut": chunk(b"iCCP", b"profile\0\0" + zlib.compress(LARGE)[:50]),
    "tEXt with a wrong check sum": chunk(b"tEXt", b"a\0b", right=False),
    "tIME with a wrong check sum": chunk(b"tIME", bytes(7), right=False),
    "pHYs too short": chunk(b"pHYs", b"\0\0"),
    "pHYs with a wrong check sum": chunk(b"pHYs", bytes(9), right=False),
    "sRGB empty": chunk(b"sRGB", b""),
    "cHRM too short": chunk(b"cHRM", b"\0"),
    "gAMA with a wrong check sum": chunk(b"gAMA", b"\0\0\xb1\x8f", right=False),
    "eXIf with a wrong check sum": chunk(b"eXIf", b"MM\0*\0\0\0\x08\0\0\0\0\0\0", right=False),
    "private with a wrong check sum": chunk(b"prVt", b"x", right=False),
}


@pytest.mark.parametrize("extra", PNG_CHUNKS.values(), ids=PNG_CHUNKS)
@pytest.mark.parametrize("place", ["before the pixels", "behind the pixels"])
def test_a_png_was_damaged_because_of_its_metadata(extra: bytes, place: str) -> None:
    plain = saved("PNG")
    at = 33 if place == "before the pixels" else plain.index(b"IEND") - 4
    found, end = read(plain[:at] + extra + plain[at:])
    assert end == End()
    assert np.array_equal(found.stored, np.asarray(SAMPLE))


def test_transparency_and_orientation_stay_when_metadata_goes() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    source = SAMPLE.convert("P")
    plain = saved("PNG", source, transparency=source.getpixel((100, 100)), exif=exif)
    bad = PNG_CHUNKS["zTXt of an odd method"]
    found, end = read(plain[:33] + bad + plain[33:])
    same, _ = read(plain)
    assert (found.orientation, end) == (6, End())
    assert found.alpha is not None
    assert same.alpha is not None
    assert np.array_equal(found.alpha, same.alpha)


def test_an_animated_png_stays_one_when_metadata_goes() -> None:
    frames = [picture(seed, (64, 48)) for seed in range(4)]
    plain = saved("PNG", frames[0], save_all=True, append_images=frames[1:], duration=50)
    data = plain[:33] + PNG_CHUNKS["iTXt that unpacks to 2 MB"] + plain[33:]
    assert len([item for item in decode_pictures(data, Limits()) if isinstance(item, Picture)]) == 4


def test_faulty_metadata_does_not_hide_that_a_png_is_cut() -> None:
    plain = saved("PNG")
    data = plain[:33] + PNG_CHUNKS["tEXt with a wrong check sum"] + plain[33:]
    *found, end = decode_pictures(data[: len(data) * 9 // 10], Limits())
    assert len(found) == 2
    assert end == End(partial=Reason.TRUNCATED)


def test_a_bomb_in_a_chunk_is_not_unpacked() -> None:
    # 300 MB of zeros in the three chunks that are compressed.
    packed = zlib.compress(bytes(300 << 20), 9)
    plain = saved("PNG")
    bomb = b"".join((
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + packed), chunk(b"zTXt", b"note\0\0" + packed),
        chunk(b"iCCP", b"profile\0\0" + packed),
    ))  # fmt: skip
    tracemalloc.start()
    try:
        found, end = read(plain[:33] + bomb + plain[33:])
        assert tracemalloc.get_traced_memory()[1] < 50 << 20
    finally:
        tracemalloc.stop()
    assert end == End()
    assert np.array_equal(found.stored, np.asarray(SAMPLE))


@pytest.mark.parametrize("marker", [0xE1, 0xE2, 0xED, 0xFE])
@pytest.mark.parametrize(
    "body", [b"", b"Exif\0\0MM", b"ICC_PROFILE\0\1\2", b"MPF\0II*\0\xff\xff\xff\xff", b"Photoshop 3.0\x008BIM\4\4\0"]
)
def test_segments_of_a_jpeg_never_cost_the_picture(marker: int, body: bytes) -> None:
    plain = saved("JPEG")
    data = plain[:2] + bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body + plain[2:]
    found, end = read(data)
    assert end == End()
    assert np.array_equal(found.stored, read(plain)[0].stored)


def test_a_jpeg_keeps_what_tells_its_colours() -> None:
    plain = saved("JPEG", SAMPLE.convert("CMYK"))
    (stripped,) = strip_metadata(plain[:2] + b"\xff\xfe\0\6note" + plain[2:])
    assert b"Adobe" in stripped
    assert b"note" not in stripped


def test_a_webp_that_was_cut_in_its_metadata_is_whole() -> None:
    plain = saved("WEBP", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0", xmp=b"<x/>" * 900, icc_profile=b"p" * 200)
    found, end = read(plain[:-2000])
    assert end == End()
    assert np.array_equal(found.stored, read(plain)[0].stored)


@pytest.mark.parametrize("tag", [270, 271, 305, 306, 700, 34675])
@pytest.mark.parametrize("order", ["little", "big"])
def test_a_tiff_whose_text_lies_outside_the_file_is_whole(tag: int, order: Any) -> None:
    pixels = np.asarray(SAMPLE.convert("L")).tobytes()
    far = 1 << 30
    entries = [
        (256, 4, 1, 320), (257, 4, 1, 240), (258, 4, 1, 8), (259, 4, 1, 1), (262, 4, 1, 1), (tag, 2, 1 << 20, far),
        (273, 4, 1, 1024), (277, 4, 1, 1), (278, 4, 1, 240), (279, 4, 1, len(pixels)),
    ]  # fmt: skip
    head = b"II*\0" if order == "little" else b"MM\0*"
    body = b"".join(
        number.to_bytes(size, order)
        for entry in sorted(entries)
        for number, size in zip(entry, (2, 2, 4, 4), strict=True)
    )
    folder = (8).to_bytes(4, order) + len(entries).to_bytes(2, order) + body + bytes(4)
    found, end = read((head + folder).ljust(1024, b"\0") + pixels)
    assert end == End()
    assert found.stored.tobytes() == pixels


@pytest.mark.parametrize("cut_at", range(0, 400, 7))
@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_short_file_is_no_trouble_for_what_strips_it(fmt: str, cut_at: int) -> None:
    for stripped in strip_metadata(saved(fmt)[:cut_at]):
        assert len(stripped) <= cut_at + 12
