"""Decodes what is left of a picture file whose end is missing or blank.

The file is decoded twice, with different bytes where its end was. What comes out the same both times is real.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from PIL import Image

from takedown_cli.core.reasons import Reason
from takedown_cli.core.variants import CUT
from takedown_cli.hashing.decode import pixels
from takedown_cli.hashing.decode.cut.jpeg2000 import decode_coarse, is_jpeg2000
from takedown_cli.hashing.decoded import End, Picture, Pixels

#: Share of real rows from which the whole picture counts, its missing rows filled with the last real one.
WHOLE_SHARE: Final = 0.85
#: Share of real rows from which the part that is there counts as a crop. Below, it is mostly not the picture.
PART_SHARE: Final = 0.4
#: A run of equal bytes at the end of a file, this long, was never written: half a download, or a cleared sector.
_BLANK_TAIL: Final = 64
#: What stands for the missing end. Their first bits differ; a decoder may refuse some of them.
_FILLS: Final = (b"\0", b"\xa7", b"\x55", b"\x01", b"\x2a")
#: Bytes of filling behind a JPEG: enough to spoil the block row at the cut.
_JPEG_FILL: Final = 256
_END_OF_JPEG: Final = b"\xff\xd9"
#: Segments of a JPEG that are looked at for its first scan.
_MOST_SEGMENTS: Final = 4096
#: The first graphic control extension of a GIF up to its flags, of which the lowest announces a clear colour.
_CLEAR_COLOUR: Final = re.compile(rb"(\x21\xf9\x04)(.)", re.DOTALL)
#: Bytes that are filled at most, as a multiple of those that are there.
_MOST_FILL: Final = 4
#: Rows compared at a time.
_BAND: Final = 64
#: Steps, both ways, of the coarser pictures that come first in interlaced PNG and GIF.
_INTERLACED: Final = (2, 4, 8)
#: Exif orientation: JPEG 2000 is stored as it is shown.
UPRIGHT: Final = 1
Opener = Callable[[io.BytesIO], Image.Image]


def has_blank_end(data: bytes) -> bool:
    """Return whether the file ends before its picture does, with bytes in their place that a decoder takes for it."""
    rest = _strip_blank_tail(data)
    if len(rest) == len(data):
        return False
    if data.startswith(b"\xff\xd8"):
        return _ends_in_scan(rest)
    if data.startswith(b"\x89PNG"):
        return b"IEND" not in rest
    if data[:4] == b"RIFF":
        return 8 + int.from_bytes(data[4:8], "little") > len(rest)
    return data[4:8] == b"ftyp" and _end_of_boxes(rest) > len(rest)


def _ends_in_scan(data: bytes) -> bool:
    """Return whether a JPEG ends in its first scan. Zeros behind that are codes: enough of them make a grey picture."""
    at = 2
    for _ in range(_MOST_SEGMENTS):
        head = data[at : at + 4]
        if len(head) < 4 or head[0] != 0xFF:
            return False
        if head[1] == 0xDA:
            return _END_OF_JPEG not in data[at:]
        # A marker may have further 0xff before it (ITU-T T.81, B.1.1.2).
        at += 1 if head[1] == 0xFF else 2 + int.from_bytes(head[2:], "big")
    return False


def decode_remains(
    data: bytes, open_image: Opener, read_orientation: Callable[[Image.Image], int]
) -> Iterator[Picture | End]:
    """Yield the whole picture, the part that is there (variant ``CUT``), or both; then an ``End``.

    Nothing at all is yielded when too little is left. ``open_image`` has to check the size. Raise what Pillow raises.
    """
    data = _strip_blank_tail(data)
    if is_jpeg2000(data):
        yield from _decode_jpeg2000(data, open_image)
        return
    found = _find_real_part(data, open_image)
    if found is None:
        return
    image, part = found
    orientation = read_orientation(image)
    if image.mode.startswith(("I", "F")) and not part.is_all and part.step == 1:
        # How deep values are reduced depends on all of them, so what fills the end must not be among them.
        top, left = part.rows[0], part.columns[0]
        deep = image.crop((left, top, part.columns[1], part.rows[1]))
        stored = np.zeros((image.height, image.width), np.uint8)
        part.cut_out(stored)[...] = pixels.read_pixels(deep)
    else:
        stored = pixels.read_pixels(image)
    alpha = pixels.read_alpha(image, stored)
    misread = pixels.read_as_misread(image) if part.is_all else None
    whole = Picture(stored, orientation, image.height, image.width, misread, alpha)
    if part.share == 1.0:
        # A coarse picture of an interlaced file, or an unfinished progressive one, is whole but not all of it.
        yield replace(whole, stored=part.cut_out(stored), alpha=None if alpha is None else part.cut_out(alpha))
        # Of several pictures, those behind the first were not tried.
        yield End(partial=None if part.is_all and not _has_more(image) else Reason.TRUNCATED)
        return
    real, clear = part.cut_out(stored), None if alpha is None else part.cut_out(alpha)
    if part.share >= WHOLE_SHARE:
        yield replace(whole, stored=part.fill_up(real), alpha=None if clear is None else part.fill_up(clear))
        clear = None  # the whole is on both backgrounds already
    if part.share >= PART_SHARE:
        yield replace(whole, stored=real, alpha=clear, variant=CUT)
        yield End(partial=Reason.TRUNCATED)


def _has_more(image: Image.Image) -> bool:
    try:
        return int(getattr(image, "n_frames", 1)) > 1
    except Exception:  # counting reads the file up to its end, which is missing
        return True


def _decode_jpeg2000(data: bytes, open_image: Opener) -> Iterator[Picture | End]:
    coarse = decode_coarse(data, open_image)
    if coarse is not None:
        image, height, width = coarse
        stored = pixels.read_pixels(image)
        yield Picture(stored, UPRIGHT, height, width, alpha=pixels.read_alpha(image, stored))
        yield End(partial=Reason.TRUNCATED)


@dataclass(frozen=True, slots=True)
class _Part:
    """The real part of a picture of ``height`` x ``width``: rows and columns, each from and to; or every n-th pixel."""

    height: int
    width: int
    rows: tuple[int, int]
    columns: tuple[int, int]
    step: int = 1
    is_all: bool = False

    @property
    def share(self) -> float:
        lines = (self.rows[1] - self.rows[0]) * (self.columns[1] - self.columns[0])
        return lines / (self.height * self.width)

    def cut_out(self, values: Pixels) -> Pixels:
        return values[self.rows[0] : self.rows[1] : self.step, self.columns[0] : self.columns[1] : self.step]

    def fill_up(self, real: Pixels) -> Pixels:
        """Return the part with its edge repeated: nearer to the whole picture than a plain colour is."""
        around = [(self.rows[0], self.height - self.rows[1]), (self.columns[0], self.width - self.columns[1])]
        return np.pad(real, [*around, *[(0, 0)] * (real.ndim - 2)], mode="edge")


def _strip_blank_tail(data: bytes) -> bytes:
    for blank in (b"\0", b"\xff"):
        rest = data.rstrip(blank)
        if len(data) - len(rest) >= _BLANK_TAIL:
            return rest
    return data


def _find_real_part(data: bytes, open_image: Opener) -> tuple[Image.Image, _Part] | None:
    """Return the loaded picture and which part of it is real; None when it cannot be decoded twice."""
    scans = _Scans(data)
    if not scans.coarse:
        found = _decode_twice([_complete(data, fill) for fill in _FILLS], open_image)
        # Of an AVIF's tiles, one that did not come may come out the same twice: then no row is sure.
        return None if found is not None and found[0].format == "AVIF" and not found[1].is_all else found
    # What fills an unfinished scan would spoil the picture that the scans before it give.
    found = _decode_twice([_complete(data, fill) for fill in _FILLS], open_image) if scans.fine else None
    if found is None or not found[1].is_all:
        found = _decode_twice([data + _END_OF_JPEG] * 2, open_image)
        found = None if found is None else (found[0], replace(found[1], is_all=False))
    return found


def _decode_twice(candidates: Iterable[bytes], open_image: Opener) -> tuple[Image.Image, _Part] | None:
    before: _Lines | None = None
    for number, candidate in enumerate(candidates):
        try:
            image = _load(candidate, 255 * (number % 2), open_image)
        except (MemoryError, Image.DecompressionBombError):
            raise
        except Exception:  # decoders raise nearly anything; another filling may please them
            continue
        lines = _mark_lines(image)
        if before is not None:
            return image, _compare(before, lines, image)
        before = lines
        del image
    return None


def _load(data: bytes, level: int, open_image: Opener) -> Image.Image:
    """Return the picture with what Pillow decodes until it gives up, and ``level`` in all other pixels."""
    image = open_image(io.BytesIO(data))
    bands = len(image.getbands())
    image.im = Image.new(image.mode, image.size, level if bands == 1 else (level,) * bands).im
    tiles = bool(getattr(image, "tile", None))
    try:
        image.load()
    except Exception:
        if not tiles:  # decoded elsewhere, all or nothing
            raise
        # What Pillow has decoded until then stays; without tiles it takes the picture for loaded.
        image.tile = []  # type: ignore[attr-defined]
    return image


# --- what stands for the end ---


def _complete(data: bytes, fill: bytes) -> bytes:
    """Return the file with ``fill`` for what is missing, as far as the format says how much that is."""
    if data.startswith(b"\xff\xd8"):
        return data + fill * _JPEG_FILL + _END_OF_JPEG
    if data.startswith(b"GIF8"):
        # A clear colour fills the first picture before anything is decoded, so that its end would not show.
        return _CLEAR_COLOUR.sub(lambda found: found[1] + bytes([found[2][0] & 0xFE]), data, count=1)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _complete_webp(data, fill)
    if data[4:8] == b"ftyp":
        missing = _end_of_boxes(data) - len(data)
        return data + fill * max(0, min(missing, _MOST_FILL * len(data)))
    return data


def _complete_webp(data: bytes, fill: bytes) -> bytes:
    """Return a WebP whose cut chunk ends with ``fill``, with room to spare, and with sizes that fit."""
    at = 12
    while at + 8 <= len(data):
        kind, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if kind in (b"VP8 ", b"VP8L") and at + 8 + size > len(data):
            more = fill * (2 * (min(size, _MOST_FILL * len(data)) // 2 + 4096))
            body = data[at + 8 :] + more
            body = body[: len(body) // 2 * 2]
            whole = data[12:at] + kind + len(body).to_bytes(4, "little") + body
            return data[:4] + (len(whole) + 4).to_bytes(4, "little") + b"WEBP" + whole
        at += 8 + size + size % 2
    return data


def _end_of_boxes(data: bytes) -> int:
    """Return where the last box of an ISO base media file ends, which may be behind its bytes."""
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        if size < 8:
            break
        at += size
    return at


class _Scans:
    """What the scans of a progressive JPEG add up to (ITU-T T.81, B.2.3 and G.1.1).

    ``coarse``: the first scan of its first colour is over, so the picture is there as a whole. ``fine``: every
    coefficient has been sent, except that the last scan may be unfinished.
    """

    def __init__(self, data: bytes) -> None:
        self.coarse = self.fine = False
        frame = _PROGRESSIVE.search(data) if data[:2] == b"\xff\xd8" else None
        if frame is None:
            return
        missing = dict.fromkeys(data[frame.end() : frame.end() + 3 * frame[1][0] : 3], _ALL_COEFFICIENTS)
        first, begun, at = next(iter(missing), -1), False, frame.end()
        while (marker := _NEXT_MARKER.search(data, at)) is not None:
            self.coarse = self.coarse or begun
            at = marker.end()
            size = int.from_bytes(data[at : at + 2], "big")
            head = data[at + 2 : at + size]
            if marker[0] == b"\xff\xda" and len(head) >= 6:
                colours = head[1 : 1 + 2 * head[0] : 2]
                begun = begun or first in colours
                sent = 0 if head[-1] & 15 else sum(1 << n for n in range(head[-3], min(head[-2], 63) + 1))
                missing.update({colour: missing.get(colour, 0) & ~sent for colour in colours})
            at += size
        self.fine = not any(missing.values())


_PROGRESSIVE: Final = re.compile(rb"\xff[\xc2\xc6\xca\xce]..\x08.{4}([\x01-\x04])", re.DOTALL)
_NEXT_MARKER: Final = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_ALL_COEFFICIENTS: Final = (1 << 64) - 1


# --- what is real ---


@dataclass(frozen=True, slots=True)
class _Lines:
    """Check sums of all rows, of all columns where those may be missing, and of the coarser pictures."""

    rows: list[int]
    columns: list[int]
    coarse: dict[int, int]


def _mark_lines(image: Image.Image) -> _Lines:
    rows: list[int] = []
    columns = [0] * image.width if image.format == "HEIF" else []
    coarse = dict.fromkeys(_INTERLACED if image.format in ("PNG", "GIF") else (), 0)
    # Band by band: two large pictures at a time are too much.
    for top in range(0, image.height, _BAND):
        band = np.ascontiguousarray(image.crop((0, top, image.width, min(top + _BAND, image.height))))
        rows += [zlib.crc32(row.data) for row in band]
        if columns:
            turned = np.ascontiguousarray(band.swapaxes(0, 1))
            columns = [zlib.crc32(turned[at].data, known) for at, known in enumerate(columns)]
        for step, known in coarse.items():
            coarse[step] = zlib.crc32(np.ascontiguousarray(band[::step, ::step]).data, known)
    return _Lines(rows, columns, coarse)


def _compare(one: _Lines, other: _Lines, image: Image.Image) -> _Part:
    """Return the largest part from one edge on that is the same in both."""
    height, width = image.height, image.width
    rows = [a == b for a, b in zip(one.rows, other.rows, strict=True)]
    if all(rows):
        return _Part(height, width, (0, height), (0, width), is_all=True)
    for step, value in one.coarse.items():
        if other.coarse[step] == value:
            return _Part(height, width, (0, height), (0, width), step)
    parts = [_Part(height, width, (0, rows.index(False)), (0, width))]
    if image.format == "BMP":
        parts.append(_Part(height, width, (height - rows[::-1].index(False), height), (0, width)))
    columns = [a == b for a, b in zip(one.columns, other.columns, strict=True)]
    if False in columns:  # a turned HEIC: its last rows are columns, or come first
        parts.append(_Part(height, width, (height - rows[::-1].index(False), height), (0, width)))
        parts.append(_Part(height, width, (0, height), (0, columns.index(False))))
        parts.append(_Part(height, width, (0, height), (width - columns[::-1].index(False), width)))
    return max(parts, key=lambda part: part.share)
