"""PDQ, bit for bit, in both of its readings: ``full`` (python-threatexchange, HMA) and ``512nn`` (C++, WASM hashers).

It guarantees the reference's hash, quality and bit order for any decoded picture, whatever its orientation.
It must never decode, nor decide which hashes are published.

Sources: Meta, "The TMK+PDQF video-hashing algorithm and the PDQ image-hashing algorithm" (2019);
facebook/ThreatExchange, ``pdq/cpp/hashing`` (hash, quality) and ``pdq/cpp/io`` (the resize in front: ``512nn``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from takedown_cli.fingerprint import dihedral, reference, tent
from takedown_cli.fingerprint.tent import AS_STORED, Doubles, Floats, Pixels, Turn
from takedown_cli.model import MIN_QUALITY

#: Sides below this are not hashed: all-zero hash, quality 0.
MIN_SIDE = 5
#: The side to which the C++ hasher resizes what is larger.
NEAREST_SIDE = 512
FULL, NEAREST = "full", "512nn"
#: Rows picked at a time.
_ROWS = 16

_Index = npt.NDArray[np.int64]

_FREQUENCIES = 16
#: The bit rule's median of 256: the reference takes the lower one.
_MEDIAN = _FREQUENCIES * _FREQUENCIES // 2 - 1
#: What the reference's float32 sums may move two coefficients apart, per unit of luma: they round in steps that grow
#: with the sum. Two and a half standard deviations of the worst photographs, seven of the best: one bit in a million.
_ROUNDING = 8e-6
#: Pixels above which a bit is not worth repeating the reference's whole filter.
_MOST_SETTLED = 1 << 24
# The reference rounds the factor in front to single precision, the cosines only afterwards.
_DCT: Doubles = np.float64(np.float32(np.sqrt(2.0 / tent.SIDE))) * np.cos(
    np.pi / 2.0 / tent.SIDE * np.arange(1, _FREQUENCIES + 1)[:, None] * (2 * np.arange(tent.SIDE) + 1)
)


@dataclass(frozen=True, slots=True)
class PdqReading:
    """One PDQ of one picture: the 64 x 64 luma block, its 16 x 16 DCT coefficients, and the quality (0 to 100)."""

    block: Doubles
    coefficients: Doubles
    quality: int

    @property
    def value(self) -> str:
        """The hash: 64 lower-case hexadecimal digits."""
        return hashes(self.coefficients[None])[0]

    def dihedral(self) -> dict[str, str]:
        """The eight hashes by ``dihedral.NAMES``; the first one is ``value``."""
        return dict(zip(dihedral.NAMES, hashes(dihedral.turned(self.coefficients)), strict=True))


def read_block(block: Doubles) -> PdqReading:
    """The reading of a 64 x 64 luma block (0 to 255), as ``tent.reduce`` gives it."""
    return PdqReading(block, transform(block), quality(block))


def read_full(pixels: Pixels, turn: Turn = AS_STORED) -> PdqReading:
    """PDQ of the whole picture; ``pixels`` as for ``tent.reduce``."""
    if min(pixels.shape[:2]) < MIN_SIDE:
        return _NOTHING
    return _settled(read_block(tent.reduce(pixels, turn)), pixels, turn, single=False)


def read_frame(pixels: Pixels, turn: Turn = AS_STORED) -> PdqReading:
    """PDQ of a whole video frame as vPDQ reads it: as ``read_full``, but its luma is of single precision."""
    if min(pixels.shape[:2]) < MIN_SIDE:
        return _NOTHING
    return _settled(read_block(tent.reduce(pixels, turn)), pixels, turn, single=True)


def read_nearest(pixels: Pixels, turn: Turn = AS_STORED) -> PdqReading | None:
    """PDQ of the picture squeezed to 512 x 512 by nearest neighbour; None if it is too small for that to happen."""
    height, width = pixels.shape[:2]
    if max(height, width) <= NEAREST_SIDE:
        return None
    rows = _nearest(height, flip=turn.flip_rows)
    columns = _nearest(width, flip=turn.flip_columns)
    squeezed = _picked(pixels, rows, columns)
    # Flips are done by the two lists of indices; what is left is to transpose.
    left = Turn(transpose=turn.transpose)
    return _settled(read_block(tent.reduce(squeezed, left)), squeezed, left, single=True)


def read_both(pixels: Pixels, turn: Turn = AS_STORED) -> dict[str, PdqReading]:
    """Both readings by method; equal when the picture fits in 512 x 512."""
    full = read_full(pixels, turn)
    return {FULL: full, NEAREST: read_nearest(pixels, turn) or full}


def transform(block: Doubles) -> Doubles:
    """16 x 16 DCT coefficients (frequencies 1 to 16 both ways) of 64 x 64 luma, or of a stack of them."""
    return np.asarray(_DCT @ block @ _DCT.T)


def hashes(coefficients: Doubles) -> list[str]:
    """Hashes of N x 16 x 16 coefficients: bit 16 i + j is set where a coefficient is above the (lower) median."""
    flat = coefficients.reshape(-1, _FREQUENCIES * _FREQUENCIES)
    medians = np.partition(flat, _MEDIAN, axis=1)[:, _MEDIAN]
    packed = np.packbits(flat > medians[:, None], axis=1, bitorder="little")
    return [row[::-1].tobytes().hex() for row in packed]


def quality(block: Doubles | Floats) -> int:
    """The reference's gradient measure of 64 x 64 luma, 0 to 100; steps under 1 % of the range do not count."""
    single = block.astype(np.float32)
    total = 0
    for axis in (0, 1):
        steps = np.diff(single, axis=axis) * np.float32(100) / np.float32(255)
        total += int(np.abs(steps.astype(np.int32)).sum())
    return min(100, total // 90)


def _settled(reading: PdqReading, pixels: Pixels, turn: Turn, *, single: bool) -> PdqReading:
    """``reading``, or where the reference's rounding decides a bit of it, what the reference's own arithmetic gives.

    Happens to about one photograph in 70, and where a side is under 64 px: repeated samples make coefficients tie.
    """
    flat = np.partition(reading.coefficients.ravel(), (_MEDIAN, _MEDIAN + 1))
    rounding = _ROUNDING * float(np.sqrt(np.mean(np.square(reading.block))))
    clear = flat[_MEDIAN + 1] - flat[_MEDIAN] > rounding and min(pixels.shape[:2]) >= tent.SIDE
    if clear or reading.quality < MIN_QUALITY or pixels.shape[0] * pixels.shape[1] > _MOST_SETTLED:
        return reading
    block = reference.block(tent.upright(pixels, turn), single=single)
    return PdqReading(block.astype(np.float64), reference.transform(block, _DCT), quality(block))


def _picked(pixels: Pixels, rows: _Index, columns: _Index) -> Pixels:
    """The given rows and columns. Few rows at a time, then single bytes: three times faster than one fancy index."""
    lines = np.ascontiguousarray(pixels).reshape(pixels.shape[0], -1)
    channels = lines.shape[1] // pixels.shape[1]
    picks = (columns[:, None] * channels + np.arange(channels)).ravel()
    picked = np.empty((len(rows), len(picks)), np.uint8)
    for first in range(0, len(rows), _ROWS):
        # "clip" because NumPy otherwise writes to a buffer of its own first; no index is out of range.
        lines[rows[first : first + _ROWS]].take(picks, axis=1, out=picked[first : first + _ROWS], mode="clip")
    return picked.reshape(len(rows), len(columns), *pixels.shape[2:])


def _nearest(size: int, *, flip: bool) -> _Index:
    index = np.arange(NEAREST_SIDE, dtype=np.int64) * size // NEAREST_SIDE
    return size - 1 - index if flip else index


_NOTHING = PdqReading(np.zeros((tent.SIDE, tent.SIDE), np.float64), np.zeros((_FREQUENCIES, _FREQUENCIES)), 0)
