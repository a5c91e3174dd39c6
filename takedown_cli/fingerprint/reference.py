"""The PDQ reference's own float32 arithmetic, for the rare picture whose hash its rounding decides.

It guarantees the reference's DCT coefficients to the last bit: same additions, in the same order, at the same width.
It must never be the ordinary way: it runs the filter itself, which costs many times what ``tent`` costs.

Source: facebook/ThreatExchange, ``pdq/cpp/downscaling`` (running box sums) and ``pdq/cpp/hashing`` (``dct64To16``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from takedown_cli.fingerprint.tent import LUMA, SIDE, Doubles, Floats, Pixels

#: Lines worked on at a time: they stay in the cache.
_BAND = 64
#: 1000 times the luma's weights. Sums of bytes times these are whole numbers below 2**24, which float32 holds exactly.
_THOUSANDTHS = np.array([round(1000 * weight) for weight in LUMA], np.float32)


def block(pixels: Pixels, *, single: bool) -> Floats:
    """64 x 64 luma of upright ``pixels`` (uint8, H x W or H x W x 3 or more, R, G, B first).

    ``single``: luma in float32 as the C++ hasher makes it; else in float64, then rounded, as the Python binding does.
    """
    height, width = pixels.shape[:2]
    luma = _single_luma if single else _double_luma
    if (height, width) == (SIDE, SIDE):
        return luma(pixels)
    # A running sum is one chain of additions, so many lines are summed side by side: columns of the picture for a sum
    # along its rows. The planes are turned between the passes, in bands that stay in the cache.
    one, other = np.empty((width, height), np.float32), np.empty((height, width), np.float32)
    _turn((luma(pixels[top : top + _BAND]) for top in range(0, height, _BAND)), one)
    _turn(_bands(_means(one)), other)
    _turn(_bands(_means(other)), one)
    # Of the second pass along the rows only 64 columns are looked at, and of the last one only 64 rows.
    narrow = np.stack(list(_means(one, _samples(width))), axis=1)
    return np.stack(list(_means(narrow, _samples(height))))


def transform(luma: Floats, dct: Doubles) -> Doubles:
    """16 x 16 coefficients of a 64 x 64 block, each a float32 sum of 64 terms from the first to the last, twice."""
    matrix = dct.astype(np.float32)
    half = _sum_in_order(matrix[:, :, None] * luma[None, :, :], axis=1)
    return _sum_in_order(half[:, None, :] * matrix[None, :, :], axis=2).astype(np.float64)


def _single_luma(pixels: Pixels) -> Floats:
    if pixels.ndim == 2:
        return pixels.astype(np.float32)
    red, green, blue = (pixels[:, :, index].astype(np.float32) * np.float32(LUMA[index]) for index in range(3))
    luma: Floats = red + green + blue
    return luma


def _double_luma(pixels: Pixels) -> Floats:
    """What float64 sums of the weighted channels round to, by exact sums and one division.

    No luma (thousandths of a whole number under 2**18) lies so close to the middle of two float32 that the last digits
    of a float64 sum could decide. The binding has no grey: three equal channels give the grey again.
    """
    if pixels.ndim == 2:
        return pixels.astype(np.float32)
    luma: Floats = pixels[:, :, :3].astype(np.float32) @ _THOUSANDTHS
    luma /= np.float32(1000)
    return luma


def _window(size: int) -> int:
    return (size + 2 * SIDE - 1) // (2 * SIDE)


def _samples(size: int) -> npt.NDArray[np.intp]:
    return ((np.arange(SIDE) + 0.5) * size / SIDE).astype(np.intp)


def _turn(bands: Iterable[Floats], plane: Floats) -> None:
    """Fill ``plane`` with the lines of all bands as its columns."""
    left = 0
    for band in bands:
        plane[:, left : left + len(band)] = band.T
        left += len(band)


def _bands(lines: Iterable[Floats]) -> Iterator[Floats]:
    """Lines put together into bands; each is valid until the next."""
    band: Floats | None = None
    count = 0
    for line in lines:
        if band is None:
            band = np.empty((_BAND, len(line)), np.float32)
        band[count] = line
        count += 1
        if count == _BAND:
            yield band
            count = 0
    if band is not None and count:
        yield band[:count]


def _means(plane: Floats, wanted: npt.NDArray[np.intp] | None = None) -> Iterator[Floats]:
    """The box mean down the columns: a running sum, what enters added and what leaves taken away, in that order.

    All lines, or the ``wanted`` ones (ascending, repeated as they are).
    """
    size = len(plane)
    window = _window(size)
    ahead = (window + 2) // 2
    repeats = np.ones(size, np.intp) if wanted is None else np.bincount(wanted, minlength=size)
    total = np.zeros(plane.shape[1], np.float32)
    for right in range(size + ahead - 1):
        if right < size:
            total += plane[right]
        if right >= window:
            total -= plane[right - window]
        line = right - ahead + 1
        if line >= 0 and repeats[line]:
            count = min(right + 1, size) - max(right + 1 - window, 0)
            mean = total / np.float32(count)
            yield from [mean] * int(repeats[line])


def _sum_in_order(terms: Floats, axis: int) -> Floats:
    sums: Floats = np.cumsum(terms, axis=axis, dtype=np.float32)
    return np.moveaxis(sums, axis, -1)[..., -1]
