"""Finds the clip inside a picture file: behind the picture of a motion photo, or the track beside the stills of a HEIC.

Sources: ISO/IEC 14496-12 (boxes), ISO/IEC 23008-12 (HEIF), and the Motion Photo format 1.0 that Android describes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

_FTYP: Final = b"ftyp"
#: Boxes that a film file consists of. What else follows behind a JPEG belongs to the phone that wrote it.
_OF_FILM: Final = frozenset({
    _FTYP, b"moov", b"mdat", b"free", b"skip", b"wide", b"uuid", b"udta", b"meta", b"moof", b"mfra", b"sidx", b"styp",
    b"pdin", b"prft", b"emsg",
})  # fmt: skip
#: Brands of stills, which phones put behind a picture as well.
_STILLS: Final = frozenset({b"heic", b"heix", b"mif1", b"avif", b"avis", b"jpeg"})
#: The box in which a HEIC carries the clip of a motion photo.
_MOTION_PHOTO: Final = b"mpvd"
_LONGEST_FTYP: Final = 512
#: Places behind a JPEG that look like the beginning of a film, and boxes of one.
_MOST_PLACES: Final = 16
_MOST_BOXES: Final = 4096


def find_clip(data: bytes) -> tuple[bytes, bool] | None:
    """Return the clip in a JPEG or HEIF as a film file, and whether its end is there; None where there is no clip."""
    if data.startswith(b"\xff\xd8"):
        return _find_behind_jpeg(data)
    if data[4:8] != _FTYP or data[8:12] in {b"avif", b"avis"}:  # an AVIF sequence is decoded as an animation
        return None
    boxes = {kind: (start, body, end) for kind, start, body, end in _list_boxes(data, 0)}
    if _MOTION_PHOTO in boxes:
        _, body, end = boxes[_MOTION_PHOTO]
        return data[body:end], end <= len(data)
    if b"moov" not in boxes or b"meta" not in boxes:
        return None
    # Without the stills, FFmpeg sees only the track.
    at = boxes[b"meta"][0] + 4
    return data[:at] + b"free" + data[at + 4 :], max(end for _, _, end in boxes.values()) <= len(data)


def _find_behind_jpeg(data: bytes) -> tuple[bytes, bool] | None:
    at = 2
    for _ in range(_MOST_PLACES):
        at = data.find(_FTYP, at)
        if at < 0:
            return None
        start, length = at - 4, int.from_bytes(data[at - 4 : at], "big")
        at += 4
        if 16 <= length <= _LONGEST_FTYP and length % 4 == 0 and data[at : at + 4] not in _STILLS:
            kinds, end = set[bytes](), start
            for kind, _, _, after in _list_boxes(data, start):
                if kind not in _OF_FILM or (kind == _FTYP and kinds):
                    break
                kinds.add(kind)
                end = after
            if kinds & {b"moov", b"mdat"}:
                return data[start:end], end <= len(data)
    return None


def _list_boxes(data: bytes, at: int) -> Iterator[tuple[bytes, int, int, int]]:
    """Yield kind, start, start of the content, and end of each box; the last end may be behind the data."""
    for _ in range(_MOST_BOXES):
        if at + 8 > len(data):
            return
        size, body = int.from_bytes(data[at : at + 4], "big"), at + 8
        if size == 1:
            size, body = int.from_bytes(data[at + 8 : at + 16], "big"), at + 16
        end = len(data) if size == 0 else at + size
        if end < body:
            return
        yield data[at + 4 : at + 8], at, body, end
        at = end
