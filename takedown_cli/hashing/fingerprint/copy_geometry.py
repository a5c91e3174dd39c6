"""Copies of a picture as linear maps: cropped, placed on a canvas or tilted, straight to PDQ's 16 x 16 coefficients.

Cropping, placing, PDQ's tent filter and the DCT are all linear, and all but tilting work on rows and columns apart. So
one copy is a product of two small matrices around the picture, and no copy is ever drawn. The coefficients are those of
the 64 x 64 filtered canvas, to within a few bits of the hash.

Source of the filter and the transform: see ``pdq.py`` and ``pdq_downsample.py``. A canvas that is one grey level has no
coefficients at all, so a picture on a background of level g is the picture minus g on black.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from takedown_cli.hashing.decoded import Floats, Pixels
from takedown_cli.hashing.fingerprint.pdq_downsample import SIDE

Bits = npt.NDArray[np.bool_]

#: Side of the square to which a picture is averaged first, whatever its shape.
GRID = 256
#: Cells of background kept around a picture that is tilted.
_PAD = 20
_FREQUENCIES = 16
#: Share of a direction in maps, squared, against the largest, below which it is left out.
_NEGLIGIBLE = 1e-5
_EDGES = np.linspace(0, 1, GRID + 1, dtype=np.float32)


_PHASES = np.pi / (2 * SIDE) * np.arange(1, _FREQUENCIES + 1)[:, None] * (2 * np.arange(SIDE) + 1)
_DCT: Floats = (np.sqrt(2 / SIDE) * np.cos(_PHASES)).astype(np.float32)


@lru_cache(maxsize=64)
def _averaging_map(size: int) -> Floats:
    """Return GRID x ``size``: means of the picture's cells along one axis, of any size of at least 1."""
    edges = np.linspace(0, size, GRID + 1)
    low, high = edges[:-1, None], edges[1:, None]
    cell = np.arange(size)
    shares = np.clip(np.minimum(high, cell + 1) - np.maximum(low, cell), 0, None)
    means: Floats = (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
    return means


def average_to_grid(luma: Floats | Pixels) -> Floats:
    """Return GRID x GRID means of H x W luma (0 to 255)."""
    height, width = luma.shape
    square: Floats = _averaging_map(height) @ luma.astype(np.float32) @ _averaging_map(width).T
    return square


def _tent_below(edges: Floats) -> Floats:
    """Return P x 64 x E: how much of PDQ's tent around each of 64 samples lies below each of P x E edges (0 to 1)."""
    # Either box of PDQ is half as wide as samples are apart, so their tent reaches that far to either side of a sample.
    # What lies below an edge is its integral: one parabola up to the peak, another one after it.
    samples = (np.arange(SIDE, dtype=np.float32) + 0.5) / SIDE
    along = np.clip((edges[:, None, :] - samples[:, None]) * (2 * SIDE), -1, 1)
    below: Floats = np.where(along < 0, (along + 1) ** 2, 2 - (1 - along) ** 2) * np.float32(0.5)
    return below


def axis_maps(shown: Floats) -> Floats:
    """Return P x 16 x GRID maps from a picture's axis to the coefficients of a canvas's axis.

    ``shown`` is P x 4: point t (0 to 1) of canvas axis p shows the picture at ``offset + scale * t`` (0 to 1), of which
    only the part from ``low`` to ``high`` is seen; all else is background. A negative ``scale`` mirrors the axis.
    """
    # What a cell weighs in a sample is the part of the tent between its two edges. Where a cell is not seen, clipping
    # puts both edges at the same place, and it weighs nothing.
    offset, scale, low, high = (column[:, None] for column in shown.T)
    edges = (np.clip(_EDGES, low, high) - offset) / scale
    maps: Floats = np.matmul(_DCT, np.abs(np.diff(_tent_below(edges), axis=2)), dtype=np.float32)
    return maps


def strip_coefficients(spans: Floats) -> Floats:
    """Return P x 16 coefficients of an axis that is 1 from ``spans[p, 0]`` to ``spans[p, 1]`` (0 to 1), else 0."""
    coefficients: Floats = np.diff(_tent_below(spans), axis=2)[:, :, 0] @ _DCT.T
    return coefficients


def factor_maps(maps: Floats) -> tuple[Floats, Floats]:
    """Return P x 16 x R and R x GRID, whose product is the P x 16 x GRID maps to a twentieth of a bit of the hash.

    Maps of like copies are smooth and alike, so R is about half of GRID, and the products cost half as much or less.
    """
    # The eigenvectors of this small square matrix are the right singular vectors of all maps together, its eigenvalues
    # the singular values squared; a decomposition of the maps themselves would cost far more.
    flat = maps.reshape(-1, GRID).astype(np.float64)
    values, vectors = np.linalg.eigh(flat.T @ flat)
    directions = vectors[:, values > values[-1] * _NEGLIGIBLE].T
    shares: Floats = (flat @ directions.T).astype(np.float32)
    return shares.reshape(*maps.shape[:2], -1), directions.astype(np.float32)


def place_copies(square: Floats, rows: Floats, columns: Floats, which: npt.NDArray[np.intp]) -> Floats:
    """Return P x 16 x 16 coefficients of placed copies on black.

    ``rows`` and ``columns`` are maps as ``axis_maps`` gives; ``which`` is P x 2, the map of either axis that copy p
    uses. They may be shares as ``factor_maps`` gives, if ``square`` is brought to the same directions.
    """
    down = (rows.reshape(-1, rows.shape[2]) @ square).reshape(*rows.shape[:2], -1)
    copies = np.empty((len(which), _FREQUENCIES, _FREQUENCIES), np.float32)
    order = np.argsort(which[:, 1], kind="stable")
    # One product for all copies that share a map: far fewer and larger ones than one a copy.
    for same in np.split(order, np.flatnonzero(np.diff(which[order, 1])) + 1):
        copies[same] = down[which[same, 0]] @ columns[which[same[0], 1]].T
    return copies


def covered_coefficients(rows: Floats, columns: Floats, which: npt.NDArray[np.intp]) -> Floats:
    """Return P x 16 x 16 coefficients of what the picture covers.

    On a background of level g, a copy is the one on black minus g times this.
    """
    covered: Floats = rows.sum(axis=2)[which[:, 0], :, None] * columns.sum(axis=2)[which[:, 1], None, :]
    return covered


_WHOLE: Floats = np.diff(_tent_below(_EDGES[None]), axis=2)[0]


def downsample_grid(square: Floats) -> Floats:
    """Return 64 x 64 luma of the picture itself, as PDQ reduces it."""
    block: Floats = np.matmul(np.matmul(_WHOLE, square), _WHOLE.T)
    return block


def map_frame(near: float, far: float, size: int) -> Floats:
    """Return the 64 x ``size`` map of an axis of cells to PDQ's samples of it from ``near`` to ``far`` (0 to 1 is all).

    What lies beyond its ends, by less than its length, is shown as its mirror image.
    """
    edges = (np.linspace(-1, 2, 3 * size + 1, dtype=np.float32) - np.float32(near)) / np.float32(far - near)
    before, itself, after = np.split(np.diff(_tent_below(edges[None]), axis=2)[0], 3, axis=1)
    mapped: Floats = itself + (before + after)[:, ::-1]
    return mapped


def transform_blocks(blocks: Floats) -> Floats:
    """Return 16 x 16 coefficients of 64 x 64 luma, or of a stack of them."""
    coefficients: Floats = np.matmul(np.matmul(_DCT, blocks), _DCT.T)
    return coefficients


# (GRID + 2 PAD) x GRID: PDQ's tent around every cell of the picture's axis and of PAD cells of background beyond.
_SPAN = GRID + 2 * _PAD
_HALF = GRID // (2 * SIDE)
_BLURRING = np.zeros((_SPAN, GRID), np.float32)
for _shift, _weight in zip(range(1 - _HALF, _HALF), np.convolve(*np.ones((2, _HALF))) / _HALF**2, strict=True):
    _BLURRING[np.arange(GRID) + _PAD + _shift, np.arange(GRID)] = _weight


@lru_cache(maxsize=16)
def _tilted_samples(
    aspect: float, angles: tuple[float, ...], grown: tuple[tuple[float, float], ...]
) -> tuple[npt.NDArray[np.intp], Floats, Floats]:
    """Return what each sample of the tilted canvases is made of.

    The first two are its four neighbours and their weights (4 x P x 64 x 64). The third are the P x 16 x 16
    coefficients of what the picture covers.
    """
    points = (np.arange(SIDE, dtype=np.float32) + 0.5) / SIDE - 0.5
    angle = np.radians(np.asarray(angles, np.float32))[:, None, None]
    size = np.asarray(grown, np.float32)
    x = points[None, None, :] * size[:, 0, None, None] * aspect
    y = points[None, :, None] * size[:, 1, None, None]
    u = ((x * np.cos(angle) - y * np.sin(angle)) / aspect + 0.5) * GRID + _PAD - 0.5
    v = (x * np.sin(angle) + y * np.cos(angle) + 0.5) * GRID + _PAD - 0.5
    u, v = np.clip(u, 0, _SPAN - 1.001), np.clip(v, 0, _SPAN - 1.001)
    left, top = u.astype(np.intp), v.astype(np.intp)
    right, low = u - left, v - top
    first = top * _SPAN + left
    cells = np.stack([first, first + 1, first + _SPAN, first + _SPAN + 1])
    weights = np.stack([(1 - right) * (1 - low), right * (1 - low), (1 - right) * low, right * low])
    shares: Floats = weights.astype(np.float32)
    lit = _BLURRING.sum(axis=1)
    covered = np.einsum("kpij,kpij->pij", (lit[:, None] * lit).ravel()[cells], shares)
    return cells, shares, transform_blocks(covered)


def tilt_copies(
    square: Floats, aspect: float, angles: tuple[float, ...], grown: tuple[tuple[float, float], ...]
) -> tuple[Floats, Floats]:
    """Return P x 16 x 16 coefficients of tilted copies on black, and of what the picture covers.

    On a background of level g, a copy is the first minus g times the second.
    ``aspect`` is width over height; ``angles`` are degrees, counted as Pillow does (anticlockwise); ``grown`` are the
    canvas's width and height over the picture's.
    """
    cells, weights, covered = _tilted_samples(aspect, angles, grown)
    blurred = (_BLURRING @ square @ _BLURRING.T).ravel()
    canvas = np.einsum("kpij,kpij->pij", blurred[cells], weights)
    return transform_blocks(canvas), covered


def hash_bits(coefficients: Floats) -> Bits:
    """Return P x 256 bits of P x 16 x 16 coefficients: above the (lower) median, as in PDQ."""
    flat = coefficients.reshape(len(coefficients), -1)
    middle = flat.shape[1] // 2 - 1
    above: Bits = flat > np.partition(flat, middle, axis=1)[:, middle, None]
    return above
