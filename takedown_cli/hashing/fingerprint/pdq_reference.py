"""The PDQ reference's own float32 arithmetic, for the rare picture whose hash its rounding decides.

It does the same additions in the same order at the same width, so it gives the reference's coefficients to the last
bit. It runs the filter itself, which costs many times what ``pdq_downsample`` costs.

Source: facebook/ThreatExchange, ``pdq/cpp/downscaling`` (running box sums) and ``pdq/cpp/hashing`` (``dct64To16``).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain, islice

import numpy as np
import numpy.typing as npt

from takedown_cli.hashing.decoded import Doubles, Floats, Pixels
from takedown_cli.hashing.fingerprint.pdq_downsample import LUMA, SIDE

#: Lines worked on at a time: they stay in the cache.
_BAND = 32
#: 1000 times the luma's weights. Sums of bytes times these are whole numbers below 2**24, which float32 holds exactly.
_THOUSANDTHS = np.array([round(1000 * weight) for weight in LUMA], np.float32)


def downsample(pixels: Pixels, *, single: bool) -> Floats:
    """Return 64 x 64 luma of upright ``pixels`` (uint8, H x W or H x W x 3 or more, R, G, B first).

    ``single``: luma in float32 as the C++ hasher makes it; else in float64, then rounded, as the Python binding does.
    """
    height, width = pixels.shape[:2]
    luma = _luma_in_single if single else luma_in_double
    if (height, width) == (SIDE, SIDE):
        return luma(pixels)
    # A few lines at a time through all four passes: the picture as float32 would be 100 MB of fresh memory.
    bands = (luma(pixels[top : top + _BAND]) for top in range(0, height, _BAND))
    once = _average_down((line for band in bands for line in _average_along(band)), height)
    # Of the second pass along the lines only 64 columns are needed, and of the last one only 64 lines.
    rows, columns = (((np.arange(SIDE) + 0.5) * size / SIDE).astype(np.intp) for size in (height, width))
    again = (np.stack(band) for band in iter(lambda: list(islice(once, _BAND)), []))
    narrow = (line for band in again for line in _average_along(band, columns))
    return np.stack(list(_average_down(narrow, height, rows)))


def transform_block(luma: Floats, dct: Doubles) -> Doubles:
    """Return 16 x 16 coefficients of a 64 x 64 block: float32 sums of 64 terms from the first to the last, twice."""
    matrix = dct.astype(np.float32)
    half = _sum_in_order(matrix[:, :, None] * luma[None, :, :], axis=1)
    return _sum_in_order(half[:, None, :] * matrix[None, :, :], axis=2).astype(np.float64)


def _luma_in_single(pixels: Pixels) -> Floats:
    if pixels.ndim == 2:
        return pixels.astype(np.float32)
    red, green, blue = (pixels[:, :, index].astype(np.float32) * np.float32(LUMA[index]) for index in range(3))
    luma: Floats = red + green + blue
    return luma


def luma_in_double(pixels: Pixels) -> Floats:
    """Return what float64 sums of the weighted channels round to, by exact sums and one division.

    No luma (thousandths of a whole number under 2**18) lies so close to the middle of two float32 that the last digits
    of a float64 sum could decide. The binding has no grey: three equal channels give the grey again.
    """
    if pixels.ndim == 2:
        return pixels.astype(np.float32)
    luma: Floats = pixels[:, :, :3].astype(np.float32) @ _THOUSANDTHS
    luma /= np.float32(1000)
    return luma


def _box(size: int) -> tuple[int, int, Floats]:
    """Return the window of the box mean of ``size`` values, its reach ahead, and how many values each mean is of."""
    window = (size + 2 * SIDE - 1) // (2 * SIDE)
    ahead = (window + 2) // 2
    right = np.arange(ahead, size + ahead)
    return window, ahead, (np.minimum(right, size) - np.maximum(right - window, 0)).astype(np.float32)


def _average_along(band: Floats, wanted: npt.NDArray[np.intp] | None = None) -> Floats:
    """Return the box mean along each line, of all columns or the ``wanted`` ones.

    It is a running sum: what enters is added and what leaves is taken away, in that order.
    """
    # A running sum is one chain, each addition waiting for the one before. Two lines go side by side, as the two halves
    # of complex numbers: adding complex numbers adds the halves.
    lines, size = band.shape
    window, ahead, counts = _box(size)
    steps = size + ahead - 1
    sums = np.zeros(((lines + 1) // 2, steps, 2, 2), np.float32)
    for half in (0, 1):
        part = band[half::2]
        sums[: len(part), :size, 0, half] = part
        np.negative(part[:, : steps - window], out=sums[: len(part), window:, 1, half])
    np.add.accumulate(in_pairs := sums.view(np.complex64).reshape(len(sums), 2 * steps), axis=1, out=in_pairs)
    totals = sums[:, ahead - 1 :, 1]
    if wanted is not None:
        totals, counts = totals[:, wanted], counts[wanted]
    means = np.empty((2 * len(sums), len(counts)), np.float32)
    for half in (0, 1):
        np.divide(totals[:, :, half], counts, out=means[half::2])
    return means[:lines]


def _average_down(lines: Iterable[Floats], size: int, wanted: npt.NDArray[np.intp] | None = None) -> Iterator[Floats]:
    """Yield the box mean down the columns of ``size`` lines, in the same order of additions.

    Yield all lines, or the ``wanted`` ones (ascending, repeated as they are).
    """
    window, ahead, counts = _box(size)
    repeats = np.ones(size, np.intp) if wanted is None else np.bincount(wanted, minlength=size)
    coming, inside = iter(lines), deque[Floats]()
    total = np.zeros_like(first := next(coming))
    coming = chain([first], coming)
    for right in range(size + ahead - 1):
        if right < size:
            inside.append(next(coming))
            total += inside[-1]
        if right >= window:
            total -= inside.popleft()
        line = right - ahead + 1
        if line >= 0 and repeats[line]:
            yield from [total / counts[line]] * int(repeats[line])


def _sum_in_order(terms: Floats, axis: int) -> Floats:
    sums: Floats = np.cumsum(terms, axis=axis, dtype=np.float32)
    return np.moveaxis(sums, axis, -1)[..., -1]
