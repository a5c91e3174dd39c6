"""Leaves out of a picture file what is not needed for its pixels, for the case that a decoder stumbles over it.

Colour profiles, XMP, text, dates and sizes on paper may be too large, cut, or have a wrong check sum: the picture is
whole all the same. Nothing is unpacked here, and no result is larger than the file.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Final, Literal

#: What changes the pixels, or says how often they move (PNG 3rd ed., 5.6). ``eXIf`` may hold the orientation.
_PNG_KEPT: Final = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"acTL", b"fcTL", b"fdAT"})
_PNG_EXIF: Final = b"eXIf"
#: Segments of a JPEG that show how the colours are coded: JFIF and Adobe. Exif may hold the orientation.
_JPEG_KEPT: Final = frozenset({0xE0, 0xEE})
_JPEG_EXIF: Final = b"Exif\0"
_WEBP_METADATA: Final = {b"ICCP": 0x20, b"EXIF": 0x08, b"XMP ": 0x04}
#: Text, sizes on paper, dates, and the folders and profiles of other programs. All else may be about the pixels.
_TIFF_METADATA: Final = frozenset({
    269, 270, 271, 272, 282, 283, 285, 296, 305, 306, 315, 316, 333, 337, 700, 33432, 33723, 34377, 34665, 34675,
    34853, 37724, 40965, 50341,
})  # fmt: skip
_ENTRY: Final = 12


def strip_metadata(data: bytes) -> Iterator[bytes]:
    """Yield the file without its metadata but for Exif, then without Exif too; nothing where that changes nothing."""
    strip = _find_stripper(data)
    if strip is None:
        return
    last = data
    for with_exif in (True, False):
        stripped = strip(data, with_exif)
        if stripped != last:
            last = stripped
            yield stripped


def _find_stripper(data: bytes) -> Callable[[bytes, bool], bytes] | None:
    if data.startswith(b"\xff\xd8"):
        return _strip_jpeg
    if data.startswith(b"\x89PNG"):
        return _strip_png
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _strip_webp
    return _strip_tiff if data[:4] in (b"II\x2a\0", b"MM\0\x2a") else None


def _strip_jpeg(data: bytes, with_exif: bool) -> bytes:
    parts, at = [data[:2]], 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
        marker, end = data[at + 1], at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        exif = with_exif and marker == 0xE1 and data[at + 4 : at + 9] == _JPEG_EXIF
        if not (0xE0 <= marker <= 0xEF or marker == 0xFE) or marker in _JPEG_KEPT or exif:
            parts.append(data[at:end])
        at = end
    return b"".join((*parts, data[at:]))


def _strip_png(data: bytes, with_exif: bool) -> bytes:
    parts, at = [data[:8]], 8
    while at + 12 <= len(data):
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        body, end = data[at + 4 : at + 8 + size], at + 12 + size
        right = zlib.crc32(body).to_bytes(4, "big")
        if end > len(data) or kind == b"IHDR":
            parts.append(data[at:end])
        elif kind in _PNG_KEPT:
            # Programs that change a chunk do not always renew its check sum.
            parts.append(data[at : at + 4] + body + right)
        elif kind == _PNG_EXIF and with_exif and data[end - 4 : end] == right:
            parts.append(data[at:end])
        at = end
    return b"".join((*parts, data[at:]))


def _strip_webp(data: bytes, with_exif: bool) -> bytes:
    parts, at = [], 12
    while at + 8 <= len(data):
        kind, end = data[at : at + 4], at + 8 + int.from_bytes(data[at + 4 : at + 8], "little")
        end += end % 2
        if kind == b"VP8X":
            dropped = sum(bit for name, bit in _WEBP_METADATA.items() if name != b"EXIF" or not with_exif)
            parts.append(data[at : at + 8] + bytes([data[at + 8] & ~dropped]) + data[at + 9 : end])
        elif kind not in _WEBP_METADATA or (kind == b"EXIF" and with_exif and end <= len(data)):
            parts.append(data[at:end])
        at = end
    body = b"WEBP" + b"".join(parts)
    return data[:4] + len(body).to_bytes(4, "little") + body


def _strip_tiff(data: bytes, with_exif: bool) -> bytes:
    """Take the entries out of the first folder, where it lies; the bytes they point to stay (TIFF 6.0, section 2)."""
    order: Literal["little", "big"] = "little" if data[:2] == b"II" else "big"
    start = int.from_bytes(data[4:8], order)
    first = start + 2
    end = first + int.from_bytes(data[start:first], order) * _ENTRY
    entries = [data[at : at + _ENTRY] for at in range(first, end, _ENTRY)]
    kept = [entry for entry in entries if int.from_bytes(entry[:2], order) not in _TIFF_METADATA]
    if with_exif or end + 4 > len(data):
        return data  # the orientation is an entry of its own, which always stays
    folder = len(kept).to_bytes(2, order) + b"".join(kept) + data[end : end + 4]
    return data[:start] + folder + data[start + len(folder) :]
