"""Raw files of cameras: the picture that the camera put into them is read, and never a mere thumbnail in silence."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from PIL import Image

from takedown_cli.core.model import Limits
from takedown_cli.core.reasons import Reason
from takedown_cli.core.variants import PREVIEW
from takedown_cli.fixtures.texture import picture
from takedown_cli.hashing.decode.camera_raw import find_preview, is_camera_raw
from takedown_cli.hashing.decode.image import decode_pictures
from takedown_cli.hashing.decoded import End, Picture

SHOWN = picture(61, (960, 640))
THUMBNAIL = picture(62, (160, 120))
SENSOR = np.asarray(SHOWN.convert("L")).astype("<u2") * 16
Folder = dict[int, int | bytes]


def jpeg(source: Image.Image, **options: Any) -> bytes:
    stream = io.BytesIO()
    source.save(stream, "JPEG", **options)
    return stream.getvalue()


def tiff(folders: Sequence[Folder], subfolders: Sequence[Folder] = (), order: str = "<", magic: bytes = b"") -> bytes:
    """A TIFF of folders; the first has the others below it. A value of bytes lies elsewhere and is pointed to."""
    head = magic or (b"II*\0" if order == "<" else b"MM\0*")
    body = b""
    base = 8

    def place(data: bytes) -> int:
        nonlocal body
        body += b"\0" * (len(body) % 2)
        at = base + len(body)
        body += data
        return at

    def write(folder: Folder, following: int) -> int:
        entries = b""
        for tag, value in sorted(folder.items()):
            if isinstance(value, bytes):
                kind, count, number = 2, len(value), place(value)
                if tag in (273, 513):
                    kind, count = 4, 1
            else:
                kind, count, number = 4, 1, value
            entries += struct.pack(order + "HHII", tag, kind, count, number)
        return place(struct.pack(order + "H", len(folder)) + entries + struct.pack(order + "I", following))

    starts = [write(folder, 0) for folder in subfolders]
    following = 0
    for number, folder in reversed([*enumerate(folders)]):
        extra: Folder = {}
        if number == 0 and len(starts) == 1:
            extra = {330: starts[0]}
        elif number == 0 and starts:
            extra = {330: place(struct.pack(order + f"{len(starts)}I", *starts))}
        written = write({**folder, **extra}, following)
        if number == 0 and len(starts) > 1:  # so many numbers, not one
            at = body.index(struct.pack(order + "HHII", 330, 4, 1, int(extra[330])))
            body = body[: at + 4] + struct.pack(order + "I", len(starts)) + body[at + 8 :]
        following = written
    return head + struct.pack(order + "I", following) + body


def plain(source: Image.Image, **more: int | bytes) -> Folder:
    pixels = np.asarray(source)
    return {
        256: source.width, 257: source.height, 258: 8, 259: 1, 262: 1, 273: pixels.tobytes(), 277: 1,
        278: source.height, 279: pixels.size,
    }  # fmt: skip


def sensor() -> Folder:
    return {
        254: 0, 256: 960, 257: 640, 258: 16, 259: 1, 262: 32803, 273: SENSOR.tobytes(), 277: 1, 278: 640,
        279: SENSOR.nbytes,
    }  # fmt: skip


def embedded(data: bytes) -> Folder:
    return {254: 1, 259: 6, 513: data, 514: len(data)}


def read(data: bytes, limits: Limits | None = None) -> tuple[list[Picture], End]:
    *pictures, end = decode_pictures(data, limits or Limits())
    assert isinstance(end, End)
    return [item for item in pictures if isinstance(item, Picture)], end


MAKE = b"NIKON CORPORATION\0"
PICTURE = jpeg(SHOWN)
RAW = {
    "NEF": tiff([{**plain(THUMBNAIL.convert("L")), 254: 1, 271: MAKE}], [embedded(PICTURE), sensor()], ">"),
    "ARW": tiff([{**embedded(PICTURE), 271: b"SONY\0"}], [sensor()]),
    "ARW without a folder for the sensor": tiff([{**embedded(PICTURE), 271: b"SONY\0"}]),
    "PEF": tiff([{**sensor(), 271: b"PENTAX\0"}, embedded(jpeg(THUMBNAIL)), embedded(PICTURE)], (), ">"),
    "DNG": tiff([{**plain(THUMBNAIL.convert("L")), 254: 1, 50706: 0x0401}], [sensor(), embedded(PICTURE)]),
    "CR2": (b"II*\0\x10\0\0\0CR\2\0\0\0\0\0" + bytes(30) + jpeg(THUMBNAIL) + PICTURE),
    "ORF": tiff([{**plain(THUMBNAIL.convert("L")), 271: b"OLYMPUS\0"}], [embedded(PICTURE)], magic=b"IIRO"),
    "RW2": tiff([{46: PICTURE}], magic=b"IIU\0"),
    "RAF": b"FUJIFILMCCD-RAW 0201FF".ljust(148, b"\0") + PICTURE + SENSOR.tobytes(),
}


@pytest.mark.parametrize("data", RAW.values(), ids=RAW)
def test_camera_raw_was_hashed_from_a_thumbnail_or_called_damaged(data: bytes) -> None:
    (found,), end = read(data)
    assert (found.variant, found.width, found.height, end) == (PREVIEW, 960, 640, End())
    assert np.array_equal(found.stored, np.asarray(Image.open(io.BytesIO(PICTURE))))


def test_a_thumbnail_alone_is_not_the_picture() -> None:
    barred = plain(THUMBNAIL.convert("L"))
    for data in (
        tiff([{**barred, 254: 1, 271: MAKE}], [sensor()]),
        tiff([{**barred, 254: 1, 271: MAKE}], [sensor(), embedded(jpeg(THUMBNAIL))]),
        tiff([{**sensor(), 50706: 0x0401}]),
        b"FUJIFILMCCD-RAW 0201FF".ljust(148, b"\0") + SENSOR.tobytes(),
    ):
        assert is_camera_raw(data)
        assert read(data) == ([], End(failed=Reason.UNSUPPORTED))


def test_the_small_picture_of_a_converter_is_better_than_nothing() -> None:
    small = SHOWN.resize((256, 171)).convert("L")
    (found,), end = read(tiff([{**plain(small), 254: 1, 50706: 0x0401}], [sensor()]))
    assert (found.variant, found.width, end) == (PREVIEW, 256, End())


@pytest.mark.parametrize("inside", [None, 8])
def test_a_preview_is_turned_as_it_says_itself_or_else_as_the_raw_file_says(inside: int | None) -> None:
    exif = Image.Exif()
    if inside:
        exif[274] = inside
    data = tiff([{**embedded(jpeg(SHOWN, exif=exif)), 271: b"SONY\0", 274: 6}], [sensor()])
    (found,), _ = read(data)
    assert found.orientation == (inside or 6)


def test_a_tiff_of_a_scanner_is_no_camera_raw() -> None:
    page = plain(SHOWN.convert("L"))
    pages = tiff([{**page, 271: b"EPSON\0"}, page])
    small = tiff([{**page, 271: b"EPSON\0"}], [{**plain(THUMBNAIL.convert("L")), 254: 1}])
    for data in (pages, small, tiff([page])):
        assert not is_camera_raw(data)
        found, _ = read(data)
        assert {item.variant for item in found} == {"upright"}


def test_a_preview_over_the_limit_is_refused_for_its_size() -> None:
    assert read(RAW["NEF"], Limits(pixels=960 * 640 - 1)) == ([], End(failed=Reason.TOO_MANY_PIXELS))


def test_a_raw_file_of_a_thousand_previews_is_not_searched_for_ever() -> None:
    small = jpeg(SHOWN.resize((300, 200)))
    found = find_preview(b"IIRO" + bytes(60) + small * 300 + PICTURE)
    assert found is not None
    assert found.data == small


@pytest.mark.parametrize("length", range(0, 900, 37))
def test_a_short_raw_file_is_no_trouble(length: int) -> None:
    for data in RAW.values():
        if is_camera_raw(data[:length]):
            found = find_preview(data[:length])
            assert found is None or found.data in data


def test_folders_that_point_at_themselves_end() -> None:
    loop = b"II*\0\x08\0\0\0\1\0" + struct.pack("<HHII", 330, 4, 1, 8) + struct.pack("<I", 8)
    assert not is_camera_raw(loop)
