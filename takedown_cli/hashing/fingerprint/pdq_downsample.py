"""PDQ's blur and decimation as one fixed linear map: from any picture to 64 x 64 luma, exactly.

The reference runs a box filter twice along rows and columns and then takes 64 x 64 samples. Each sample is a weighted
sum of pixels, and the weights depend on the size alone, so they are computed once and the filter is never run.

Source of the filter: facebook/ThreatExchange, ``pdq/cpp/downscaling`` (box windows, edges, sample positions).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from takedown_cli.hashing.decoded import AS_STORED, Doubles, Floats, Orientation, Pixels

#: Side of the block that PDQ reduces every picture to.
SIDE = 64
#: ITU-R BT.601 luma of R, G, B as the reference has it.
LUMA = (0.299, 0.587, 0.114)
#: Sum of weights that bytes can have without overflowing 16 bits.
_MAX_WEIGHTS = 0xFFFF // 0xFF


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Some of a tap's inputs, counted from its first, with whole weights so small that a 16-bit sum cannot overflow."""

    start: int
    stop: int
    weights: npt.NDArray[np.uint16]


@dataclass(frozen=True, slots=True, eq=False)
class Tap:
    """The inputs ``start:stop`` that one of the 64 outputs needs, and their weights times ``AxisFilter.scale``.

    ``parts`` is the same in pieces for 16-bit sums, empty where the weights are not whole numbers.
    """

    start: int
    stop: int
    weights: Doubles
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, eq=False)
class AxisFilter:
    """The filter along one axis: 64 taps. Away from the edges the weights are whole numbers, so sums can be exact."""

    taps: tuple[Tap, ...]
    scale: float


def downsample(
    pixels: Pixels, orientation: Orientation = AS_STORED, *, full: tuple[int, int] | None = None, shrink: int = 1
) -> Doubles:
    """Return 64 x 64 luma (0 to 255) of ``pixels``, upright by ``orientation``.

    ``pixels``: uint8, H x W grey, or H x W x C with R, G, B first (what follows them, as alpha, is left out).
    For a DCT-scaled decode give ``full``, the stored height and width before scaling, and ``shrink``, the factor.
    """
    height, width = full or pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    down = filter_axis(height, flip=orientation.flip_rows, shrink=shrink)
    across = filter_axis(width, flip=orientation.flip_columns, shrink=shrink)
    lines = _sum_rows(np.ascontiguousarray(pixels).reshape(pixels.shape[0], -1), down)
    block = np.empty((SIDE, SIDE))
    for output, (tap, weights) in enumerate(zip(across.taps, _weights_with_luma(across, channels), strict=True)):
        few = lines[:, tap.start * channels : tap.stop * channels]
        np.einsum("ij,j->i", few, weights, out=block[:, output])
    block /= down.scale * across.scale
    return np.ascontiguousarray(block.T) if orientation.transpose else block


def _sum_rows(rows: Pixels, down: AxisFilter) -> Floats:
    """Return 64 x K sums of the K-wide rows, exact away from the edges."""
    # einsum and not @: it runs in this thread, and its sums do not depend on the BLAS that is installed. It widens
    # bytes to 16 bits a few thousand at a time, so they never leave the first-level cache.
    width = rows.shape[1]
    sums = np.empty((SIDE, width), np.float32)
    partial = np.empty(width, np.uint16)
    for result, tap in zip(sums, down.taps, strict=True):
        if not tap.parts:
            fractional = rows[tap.start : tap.stop].astype(np.float32)
            np.einsum("i,ij->j", tap.weights.astype(np.float32), fractional, out=result)
        for part in tap.parts:
            inputs = rows[tap.start + part.start : tap.start + part.stop]
            np.einsum("i,ij->j", part.weights, inputs, out=partial)
            if part.start == 0:
                np.copyto(result, partial)
            else:
                np.add(result, partial, out=result)
    return sums


@lru_cache(maxsize=64)
def _weights_with_luma(across: AxisFilter, channels: int) -> tuple[Doubles, ...]:
    """Return the taps' weights over interleaved channels, so that luma and blur along a row are one product."""
    if channels == 1:
        return tuple(tap.weights for tap in across.taps)
    luma = np.array(LUMA + (0.0,) * (channels - len(LUMA)))
    return tuple(np.outer(tap.weights, luma).ravel() for tap in across.taps)


