"""Kinds that nothing here decodes: never called damaged, for saving them as JPEG helps; what is damaged stays so."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from takedown_cli.core.model import Limits
from takedown_cli.core.reasons import Reason
from takedown_cli.fixtures.texture import picture
from takedown_cli.hashing.decode.image import decode_pictures
from takedown_cli.hashing.decoded import End
from takedown_cli.hashing.discover.sniff import sniff
from tests.hashing.decode.picture_zoo import bmp, saved
from tests.hashing.decode.video_clips import clip

SAMPLE = picture(70, (320, 240))


def why(data: bytes) -> Reason | None:
    (end,) = decode_pictures(data, Limits())
    assert isinstance(end, End)
    return end.failed


def with_frame(marker: int, bits: int) -> bytes:
    """A JPEG whose frame header claims another process or depth."""
    data = bytearray(saved(SAMPLE, "JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 1], data[at + 4] = marker, bits
    return bytes(data)


@pytest.mark.parametrize(
    ("marker", "bits"), [(0xC0, 12), (0xC1, 12), (0xC2, 12), (0xC3, 8), (0xC3, 16), (0xC7, 8), (0xCB, 8), (0xF7, 8)]
)
def test_a_jpeg_of_another_depth_or_process_was_called_damaged(marker: int, bits: int) -> None:
    assert why(with_frame(marker, bits)) is Reason.UNSUPPORTED


def tiff(bits: int, samples: int, form: int, coding: int = 1) -> bytes:
    body = np.asarray(SAMPLE.convert("L")).tobytes() * samples * max(1, bits // 8)
    entries = [
        (256, 3, 1, 320), (257, 3, 1, 240), (258, 3, samples, bits if samples <= 2 else 8), (259, 3, 1, coding),
        (262, 3, 1, 2 if samples == 3 else 1), (273, 4, 1, 1024), (277, 3, 1, samples), (278, 3, 1, 240),
        (279, 4, 1, len(body)), (339, 3, samples, form if samples <= 2 else 14),
    ]  # fmt: skip
    folder = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    lists = struct.pack("<3H", *[bits] * 3) + struct.pack("<3H", *[form] * 3)
    head = b"II*\0" + struct.pack("<I", 20) + lists + struct.pack("<H", len(entries)) + folder + bytes(4)
    return head.ljust(1024, b"\0") + body


@pytest.mark.parametrize(
    ("bits", "samples", "form", "coding"),
    [(32, 3, 3, 1), (16, 3, 3, 1), (16, 1, 3, 1), (64, 1, 3, 1), (24, 1, 1, 1), (8, 1, 1, 34887), (8, 3, 1, 50001)],
)
def test_a_tiff_of_floats_or_of_an_odd_coding_was_called_damaged(
    bits: int, samples: int, form: int, coding: int
) -> None:
    assert why(tiff(bits, samples, form, coding)) is Reason.UNSUPPORTED


def test_a_bitmap_of_odd_bit_fields_was_called_damaged() -> None:
    lines = [bytes(2 * 64)] * 48
    masks = struct.pack("<4I", 0x00F0, 0x0F00, 0xF000, 0)
    assert why(bmp(lines, (64, 48), 16, coding=3, extra=masks)) is Reason.UNSUPPORTED


def heif(kind: bytes, width: int = 320, height: int = 240) -> bytes:
    def box(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", 8 + len(body)) + name + body

    item = box(b"infe", b"\2\0\0\0" + b"\0\1\0\0" + kind + b"\0")
    extent = box(b"ispe", bytes(4) + struct.pack(">II", width, height))
    meta = box(b"meta", bytes(4) + box(b"iinf", bytes(4) + b"\0\1" + item) + box(b"iprp", box(b"ipco", extent)))
    return box(b"ftyp", b"mif1\0\0\0\0mif1heic") + meta + box(b"mdat", bytes(99))


@pytest.mark.parametrize("kind", [b"avc1", b"unci", b"j2k1", b"vvc1"])
def test_a_heif_of_another_coding_was_called_damaged(kind: bytes) -> None:
    assert why(heif(kind)) is Reason.UNSUPPORTED
    assert why(heif(b"hvc1")) is Reason.DAMAGED


def test_a_heif_that_only_claims_to_be_large_is_refused_for_its_size() -> None:
    assert why(heif(b"hvc1", 17_000, 17_000)) is Reason.TOO_MANY_PIXELS


def test_an_image_sequence_is_not_damaged() -> None:
    film = clip(5, codec="libx265")
    size = int.from_bytes(film[:4], "big")
    assert why(struct.pack(">I", 24) + b"ftypmsf1\0\0\0\0msf1hevc" + film[size:]) is Reason.UNSUPPORTED


def test_jpeg_xr_was_no_picture() -> None:
    assert sniff(b"II\xbc\1\x20\0\0\0" + bytes(range(99))) is Reason.UNSUPPORTED


@pytest.mark.parametrize("fmt", ["JPEG", "TIFF", "BMP", "HEIF", "AVIF", "PNG", "GIF", "WEBP"])
def test_what_is_damaged_stays_so(fmt: str) -> None:
    data = saved(SAMPLE, fmt)
    assert why(data[: len(data) // 12]) is Reason.DAMAGED
    assert why(data[:40]) is Reason.DAMAGED
