"""Explains why no decoder takes a picture file: a kind that is not supported, or a size; else it is damaged.

Saving an unsupported kind as JPEG helps, so a person must not be left to believe that the file is lost.
"""

from __future__ import annotations

import re
from typing import Final

from PIL import TiffImagePlugin

from takedown_cli.core.reasons import Reason
from takedown_cli.hashing.decode.camera_raw import read_first_folder

#: Frame headers of JPEG that are decoded, with 8 bits: Huffman and arithmetic, sequential and progressive.
_READ_FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2, 0xC9, 0xCA})
#: All of them; 0xF7 is that of JPEG-LS. The three left out are tables and extensions.
_FRAMES: Final = frozenset({*range(0xC0, 0xD0), 0xF7}) - {0xC4, 0xC8, 0xCC}
_MOST_SEGMENTS: Final = 256
_BITS, _CODING, _SAMPLES, _SAMPLE_FORMAT = 258, 259, 277, 339
_WEBP: Final = 50001
_READ_BITS: Final = frozenset({0, 1, 2, 4, 8, 16, 32})
_WHOLE_NUMBERS: Final = (0, 1)
#: Bit fields, and a JPEG or PNG inside the bitmap.
_BMP_CODINGS: Final = frozenset({3, 4, 5, 6})
#: Item type in an entry of a HEIF's item information (ISO/IEC 14496-12, 8.11.6), and the codings that are decoded.
_ITEM: Final = re.compile(rb"infe[\2\3].{3}(?:..|....)..(hvc1|av01|avc1|unci|j2k1|jpeg|vvc1|evc1|lhv1|mski)", re.DOTALL)
_READ_ITEMS: Final = frozenset({b"hvc1", b"av01"})
#: The size of a picture in it: four bytes each for width and height (ISO/IEC 23008-12, 6.5.3).
_EXTENT: Final = re.compile(rb"ispe\0\0\0\0(.{4})(.{4})", re.DOTALL)
#: The brands of JPEG 2000 files that are decoded.
_READ_JPEG2000: Final = frozenset({b"jp2 ", b"jpx "})
_HEAD: Final = 1 << 20


def explain_refusal(data: bytes, pixels: int) -> Reason:
    """Return ``UNSUPPORTED``, ``TOO_MANY_PIXELS`` (more than ``pixels``) or ``DAMAGED`` for what nothing decodes."""
    if data.startswith(b"\xff\xd8"):
        return _explain_jpeg(data)
    if data.startswith((b"II\x2a\0", b"MM\0\x2a")):
        return _explain_tiff(data)
    if data.startswith(b"\0\0\0\x0cjP"):
        # Moving JPEG 2000, and pages of several layers.
        return Reason.DAMAGED if data[20:24] in _READ_JPEG2000 else Reason.UNSUPPORTED
    if data.startswith(b"BM") and int.from_bytes(data[14:18], "little") >= 40:
        known = int.from_bytes(data[30:34], "little") not in _BMP_CODINGS
        return Reason.DAMAGED if known else Reason.UNSUPPORTED
    return _explain_heif(data, pixels) if data[4:8] == b"ftyp" else Reason.DAMAGED


def _explain_jpeg(data: bytes) -> Reason:
    at = 2
    for _ in range(_MOST_SEGMENTS):
        head = data[at : at + 5]
        if len(head) < 5 or head[0] != 0xFF:
            break
        if head[1] in _FRAMES:
            return Reason.DAMAGED if head[1] in _READ_FRAMES and head[4] == 8 else Reason.UNSUPPORTED
        at += 2 + int.from_bytes(head[2:4], "big")
    return Reason.DAMAGED


def _explain_tiff(data: bytes) -> Reason:
    folder = read_first_folder(data)
    odd = folder.get(_SAMPLE_FORMAT, 1) not in _WHOLE_NUMBERS and folder.get(_SAMPLES, 1) > 1
    bits = folder.get(_BITS, 1)
    odd = odd or bits not in _READ_BITS or (bits == 32 and folder.get(_SAMPLES, 1) > 1)
    # Floating-point values of 16 bits; and WebP, for which Pillow's libtiff is built without a decoder.
    odd = odd or (bits == 16 and folder.get(_SAMPLE_FORMAT, 1) not in _WHOLE_NUMBERS)
    coding = folder.get(_CODING, 1)
    odd = odd or coding not in TiffImagePlugin.COMPRESSION_INFO or coding == _WEBP
    return Reason.UNSUPPORTED if folder and odd else Reason.DAMAGED


def _explain_heif(data: bytes, pixels: int) -> Reason:
    head = data[:_HEAD]
    extents = (int.from_bytes(width, "big") * int.from_bytes(height, "big") for width, height in _EXTENT.findall(head))
    if max(extents, default=0) > pixels:
        return Reason.TOO_MANY_PIXELS
    items = set(_ITEM.findall(head))
    if items and not items & _READ_ITEMS:
        return Reason.UNSUPPORTED
    kinds = _list_boxes(data)
    return Reason.UNSUPPORTED if b"moov" in kinds and b"meta" not in kinds else Reason.DAMAGED


def _list_boxes(data: bytes) -> set[bytes]:
    kinds, at = set[bytes](), 0
    while at + 8 <= len(data) and len(kinds) < _MOST_SEGMENTS:
        size = int.from_bytes(data[at : at + 4], "big")
        kinds.add(data[at + 4 : at + 8])
        size = int.from_bytes(data[at + 8 : at + 16], "big") if size == 1 else size
        if size < 8:
            break
        at += size
    return kinds