@lru_cache(maxsize=256)
def filter_axis(size: int, *, flip: bool = False, shrink: int = 1) -> AxisFilter:
    """Return the filter for an axis of ``size`` input pixels, as stored (``flip``: stored the other way round).

    ``shrink`` adapts it to an axis where each stored value is the mean of that many neighbours (a DCT-scaled decode);
    the last one may stand for fewer.
    """
    # The three roundings are the reference's: computeJaroszFilterWindowSize, the half window of box1DFloat, and the
    # place of a sample in decimateFloat. The last one rounds down and a box of even width leans to one side, so the
    # filter is no mirror image of itself: it is laid out for the upright picture and turned round as a whole.
    window = (size + 2 * SIDE - 1) // (2 * SIDE)
    reach = (window + 2) // 2
    taps = []
    tent: Tap | None = None
    for output in range(SIDE):
        centre = int((output + 0.5) * size / SIDE)
        first = centre - 2 * (window - reach)
        inside = first >= 0 and first + 2 * window - 1 <= size
        if tent is not None and inside:
            # Two boxes make a tent. All tents that no edge cuts have the same whole, symmetric weights.
            start = size - first - tent.stop if flip else first
            taps.append(Tap(start, start + tent.stop, tent.weights, tent.parts))
            continue
        first, weights = _tap_weights(centre, size, window)
        if flip:
            first, weights = size - first - len(weights), weights[::-1].copy()
        taps.append(_shrink_tap(first, weights, size, shrink))
        if inside and shrink == 1:
            tent = Tap(0, len(weights), weights, taps[-1].parts)
    return AxisFilter(tuple(taps), float(window * window))


def _tap_weights(centre: int, size: int, window: int) -> tuple[int, Doubles]:
    """Return the first input that the output at ``centre`` needs, and the weights from that input on."""
    ahead = (window + 2) // 2
    behind = window - ahead
    inner = np.arange(max(0, centre - behind), min(size, centre + ahead))
    starts, stops = np.maximum(0, inner - behind), np.minimum(size, inner + ahead)
    first, length = int(starts[0]), int(stops[-1] - starts[0])
    # Times window * window, the weights away from the edges are whole numbers. At an edge a box covers fewer inputs,
    # and the reference divides by their number, so the weights there are fractions.
    # Each inner mean adds a box of equal weights: its height where it starts, minus its height where it stops, summed.
    heights = (window / len(inner)) * window / (stops - starts)
    edges = np.bincount(starts - first, heights, length + 1) - np.bincount(stops - first, heights, length + 1)
    return first, np.cumsum(edges)[:length]


def _shrink_tap(first: int, weights: Doubles, size: int, shrink: int) -> Tap:
    """Return the tap on block means: each block counted whole, plus its slope as its two neighbours show it."""
    if shrink == 1:
        return Tap(first, first + len(weights), weights, _split_weights(weights))
    blocks = -(-size // shrink)
    inputs = np.arange(first, first + len(weights))
    block = inputs // shrink
    centres = (block * shrink + np.minimum(block * shrink + shrink, size) - 1) / 2
    slopes = np.bincount(block, weights * (inputs - centres), blocks) / shrink
    wholes: Doubles = np.bincount(block, weights, blocks).astype(np.float64)
    left, right = np.maximum(np.arange(blocks) - 1, 0), np.minimum(np.arange(blocks) + 1, blocks - 1)
    apart = np.maximum(right - left, 1)
    wholes += np.bincount(right, slopes / apart, blocks) - np.bincount(left, slopes / apart, blocks)
    start, stop = max(0, int(block[0]) - 1), min(blocks, int(block[-1]) + 2)
    return Tap(start, stop, wholes[start:stop], ())


def _split_weights(weights: Doubles) -> tuple[Part, ...]:
    """Return whole weights in parts for 16-bit sums; nothing when they are not whole."""
    whole = np.rint(weights).astype(np.int64)
    # cumsum leaves the last digits of a fraction behind; what is truly fractional is off by far more.
    if np.abs(whole - weights).max() > 1e-6 or whole.max() > _MAX_WEIGHTS:
        return ()
    parts: list[Part] = []
    start, total = 0, 0
    for stop, weight in enumerate(whole.tolist()):
        if total + weight > _MAX_WEIGHTS:
            parts.append(Part(start, stop, whole[start:stop].astype(np.uint16)))
            start, total = stop, 0
        total += weight
    return (*parts, Part(start, len(whole), whole[start:].astype(np.uint16)))
