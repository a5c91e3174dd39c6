"""PDQ's blur and decimation as the fixed linear map that it is: any picture to 64 x 64 luma, exactly.

It guarantees the reference's filter (a box along rows and columns, twice, then 64 x 64 samples) without running it.
It must never decode, resample beforehand, or depend on a BLAS kernel: equal pixels give equal numbers on every machine.

Source of the filter: facebook/ThreatExchange, ``pdq/cpp/downscaling`` (box windows, edges, sample positions).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from takedown_cli.fingerprint.operator import SIDE, Doubles, Operator, operator

__all__ = ["AS_STORED", "LUMA", "SIDE", "TURNS", "Doubles", "Floats", "Pixels", "Turn", "reduce", "upright"]

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

#: ITU-R BT.601 luma of R, G, B as the reference has it.
LUMA = (0.299, 0.587, 0.114)


@dataclass(frozen=True, slots=True)
class Turn:
    """How stored pixels become upright: flip stored rows, flip stored columns, then transpose."""

    flip_rows: bool = False
    flip_columns: bool = False
    transpose: bool = False


#: Exif 2.32, tag 0x0112: orientation 1 to 8 as a turn of the stored pixels.
TURNS: dict[int, Turn] = {
    1: Turn(),
    2: Turn(flip_columns=True),
    3: Turn(flip_rows=True, flip_columns=True),
    4: Turn(flip_rows=True),
    5: Turn(transpose=True),
    6: Turn(flip_rows=True, transpose=True),
    7: Turn(flip_rows=True, flip_columns=True, transpose=True),
    8: Turn(flip_columns=True, transpose=True),
}
AS_STORED = TURNS[1]


def reduce(pixels: Pixels, turn: Turn = AS_STORED, *, full: tuple[int, int] | None = None, shrink: int = 1) -> Doubles:
    """64 x 64 luma (0 to 255) of ``pixels``, upright by ``turn``.

    ``pixels``: uint8, H x W grey, or H x W x C with R, G, B first (what follows them, as alpha, is left out).
    For a DCT-scaled decode give ``full``, the stored height and width before scaling, and ``shrink``, the factor.
    """
    height, width = full or pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    down = operator(height, flip=turn.flip_rows, shrink=shrink)
    across = operator(width, flip=turn.flip_columns, shrink=shrink)
    rows = np.ascontiguousarray(pixels).reshape(pixels.shape[0], -1)
    lines = _row_sums(rows, down)
    block = np.empty((SIDE, SIDE))
    for output, (tap, weights) in enumerate(zip(across.taps, _with_luma(across, channels), strict=True)):
        few = lines[:, tap.start * channels : tap.stop * channels]
        np.einsum("ij,j->i", few, weights, out=block[:, output])
    block /= down.scale * across.scale
    return np.ascontiguousarray(block.T) if turn.transpose else block


def upright(pixels: Pixels, turn: Turn) -> Pixels:
    """A view of the stored pixels as a person sees them (slow to read when transposed)."""
    view = pixels[:: -1 if turn.flip_rows else 1, :: -1 if turn.flip_columns else 1]
    return view.swapaxes(0, 1) if turn.transpose else view


def _row_sums(rows: Pixels, down: Operator) -> Floats:
    """64 x K sums of the K-wide rows, exact away from the edges."""
    # einsum and not @: it runs in this thread, whatever BLAS is installed, and sums in one order. It widens bytes to
    # 16 bits a few thousand at a time, so they never leave the first-level cache.
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
def _with_luma(across: Operator, channels: int) -> tuple[Doubles, ...]:
    """The taps' weights over interleaved channels, which makes luma and blur along the columns one product."""
    if channels == 1:
        return tuple(tap.weights for tap in across.taps)
    luma = np.array(LUMA + (0.0,) * (channels - len(LUMA)))
    return tuple(np.outer(tap.weights, luma).ravel() for tap in across.taps)
