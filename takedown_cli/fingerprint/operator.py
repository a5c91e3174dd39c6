"""PDQ's blur and decimation along one axis, as the weights that each of the 64 outputs gives to the inputs.

It guarantees the weights that the reference's two running boxes amount to, edges included, for any length.
It must never see a pixel.

Source of the filter: facebook/ThreatExchange, ``pdq/cpp/downscaling`` (box windows, edges, sample positions).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]

#: Side of the block that PDQ reduces every picture to.
SIDE = 64
#: Sum of weights that bytes can have without overflowing 16 bits.
_MOST = 0xFFFF // 0xFF


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Some of a tap's inputs, counted from its first, with whole weights so small that a 16-bit sum cannot overflow."""

    start: int
    stop: int
    weights: npt.NDArray[np.uint16]


@dataclass(frozen=True, slots=True, eq=False)
class Tap:
    """The inputs ``start:stop`` that one of the 64 outputs needs, and their weights times ``Operator.scale``.

    ``parts`` is the same in pieces for 16-bit sums, empty where the weights are not whole numbers.
    """

    start: int
    stop: int
    weights: Doubles
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Operator:
    """The filter along one axis: 64 taps. Away from the edges the weights are whole numbers, so sums can be exact."""

    taps: tuple[Tap, ...]
    scale: float


@lru_cache(maxsize=256)
def operator(size: int, *, flip: bool = False, shrink: int = 1) -> Operator:
    """The filter for an axis of ``size`` input pixels, as stored (``flip``: stored the other way round).

    ``shrink`` adapts it to an axis where each stored value is the mean of that many neighbours (a DCT-scaled decode);
    the last one may stand for fewer.
    """
    window = (size + 2 * SIDE - 1) // (2 * SIDE)
    reach = (window + 2) // 2
    taps = []
    tent: Tap | None = None
    for output in range(SIDE):
        centre = int((output + 0.5) * size / SIDE)
        first = centre - 2 * (window - reach)
        inside = first >= 0 and first + 2 * window - 1 <= size
        if tent is not None and inside:
            # All that no edge cuts have the same weights, in whole numbers and symmetric: far the most of them.
            start = size - first - tent.stop if flip else first
            taps.append(Tap(start, start + tent.stop, tent.weights, tent.parts))
            continue
        first, weights = _weights(centre, size, window)
        if flip:
            first, weights = size - first - len(weights), weights[::-1].copy()
        taps.append(_shrunk(first, weights, size, shrink))
        if inside and shrink == 1:
            tent = Tap(0, len(weights), weights, taps[-1].parts)
    return Operator(tuple(taps), float(window * window))


def _weights(centre: int, size: int, window: int) -> tuple[int, Doubles]:
    """The first input that the output at ``centre`` needs, and the weights of that one and of those that follow."""
    ahead = (window + 2) // 2
    behind = window - ahead
    inner = np.arange(max(0, centre - behind), min(size, centre + ahead))
    starts, stops = np.maximum(0, inner - behind), np.minimum(size, inner + ahead)
    first, length = int(starts[0]), int(stops[-1] - starts[0])
    heights = (window / len(inner)) * window / (stops - starts)
    edges = np.bincount(starts - first, heights, length + 1) - np.bincount(stops - first, heights, length + 1)
    return first, np.cumsum(edges)[:length]


def _shrunk(first: int, weights: Doubles, size: int, shrink: int) -> Tap:
    """The tap on block means: each block counted whole, and its slope, which its two neighbours tell."""
    if shrink == 1:
        return Tap(first, first + len(weights), weights, _parts(weights))
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


def _parts(weights: Doubles) -> tuple[Part, ...]:
    whole = np.rint(weights).astype(np.int64)
    # cumsum leaves the last digits of a fraction behind; what is truly fractional is off by far more.
    if np.abs(whole - weights).max() > 1e-6 or whole.max() > _MOST:
        return ()
    parts: list[Part] = []
    start, total = 0, 0
    for stop, weight in enumerate(whole.tolist()):
        if total + weight > _MOST:
            parts.append(Part(start, stop, whole[start:stop].astype(np.uint16)))
            start, total = stop, 0
        total += weight
    return (*parts, Part(start, len(whole), whole[start:].astype(np.uint16)))
