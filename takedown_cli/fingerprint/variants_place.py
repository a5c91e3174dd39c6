"""Copies of a picture as linear maps: cropped, placed on a canvas or tilted, straight to PDQ's 16 x 16 coefficients.

It guarantees that simulating one more copy costs two small matrix products, never a new picture; the coefficients are
those of the 64 x 64 tent-filtered canvas, to within a few bits of the hash. It must never decode, nor choose which
copies are worth a fingerprint.

Source of the filter and the transform: see ``pdq.py`` and ``tent.py``. A canvas that is one grey level has no
coefficients at all, so a picture on a ground of level g is the picture less g on black.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Bits = npt.NDArray[np.bool_]

#: Side of the square to which a picture is averaged first, whatever its shape.
GRID = 256
_SIDE = 64
#: Cells of ground kept around a picture that is tilted.
_PAD = 20
_FREQUENCIES = 16
#: Of a direction's share in maps, squared, against the largest.
_NEGLIGIBLE = 1e-5
_EDGES = np.linspace(0, 1, GRID + 1, dtype=np.float32)


def _cosines(samples: int) -> Floats:
    frequency = np.arange(1, _FREQUENCIES + 1)[:, None]
    phase = np.pi / (2 * samples) * frequency * (2 * np.arange(samples) + 1)
    cosines: Floats = (np.sqrt(2 / _SIDE) * np.cos(phase)).astype(np.float32)
    return cosines


_DCT = _cosines(_SIDE)


@lru_cache(maxsize=64)
def _averaging(size: int) -> Floats:
    """GRID x ``size``: means of the picture's cells along one axis, of any size of at least 1."""
    edges = np.linspace(0, size, GRID + 1)
    low, high = edges[:-1, None], edges[1:, None]
    cell = np.arange(size)
    shares = np.clip(np.minimum(high, cell + 1) - np.maximum(low, cell), 0, None)
    means: Floats = (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
    return means


def grid(luma: npt.NDArray[np.float32] | npt.NDArray[np.uint8]) -> Floats:
    """GRID x GRID means of H x W luma (0 to 255)."""
    height, width = luma.shape
    square: Floats = _averaging(height) @ luma.astype(np.float32) @ _averaging(width).T
    return square


def _below(edges: Floats) -> Floats:
    """P x 64 x E: how much of PDQ's tent around each of the 64 samples lies below each of P x E edges (0 to 1)."""
    samples = (np.arange(_SIDE, dtype=np.float32) + 0.5) / _SIDE
    along = np.clip((edges[:, None, :] - samples[:, None]) * (2 * _SIDE), -1, 1)
    below: Floats = np.where(along < 0, (along + 1) ** 2, 2 - (1 - along) ** 2) * np.float32(0.5)
    return below


def axis(shown: Floats) -> Floats:
    """P x 16 x GRID maps from a picture's axis to the coefficients of a canvas's axis.

    ``shown`` is P x 4: point t (0 to 1) of canvas axis p shows the picture at ``offset + scale * t`` (0 to 1), of which
    only the part from ``low`` to ``high`` is seen; all else is ground.
    """
    offset, scale, low, high = (column[:, None] for column in shown.T)
    edges = (np.clip(_EDGES, low, high) - offset) / scale
    maps: Floats = np.matmul(_DCT, np.diff(_below(edges), axis=2), dtype=np.float32)
    return maps


def strips(spans: Floats) -> Floats:
    """P x 16 coefficients of what is 1 from ``spans[p, 0]`` to ``spans[p, 1]`` (0 to 1) of a canvas's axis, else 0."""
    coefficients: Floats = np.diff(_below(spans), axis=2)[:, :, 0] @ _DCT.T
    return coefficients


def spanned(maps: Floats) -> tuple[Floats, Floats]:
    """P x 16 x R and R x GRID whose product is P x 16 x GRID maps of one axis, to a twentieth of a bit of the hash.

    Maps of like copies are smooth and alike, so R is about half of GRID, and the products cost half as much or less.
    """
    flat = maps.reshape(-1, GRID).astype(np.float64)
    values, vectors = np.linalg.eigh(flat.T @ flat)
    directions = vectors[:, values > values[-1] * _NEGLIGIBLE].T
    shares: Floats = (flat @ directions.T).astype(np.float32)
    return shares.reshape(*maps.shape[:2], -1), directions.astype(np.float32)


def place(square: Floats, rows: Floats, columns: Floats, which: npt.NDArray[np.intp]) -> Floats:
    """P x 16 x 16 coefficients of placed copies on black.

    ``rows`` and ``columns`` are maps as ``axis`` gives; ``which`` is P x 2, the map of either axis that copy p uses.
    Or shares as ``spanned`` gives, if ``square`` is brought to the same directions.
    """
    down = (rows.reshape(-1, rows.shape[2]) @ square).reshape(*rows.shape[:2], -1)
    copies = np.empty((len(which), _FREQUENCIES, _FREQUENCIES), np.float32)
    order = np.argsort(which[:, 1], kind="stable")
    # One product for all copies that share a map: far fewer and larger ones than one a copy.
    for same in np.split(order, np.flatnonzero(np.diff(which[order, 1])) + 1):
        copies[same] = down[which[same, 0]] @ columns[which[same[0], 1]].T
    return copies


def lit(rows: Floats, columns: Floats, which: npt.NDArray[np.intp]) -> Floats:
    """P x 16 x 16 coefficients of what the picture covers: on ground g, a copy is that on black less g times this."""
    covered: Floats = rows.sum(axis=2)[which[:, 0], :, None] * columns.sum(axis=2)[which[:, 1], None, :]
    return covered


_WHOLE: Floats = np.diff(_below(_EDGES[None]), axis=2)[0]


def reduced(square: Floats) -> Floats:
    """64 x 64 luma of the picture itself, as PDQ reduces it."""
    block: Floats = np.matmul(np.matmul(_WHOLE, square), _WHOLE.T)
    return block


def upright(square: Floats) -> Floats:
    """16 x 16 coefficients of the picture itself."""
    return transformed(reduced(square))


def transformed(blocks: Floats) -> Floats:
    """16 x 16 coefficients of 64 x 64 luma, or of a stack of them."""
    coefficients: Floats = np.matmul(np.matmul(_DCT, blocks), _DCT.T)
    return coefficients


def _blurring() -> Floats:
    """(GRID + 2 PAD) x GRID: PDQ's tent around every cell of the picture's axis and of PAD cells of ground beyond."""
    half = GRID // (2 * _SIDE)
    tent = np.convolve(np.ones(half), np.ones(half)) / half**2
    blurring = np.zeros((GRID + 2 * _PAD, GRID), np.float32)
    for shift, weight in zip(range(1 - half, half), tent, strict=True):
        blurring[np.arange(GRID) + _PAD + shift, np.arange(GRID)] = weight
    return blurring


_BLURRING = _blurring()
_SPAN = len(_BLURRING)


@lru_cache(maxsize=16)
def _tilted(
    aspect: float, angles: tuple[float, ...], grown: tuple[tuple[float, float], ...]
) -> tuple[npt.NDArray[np.intp], Floats]:
    """Four neighbours and their weights (4 x P x 64 x 64) for each sample of the tilted canvases."""
    points = (np.arange(_SIDE, dtype=np.float32) + 0.5) / _SIDE - 0.5
    turn = np.radians(np.asarray(angles, np.float32))[:, None, None]
    size = np.asarray(grown, np.float32)
    x = points[None, None, :] * size[:, 0, None, None] * aspect
    y = points[None, :, None] * size[:, 1, None, None]
    u = ((x * np.cos(turn) - y * np.sin(turn)) / aspect + 0.5) * GRID + _PAD - 0.5
    v = (x * np.sin(turn) + y * np.cos(turn) + 0.5) * GRID + _PAD - 0.5
    u, v = np.clip(u, 0, _SPAN - 1.001), np.clip(v, 0, _SPAN - 1.001)
    left, top = u.astype(np.intp), v.astype(np.intp)
    right, low = u - left, v - top
    first = top * _SPAN + left
    cells = np.stack([first, first + 1, first + _SPAN, first + _SPAN + 1])
    weights = np.stack([(1 - right) * (1 - low), right * (1 - low), (1 - right) * low, right * low])
    return cells, weights.astype(np.float32)


@lru_cache(maxsize=16)
def _covered(aspect: float, angles: tuple[float, ...], grown: tuple[tuple[float, float], ...]) -> Floats:
    lit = _BLURRING.sum(axis=1)
    cells, weights = _tilted(aspect, angles, grown)
    canvas = np.einsum("kpij,kpij->pij", (lit[:, None] * lit).ravel()[cells], weights)
    return transformed(canvas)


def tilt(
    square: Floats, aspect: float, angles: tuple[float, ...], grown: tuple[tuple[float, float], ...]
) -> tuple[Floats, Floats]:
    """P x 16 x 16 coefficients of tilted copies on black, and of what the picture covers: on ground g, less g times it.

    ``aspect`` is width over height; ``angles`` are degrees, counted as Pillow does (anticlockwise); ``grown`` are the
    canvas's width and height over the picture's.
    """
    cells, weights = _tilted(aspect, angles, grown)
    blurred = (_BLURRING @ square @ _BLURRING.T).ravel()
    canvas = np.einsum("kpij,kpij->pij", blurred[cells], weights)
    return transformed(canvas), _covered(aspect, angles, grown)


def above_median(coefficients: Floats) -> Bits:
    """P x 256 bits of P x 16 x 16 coefficients: above the (lower) median, as in PDQ."""
    flat = coefficients.reshape(len(coefficients), -1)
    middle = flat.shape[1] // 2 - 1
    above: Bits = flat > np.partition(flat, middle, axis=1)[:, middle, None]
    return above
