"""Decodes JPEG XL with libjxl, where the extra ``jxl`` is installed.

The size is read here first (ISO/IEC 18181-1): the library decodes everything before it says how large the picture is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from takedown_cli.hashing.decode.pixels import reduce_to_eight_bits
from takedown_cli.hashing.decoded import Pixels

try:
    from pillow_jxl import Decoder
except ImportError:  # the extra is not installed, or has no wheel for this machine
    Decoder = None

#: A code stream, and one in boxes (ISO/IEC 18181-2).
BARE: Final = b"\xff\x0a"
BOXED: Final = b"\0\0\0\x0cJXL "
#: What decoding takes at most, in bytes a pixel: measured 8 to 24. Where there is too little, the library aborts.
_BYTES_A_PIXEL: Final = 32
#: Share of the memory limit that is left for it.
_SHARE: Final = 0.75
#: The header is shorter, whatever it holds.
_HEADER: Final = 64
_MOST_BOXES: Final = 256
#: The ratios that stand for a width (ISO/IEC 18181-1, table of the size header).
_RATIOS: Final = ((0, 1), (1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
#: The numbers that two bits choose from: what is added, and how many bits follow.
_SIDES: Final = ((1, 9), (1, 13), (1, 18), (1, 30))
_PREVIEW_SIDES: Final = ((1, 6), (65, 8), (321, 10), (1345, 12))
_PREVIEW_EIGHTHS: Final = ((16, 0), (32, 0), (1, 5), (33, 9))


@dataclass(frozen=True, slots=True)
class Header:
    """The size as stored, in pixels, and whether there may be several frames."""

    width: int
    height: int
    animated: bool


@dataclass(frozen=True, slots=True, eq=False)
class JpegXl:
    """The upright picture, of an animation the last one: ``stored`` and ``alpha`` as in ``Picture``."""

    stored: Pixels
    alpha: Pixels | None


def can_decode() -> bool:
    """Return whether the extra is installed."""
    return Decoder is not None


def is_jpeg_xl(head: bytes) -> bool:
    """Return whether a file that begins with ``head`` is JPEG XL."""
    return head.startswith((BARE, BOXED))


def read_header(data: bytes) -> Header | None:
    """Return the size of a JPEG XL; None where the file is damaged or ends before it."""
    bits = _Bits(_find_code_stream(data))
    if bits.read(16) != int.from_bytes(BARE, "little"):
        return None
    width, height = bits.read_size()
    animated = False
    if not bits.read(1) and bits.read(1):  # not everything is as by default, and there are further fields
        bits.read(3)
        if bits.read(1):
            bits.read_size()
        if bits.read(1):
            bits.read_preview_size()
        animated = bool(bits.read(1))
    return None if bits.ended else Header(width, height, animated)


def decode_jpeg_xl(data: bytes, header: Header, memory: int) -> JpegXl | bytes:
    """Return the picture; or, where the file is a packed JPEG, that JPEG's bytes.

    Raise MemoryError where ``memory`` (bytes) may not be enough, and ValueError for damage.
    """
    if header.width * header.height * _BYTES_A_PIXEL > _SHARE * memory:
        raise MemoryError
    try:
        # No further thread: as many files are decoded at a time as there are workers.
        packed, info, content, _, _ = Decoder(num_threads=0)(data)
    except BaseException as error:
        # A panic in the library is no Exception.
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            raise ValueError from error
        raise
    if packed:
        return bytes(content)
    if sorted((info.width, info.height)) != sorted((header.width, header.height)):
        raise ValueError
    return _read_samples(content, info.height, info.width, info.num_channels, bool(info.has_alpha_channel))


def _read_samples(content: bytes, height: int, width: int, colours: int, with_alpha: bool) -> JpegXl:
    channels = colours + with_alpha
    # Grey comes as deep as it is, in the machine's byte order, and colours always in eight bits.
    kind = {1: "u1", 2: "u2", 4: "f4"}[len(content) // (height * width * channels)]
    samples = np.frombuffer(content, kind).reshape(height, width, channels)
    if colours == 1:
        grey = samples[:, :, 0]
        stored = grey if kind == "u1" else reduce_to_eight_bits(grey)
    else:
        stored = samples
    alpha: Pixels | None = None
    if with_alpha:
        clear = samples[:, :, -1]
        alpha = clear if kind == "u1" else _narrow_alpha(clear)
    return JpegXl(stored, None if alpha is None or int(alpha.min()) == 255 else alpha)


def _narrow_alpha(deep: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> Pixels:
    most = 1.0 if deep.dtype.kind == "f" else 65535.0
    narrow: Pixels = np.clip(np.nan_to_num(deep.astype(np.float32)) * (255.0 / most), 0, 255).astype(np.uint8)
    return narrow


def _find_code_stream(data: bytes) -> bytes:
    """Return the first bytes of the code stream, which may lie in one box or in parts in several."""
    if data.startswith(BARE):
        return data[:_HEADER]
    stream, at = b"", 0
    for _ in range(_MOST_BOXES):
        if at + 8 > len(data) or len(stream) >= _HEADER:
            break
        size, kind, start = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8], at + 8
        if size == 1:
            size, start = int.from_bytes(data[at + 8 : at + 16], "big"), at + 16
        end = len(data) if size == 0 else at + size
        if end < start:
            break
        if kind == b"jxlc":
            return data[start : min(end, start + _HEADER)]
        if kind == b"jxlp":  # behind its number, of four bytes
            stream += data[start + 4 : min(end, start + 4 + _HEADER)]
        at = end
    return stream


class _Bits:
    """The bits of a code stream, the lowest of each byte first. Behind its end come zeros."""

    def __init__(self, data: bytes) -> None:
        self._bits = int.from_bytes(data, "little")
        self._left = 8 * len(data)

    @property
    def ended(self) -> bool:
        return self._left < 0

    def read(self, count: int) -> int:
        value = self._bits & ((1 << count) - 1)
        self._bits >>= count
        self._left -= count
        return value

    def choose(self, numbers: tuple[tuple[int, int], ...]) -> int:
        added, count = numbers[self.read(2)]
        return added + self.read(count)

    def read_size(self) -> tuple[int, int]:
        """Return width and height."""
        small = self.read(1)
        height = 8 * (1 + self.read(5)) if small else self.choose(_SIDES)
        ratio = self.read(3)
        if ratio:
            return height * _RATIOS[ratio][0] // _RATIOS[ratio][1], height
        return 8 * (1 + self.read(5)) if small else self.choose(_SIDES), height

    def read_preview_size(self) -> None:
        sides = _PREVIEW_EIGHTHS if self.read(1) else _PREVIEW_SIDES
        self.choose(sides)
        if not self.read(3):
            self.choose(sides)
