"""The PDQ reference's own float32 arithmetic, for the rare picture whose hash its rounding decides.

It guarantees the reference's DCT coefficients to the last bit: same additions, in the same order, at the same width.
It must never be the ordinary way: it runs the filter itself, which costs many times what ``tent`` costs.

Source: facebook/ThreatExchange, ``pdq/cpp/downscaling`` (running box sums) and ``pdq/cpp/hashing`` (``dct64To16``).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from takedown_cli.fingerprint.tent import LUMA, SIDE, Doubles, Floats, Pixels

#: Lines worked on at a time: they stay in the cache.
_BAND = 32


def block(pixels: Pixels, *, single: bool) -> Floats:
    """64 x 64 luma of upright ``pixels`` (uint8, H x W or H x W x 3 or more, R, G, B first).

    ``single``: luma in float32 as the C++ hasher makes it; else in float64, then rounded, as the Python binding does.
    """
    height, width = pixels.shape[:2]
    luma = _single_luma if single else _double_luma
    if (height, width) == (SIDE, SIDE):
        return luma(pixels)
    rows, columns = _samples(height), _samples(width)
    # In bands, and with one plane only: fresh memory for every step costs more than the arithmetic.
    plane = np.empty((height, width), np.float32)
    for top in range(0, height, _BAND):
        plane[top : top + _BAND] = _across(luma(pixels[top : top + _BAND]), _window(width))
    # Of the second pass along the rows only 64 columns are looked at, and of the last one only 64 rows.
    narrow = np.empty((height, SIDE), np.float32)
    band = np.empty((_BAND, width), np.float32)
    for index, line in enumerate(_down(plane, _window(height))):
        band[index % _BAND] = line
        if index % _BAND == _BAND - 1 or index == height - 1:
            top = index - index % _BAND
            narrow[top : index + 1] = _across(band[: index + 1 - top], _window(width))[:, columns]
    last = np.stack([line.copy() for line in _down(narrow, _window(height))])
    samples: Floats = last[rows]
    return samples


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
    # The binding has no grey: it is given three equal channels, whose weights do not quite add up to 1.
    channels = [pixels] * 3 if pixels.ndim == 2 else [pixels[:, :, index] for index in range(3)]
    red, green, blue = (channel * weight for channel, weight in zip(channels, LUMA, strict=True))
    luma: Floats = (red + green + blue).astype(np.float32)
    return luma


def _window(size: int) -> int:
    return (size + 2 * SIDE - 1) // (2 * SIDE)


def _samples(size: int) -> npt.NDArray[np.intp]:
    return ((np.arange(SIDE) + 0.5) * size / SIDE).astype(np.intp)


def _across(lines: Floats, window: int) -> Floats:
    """The box mean along each line: one running sum, what enters added and what leaves taken away, in that order."""
    size, ahead = lines.shape[1], (window + 2) // 2
    steps = np.zeros((len(lines), size + ahead - 1, 2), np.float32)
    steps[:, :size, 0] = lines
    kept = max(0, size + ahead - 1 - window)
    np.negative(lines[:, :kept], out=steps[:, window:, 1])
    flat = steps.reshape(len(lines), -1)
    np.add.accumulate(flat, axis=1, dtype=np.float32, out=flat)
    return np.divide(steps[:, ahead - 1 :, 1], _counts(size, window), dtype=np.float32)


def _down(plane: Floats, window: int) -> Iterator[Floats]:
    """The same down the columns, line by line; each is valid until the next."""
    size, ahead = len(plane), (window + 2) // 2
    total = np.zeros(plane.shape[1], np.float32)
    mean = np.empty_like(total)
    counts = _counts(size, window)
    for right in range(size + ahead - 1):
        if right < size:
            total += plane[right]
        if right >= window:
            total -= plane[right - window]
        if right >= ahead - 1:
            np.divide(total, counts[right - ahead + 1], out=mean)
            yield mean


def _counts(size: int, window: int) -> Floats:
    """How many inputs each running sum holds."""
    right = np.arange(size) + (window + 2) // 2 - 1
    return (np.minimum(right + 1, size) - np.maximum(right + 1 - window, 0)).astype(np.float32)


def _sum_in_order(terms: Floats, axis: int) -> Floats:
    sums: Floats = np.cumsum(terms, axis=axis, dtype=np.float32)
    return np.moveaxis(sums, axis, -1)[..., -1]
