"""PDQ, bit for bit, in both of its methods: ``full`` (python-threatexchange, HMA) and ``512nn`` (C++, WASM hashers).

Sources: Meta, "The TMK+PDQF video-hashing algorithm and the PDQ image-hashing algorithm" (2019);
facebook/ThreatExchange, ``pdq/cpp/hashing`` (hash, quality, ``pdqDihedralHash256esFromFloatLuma``) and ``pdq/cpp/io``
(the resize in front: ``512nn``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from takedown_cli.core.model import MIN_QUALITY
from takedown_cli.hashing.decoded import AS_STORED, Doubles, Floats, Orientation, Pixels, turn_upright
from takedown_cli.hashing.fingerprint import pdq_reference
from takedown_cli.hashing.fingerprint.pdq_downsample import SIDE, downsample

#: Sides below this are not hashed: all-zero hash, quality 0.
MIN_SIDE = 5
#: The side to which the C++ hasher resizes what is larger.
NEAREST_SIDE = 512
FULL, NEAREST = "full", "512nn"
#: The reference's order. ``flipplus1`` mirrors along the main diagonal, ``flipminus1`` along the other one.
DIHEDRAL_NAMES = ("original", "rotate90", "rotate180", "rotate270", "flipx", "flipy", "flipplus1", "flipminus1")
#: A picture whose 64 x 64 luma spans less than this (of 255) is one plain area.
PLAIN_SPAN = 8.0
#: Rows picked at a time.
_ROWS = 16

_FREQUENCIES = 16
#: The bit rule's median of 256: the reference takes the lower one.
_MEDIAN = _FREQUENCIES * _FREQUENCIES // 2 - 1
#: What the reference's float32 sums may move two coefficients apart, per unit of luma: they round in steps that grow
#: with the sum. Two and a half standard deviations of the worst photographs, seven of the best: one bit in a million.
_ROUNDING = 8e-6
#: Pixels above which a bit is not worth repeating the reference's whole filter.
_MAX_SETTLED_PIXELS = 1 << 24
# The reference rounds the factor in front to single precision, the cosines only afterwards.
_DCT: Doubles = np.float64(np.float32(np.sqrt(2.0 / SIDE))) * np.cos(
    np.pi / 2.0 / SIDE * np.arange(1, _FREQUENCIES + 1)[:, None] * (2 * np.arange(SIDE) + 1)
)
# Row (or column) k of the DCT block is frequency k + 1: mirroring an axis negates its odd frequencies.
_MIRROR = np.where(np.arange(_FREQUENCIES) % 2 == 0, -1.0, 1.0)


@dataclass(frozen=True, slots=True)
class PdqHash:
    """One PDQ of one picture: the 64 x 64 luma block, its 16 x 16 DCT coefficients, and the quality (0 to 100)."""

    block: Doubles
    coefficients: Doubles
    quality: int

    @property
    def value(self) -> str:
        """The hash: 64 lower-case hexadecimal digits."""
        return hex_values(self.coefficients[None])[0]

    @property
    def is_plain(self) -> bool:
        """Whether the picture is one plain area."""
        return float(np.ptp(self.block)) < PLAIN_SPAN

    def dihedral_values(self) -> dict[str, str]:
        """Return the hashes of the picture and its seven turned and mirrored copies by ``DIHEDRAL_NAMES``."""
        return dict(zip(DIHEDRAL_NAMES, hex_values(turn_coefficients(self.coefficients)), strict=True))


def hash_block(block: Doubles) -> PdqHash:
    """Hash a 64 x 64 luma block (0 to 255), as ``downsample`` gives it."""
    return PdqHash(block, transform_block(block), measure_quality(block))


def hash_full(pixels: Pixels, orientation: Orientation = AS_STORED, *, single: bool = False) -> PdqHash:
    """Hash the whole picture; ``pixels`` as for ``downsample``.

    ``single``: luma of single precision, as vPDQ makes it of a video frame and the C++ hasher of a picture.
    """
    if min(pixels.shape[:2]) < MIN_SIDE:
        return _NOTHING
    return _settle_ties(hash_block(downsample(pixels, orientation)), pixels, orientation, single=single)


def hash_nearest(pixels: Pixels, orientation: Orientation = AS_STORED) -> PdqHash | None:
    """Hash the picture squeezed to 512 x 512 by nearest neighbour; None if it is too small for that to happen."""
    height, width = pixels.shape[:2]
    if max(height, width) <= NEAREST_SIDE:
        return None
    rows, columns = (np.arange(NEAREST_SIDE, dtype=np.int64) * size // NEAREST_SIDE for size in (height, width))
    squeezed = _pick_pixels(
        pixels,
        height - 1 - rows if orientation.flip_rows else rows,
        width - 1 - columns if orientation.flip_columns else columns,
    )
    # The two lists of indices do the flips; what is left is to transpose.
    return hash_full(squeezed, Orientation(transpose=orientation.transpose), single=True)


def hash_both(pixels: Pixels, orientation: Orientation = AS_STORED) -> dict[str, PdqHash]:
    """Return the hashes of both methods by method; equal when the picture fits in 512 x 512."""
    full = hash_full(pixels, orientation)
    return {FULL: full, NEAREST: hash_nearest(pixels, orientation) or full}


def transform_block(block: Doubles) -> Doubles:
    """Return 16 x 16 DCT coefficients (frequencies 1 to 16 both ways) of 64 x 64 luma, or of a stack of them."""
    return np.asarray(_DCT @ block @ _DCT.T)


def turn_coefficients(coefficients: Doubles | Floats) -> Doubles:
    """Return 8 x 16 x 16: the DCT block (16 x 16) of the picture and of its seven copies, as ``DIHEDRAL_NAMES``.

    A flip or a quarter turn only changes signs and order of DCT coefficients, so no pixel is looked at.
    """
    down, across = coefficients * _MIRROR[:, None], coefficients * _MIRROR[None, :]
    both = down * _MIRROR[None, :]
    return np.stack([coefficients, across.T, both, down.T, down, across, coefficients.T, both.T])


def hex_values(coefficients: Doubles) -> list[str]:
    """Return the hashes of N x 16 x 16 coefficients: bit 16 i + j is set above the (lower) median."""
    flat = coefficients.reshape(-1, _FREQUENCIES * _FREQUENCIES)
    medians = np.partition(flat, _MEDIAN, axis=1)[:, _MEDIAN]
    packed = np.packbits(flat > medians[:, None], axis=1, bitorder="little")
    return [row[::-1].tobytes().hex() for row in packed]


def measure_quality(block: Doubles | Floats) -> int:
    """Return the reference's gradient measure of 64 x 64 luma, 0 to 100; steps under 1 % of the range do not count."""
    single = block.astype(np.float32)
    total = 0
    for axis in (0, 1):
        steps = np.diff(single, axis=axis) * np.float32(100) / np.float32(255)
        total += int(np.abs(steps.astype(np.int32)).sum())
    return min(100, total // 90)


def _settle_ties(exact: PdqHash, pixels: Pixels, orientation: Orientation, *, single: bool) -> PdqHash:
    """Return ``exact``, or where the reference's rounding decides a bit, what its own arithmetic gives.

    The reference sums in float32. When two coefficients beside the median are closer than its rounding, the exact sums
    cannot show which one it put above. That happens to about one photograph in 70, and where a side is under 64 px:
    repeated samples make coefficients tie.
    """
    flat = np.partition(exact.coefficients.ravel(), (_MEDIAN, _MEDIAN + 1))
    rounding = _ROUNDING * float(np.sqrt(np.mean(np.square(exact.block))))
    clear = flat[_MEDIAN + 1] - flat[_MEDIAN] > rounding and min(pixels.shape[:2]) >= SIDE
    if clear or exact.quality < MIN_QUALITY or pixels.shape[0] * pixels.shape[1] > _MAX_SETTLED_PIXELS:
        return exact
    block = pdq_reference.downsample(turn_upright(pixels, orientation), single=single)
    return PdqHash(block.astype(np.float64), pdq_reference.transform_block(block, _DCT), measure_quality(block))


def _pick_pixels(pixels: Pixels, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]) -> Pixels:
    """Return the given rows and columns."""
    # Few rows at a time, then single bytes: three times faster than one fancy index.
    lines = np.ascontiguousarray(pixels).reshape(pixels.shape[0], -1)
    channels = lines.shape[1] // pixels.shape[1]
    picks = (columns[:, None] * channels + np.arange(channels)).ravel()
    picked = np.empty((len(rows), len(picks)), np.uint8)
    for first in range(0, len(rows), _ROWS):
        # "clip" because NumPy otherwise writes to a buffer of its own first; no index is out of range.
        lines[rows[first : first + _ROWS]].take(picks, axis=1, out=picked[first : first + _ROWS], mode="clip")
    return picked.reshape(len(rows), len(columns), *pixels.shape[2:])


_NOTHING = PdqHash(np.zeros((SIDE, SIDE)), np.zeros((_FREQUENCIES, _FREQUENCIES)), 0)
