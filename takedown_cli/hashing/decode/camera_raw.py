"""Finds the picture in a camera's raw file: the largest JPEG that the camera or a converter put beside the raw values.

Sources: TIFF 6.0, Adobe DNG 1.7, and the layouts that ExifTool describes. The raw values themselves are not developed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from takedown_cli.core.model import CAMERA_RAW

#: A picture whose long side is shorter only serves a camera's display; often it has black bars.
MIN_SIDE: Final = 256
_TIFF: Final = (b"II\x2a\0", b"MM\0\x2a")
_NEW_SUBFILE, _WIDTH, _HEIGHT, _CODING, _COLOURS, _MAKE, _ORIENTATION = 254, 256, 257, 259, 262, 271, 274
_SUBFOLDERS, _DNG_VERSION = 330, 50706
#: Codings of a first picture that no TIFF of today has, but cameras' previews; colours that only sensors have.
_OLD_JPEG: Final = 6
_SENSOR: Final = frozenset({32803, 34892})
_MOST_FOLDERS: Final = 16
_MOST_ENTRIES: Final = 512
#: Bytes of a value by its type; all others have four or more.
_LENGTHS: Final = {1: 1, 2: 1, 3: 2, 6: 1, 7: 1, 8: 2}
#: JPEGs that are looked at in one file, and the segments of each that are read to find its frame header.
_MOST_JPEGS: Final = 256
_MOST_SEGMENTS: Final = 64
_START_OF_JPEG: Final = re.compile(rb"\xff\xd8\xff[\xc0-\xfe]")
#: Frame headers of the JPEGs that are pictures; lossless ones hold raw values.
_FRAMES: Final = (0xC0, 0xC1, 0xC2)


@dataclass(frozen=True, slots=True)
class Preview:
    """An embedded JPEG: its bytes, and the orientation (Exif, 1 to 8) that the raw file gives to it."""

    data: bytes
    orientation: int


def is_camera_raw(data: bytes) -> bool:
    """Return whether this is a raw file and not a TIFF of a scanner or a program."""
    if data.startswith(CAMERA_RAW):
        return True
    if not data.startswith(_TIFF):
        return False
    if data[8:11] == b"CR\x02":
        return True
    first, *further = _read_folders(data) or [{}]
    if _DNG_VERSION in first or (_COLOURS in first and first[_COLOURS] in _SENSOR):
        return True
    if _MAKE not in first:
        return False
    if any(folder.get(_COLOURS) in _SENSOR for folder in further):
        return True
    size = first.get(_WIDTH, 0) * first.get(_HEIGHT, 0)
    larger = any(folder.get(_WIDTH, 0) * folder.get(_HEIGHT, 0) > size for folder in further)
    return bool(first.get(_NEW_SUBFILE, 0) & 1) and (larger or first.get(_CODING) == _OLD_JPEG)


def find_preview(data: bytes) -> Preview | None:
    """Return the largest embedded JPEG with a long side of ``MIN_SIDE`` or more; None where there is none."""
    best, place = 0, None
    for start, scan, width, height in _find_jpegs(data):
        if max(width, height) >= MIN_SIDE and width * height > best:
            best, place = width * height, (start, scan)
    if place is None:
        return None
    end = data.find(b"\xff\xd9", place[1])
    folders = _read_folders(data)
    turned = folders[0].get(_ORIENTATION, 1) if folders else 1
    return Preview(data[place[0] : end + 2 if end >= 0 else len(data)], turned if 1 <= turned <= 8 else 1)


def read_first_folder(data: bytes) -> dict[int, int]:
    """Return the numbers in the first folder of a TIFF, as tag to (first) value; nothing where there is none."""
    folders = _read_folders(data)
    return folders[0] if folders else {}


def _find_jpegs(data: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Yield start, start of the first scan, width and height of each JPEG of 8 bits and one or three colours."""
    at = 0
    for _ in range(_MOST_JPEGS):
        found = _START_OF_JPEG.search(data, at)
        if found is None:
            return
        start = found.start()
        at = start + 2
        size, segment = (0, 0), start + 2
        for _ in range(_MOST_SEGMENTS):
            marker, length = data[segment + 1 : segment + 2], int.from_bytes(data[segment + 2 : segment + 4], "big")
            if data[segment : segment + 1] != b"\xff" or length < 2 or marker < b"\xc0":
                break
            body = data[segment + 4 : segment + 2 + length]
            segment += 2 + length
            if marker[0] in _FRAMES and len(body) >= 6 and body[0] == 8 and body[5] in (1, 3):
                size = int.from_bytes(body[3:5], "big"), int.from_bytes(body[1:3], "big")
            if marker == b"\xda":
                if all(size):
                    yield start, segment, *size
                    at = segment
                break


def _read_folders(data: bytes) -> list[dict[int, int]]:
    """Return the numbers in the first folder, in those that follow, and in those below, as tag to (first) value."""
    order: Literal["little", "big"] = "big" if data[:2] == b"MM" else "little"
    folders: list[dict[int, int]] = []
    waiting, seen = [int.from_bytes(data[4:8], order)], set[int]()
    while waiting and len(folders) < _MOST_FOLDERS:
        at = waiting.pop(0)
        if at in seen or not 8 <= at <= len(data) - 2:
            continue
        seen.add(at)
        count = min(int.from_bytes(data[at : at + 2], order), _MOST_ENTRIES)
        folder: dict[int, int] = {}
        for entry in range(at + 2, min(at + 2 + 12 * count, len(data) - 11), 12):  # the file may be cut
            tag, kind = (
                int.from_bytes(data[entry : entry + 2], order),
                int.from_bytes(data[entry + 2 : entry + 4], order),
            )
            number = int.from_bytes(data[entry + 4 : entry + 8], order)
            length = _LENGTHS.get(kind, 4)
            start = entry + 8
            if length * number > 4:  # they lie elsewhere
                start = int.from_bytes(data[start : start + 4], order)
            folder[tag] = int.from_bytes(data[start : start + (2 if kind == 3 else 4)], order)
            if tag == _SUBFOLDERS:
                waiting += [
                    int.from_bytes(data[start + 4 * n : start + 4 * n + 4], order)
                    for n in range(min(number, _MOST_FOLDERS))
                ]
        folders.append(folder)
        following = at + 2 + 12 * count
        waiting.append(int.from_bytes(data[following : following + 4], order))
    return folders
