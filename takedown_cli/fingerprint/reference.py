"""The PDQ reference's own float32 arithmetic, for the rare picture whose hash its rounding decides.

It guarantees the reference's DCT coefficients to the last bit: same additions, in the same order, at the same width.
It must never be the ordinary way: it runs the filter itself, which costs many times what ``tent`` costs.

Source: facebook/ThreatExchange, ``pdq/cpp/downscaling`` (running box sums) and ``pdq/cpp/hashing`` (``dct64To16``).
"""

from __future__ import annotations

import numpy as np

from takedown_cli.fingerprint.tent import LUMA, SIDE, Doubles, Floats, Pixels


def block(pixels: Pixels, *, single: bool) -> Floats:
    """64 x 64 luma of upright ``pixels`` (uint8, H x W or H x W x 3 or more, R, G, B first).

    ``single``: luma in float32 as the C++ hasher makes it; else in float64, then rounded, as the Python binding does.
    """
    plane = _single_luma(pixels) if single else _double_luma(pixels)
    height, width = plane.shape
    if (height, width) == (SIDE, SIDE):
        return plane
    plane = np.ascontiguousarray(plane.T)
    for _ in range(2):
        plane = _box(plane, _window(width))
        plane = _box(plane, _window(height))
    plane = plane.T
    rows = ((np.arange(SIDE) + 0.5) * height / SIDE).astype(np.intp)
    columns = ((np.arange(SIDE) + 0.5) * width / SIDE).astype(np.intp)
    samples: Floats = plane[rows[:, None], columns]
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


def _box(plane: Floats, window: int) -> Floats:
    """The box mean along the first axis, transposed: two of these are one pass over columns and rows."""
    size, ahead = plane.shape[0], (window + 2) // 2
    means = np.empty_like(plane)
    total = np.zeros(plane.shape[1], np.float32)
    count = 0
    for right in range(size + ahead - 1):
        # One running sum per line: what enters on the right, then what leaves on the left, exactly in that order.
        if right < size:
            total += plane[right]
            count += 1
        if right >= window:
            total -= plane[right - window]
            count -= 1
        if right >= ahead - 1:
            np.divide(total, np.float32(count), out=means[right - ahead + 1])
    return np.ascontiguousarray(means.T)


def _sum_in_order(terms: Floats, axis: int) -> Floats:
    sums: Floats = np.cumsum(terms, axis=axis, dtype=np.float32)
    return np.moveaxis(sums, axis, -1)[..., -1]
