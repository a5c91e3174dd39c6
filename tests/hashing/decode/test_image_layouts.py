"""Layouts that cameras and scanners write and Pillow's own savers seldom do: the pixels are those of the picture."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageOps

from takedown_cli.core.model import Limits
from takedown_cli.fixtures.texture import picture
from takedown_cli.hashing.decode.image import decode_pictures
from takedown_cli.hashing.decoded import ORIENTATIONS, Picture, turn_upright

SAMPLE = picture(91, (211, 163))


def _saved(source: Image.Image, fmt: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    source.save(stream, fmt, **options)
    return stream.getvalue()


def _tiff(pixels: npt.NDArray[np.generic], pieces: list[bytes], more: dict[int, list[int]]) -> bytes:
    """A TIFF of RGB samples, uncompressed, in ``pieces``; ``more`` are tags of this layout (None of the offsets)."""
    height, width, channels = pixels.shape
    offsets, at = [], 8
    for piece in pieces:
        offsets.append(at)
        at += len(piece)
    tiled = 322 in more
    tags: dict[int, list[int]] = {
        256: [width], 257: [height], 258: [8 * pixels.dtype.itemsize] * channels, 259: [1], 262: [2], 277: [channels],
        (324 if tiled else 273): offsets, (325 if tiled else 279): [len(piece) for piece in pieces], **more,
    }  # fmt: skip
    entries, values = b"", b""
    for tag, numbers in sorted(tags.items()):
        raw = struct.pack(f"<{len(numbers)}I", *numbers)
        field = raw if len(raw) <= 4 else struct.pack("<I", at + len(values))
        values += raw if len(raw) > 4 else b""
        entries += struct.pack("<HHI", tag, 4, len(numbers)) + field
    directory = at + len(values)
    head = b"II*\0" + struct.pack("<I", directory)
    return head + b"".join(pieces) + values + struct.pack("<H", len(tags)) + entries + bytes(4)


def _tiled(side: int) -> bytes:
    pixels = np.asarray(SAMPLE)
    padded = np.pad(pixels, ((0, -pixels.shape[0] % side), (0, -pixels.shape[1] % side), (0, 0)))
    corners = [(y, x) for y in range(0, padded.shape[0], side) for x in range(0, padded.shape[1], side)]
    pieces = [padded[y : y + side, x : x + side].tobytes() for y, x in corners]
    return _tiff(pixels, pieces, {322: [side], 323: [side]})


def _planar() -> bytes:
    pixels = np.asarray(SAMPLE)
    return _tiff(pixels, [pixels[:, :, band].tobytes() for band in range(3)], {278: [pixels.shape[0]], 284: [2]})


def _deep() -> bytes:
    pixels = np.asarray(SAMPLE).astype("<u2") * 257
    return _tiff(pixels, [pixels.tobytes()], {278: [pixels.shape[0]]})


@pytest.mark.parametrize("data", [_tiled(64), _planar(), _deep()], ids=["tiled", "planar", "sixteen-bit"])
def test_a_tiff_in_any_layout_is_the_picture_it_was_made_from(data: bytes) -> None:
    first = next(iter(decode_pictures(data, Limits())))
    assert isinstance(first, Picture)
    assert np.array_equal(first.stored[:, :, :3], np.asarray(SAMPLE))


@pytest.mark.parametrize(
    ("fmt", "options"),
    [
        ("JPEG", {"subsampling": "4:1:1"}), ("JPEG", {"subsampling": "4:4:4"}), ("JPEG", {"keep_rgb": True}),
        ("JPEG", {"restart_marker_blocks": 3}), ("JPEG", {"progressive": True, "restart_marker_rows": 1}),
        ("TIFF", {"compression": "tiff_lzw"}), ("TIFF", {"compression": "packbits"}), ("TIFF", {"compression": "jpeg"}),
        ("AVIF", {"subsampling": "4:4:4"}), ("AVIF", {"subsampling": "4:0:0"}), ("HEIF", {}), ("BMP", {}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("number", [1, 6])
def test_any_coding_gives_pillows_upright_pixels(fmt: str, options: dict[str, Any], number: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = number
    data = _saved(SAMPLE, fmt, exif=exif, **options)
    first = next(iter(decode_pictures(data, Limits())))
    assert isinstance(first, Picture)
    with Image.open(io.BytesIO(data)) as opened:
        expected = np.asarray(ImageOps.exif_transpose(opened).convert("RGB"))
    found = turn_upright(first.stored, ORIENTATIONS[first.orientation])
    assert np.array_equal(found if found.ndim == 3 else np.dstack([found] * 3), expected)
