"""Predicted copies: fingerprints that a cropped, framed, captured, captioned or tilted copy will land close to.

It guarantees the fewest that it can find, at most the budget, each with the name of its derivation and exactly half its
bits set; equal luma gives equal fingerprints. It must never decode, nor return more than the classes asked for.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt

from takedown_cli.fingerprint import pdq
from takedown_cli.fingerprint import variants_copies as copies
from takedown_cli.fingerprint import variants_place as place
from takedown_cli.fingerprint.variants_cover import Centre, cover
from takedown_cli.fingerprint.variants_place import Bits, Floats
from takedown_cli.model import MIN_QUALITY

Luma = npt.NDArray[np.float32] | npt.NDArray[np.uint8]

#: The classes of copies, beside ``flips``, which ``dihedral.py`` gives exactly.
CLASSES = ("screens", "crops", "borders", "captions", "tilts")
#: Fingerprints of a picture at most, and of predicted copies: both readings and the seven turned copies come first.
MOST = 100
BUDGET = MOST - 9


@dataclass(frozen=True, slots=True)
class Variant:
    """``name`` tells the derivation (``crop:left:6``), ``value`` is 64 lower-case hexadecimal digits as for PDQ.

    ``quality`` (0 to 100) is the picture's own: a hash between those of several copies has none.
    """

    name: str
    value: str
    quality: int


@dataclass(frozen=True, slots=True)
class _Rule:
    """How a class is covered: by at most how many, its weight among classes, every how manieth copy is a first try."""

    most: int
    weight: float
    starts: int = 1


#: What one more fingerprint has to add, as a share of its class.
_LEAST = 0.002
_RULES = {
    "screens": _Rule(32, 2.0),
    "crops": _Rule(40, 1.0),
    "borders": _Rule(14, 0.6),
    "captions": _Rule(40, 1.5, starts=3),
    "tilts": _Rule(16, 0.6),
}


def predicted(luma: Luma, classes: frozenset[str], budget: int = BUDGET) -> list[Variant]:
    """Fingerprints of copies of the picture whose upright luma (H x W, 0 to 255, sides of 128 or more) is given.

    A long side of 512 pixels is enough. ``classes`` are of ``CLASSES``, others are left to others. The fingerprints
    that add most come first; a picture too poor to match (quality under 50) has none.
    """
    if min(luma.shape) < 1 or budget < 1:
        return []
    square = place.grid(luma)
    quality = pdq.quality(place.reduced(square).astype(np.float64))
    if quality < MIN_QUALITY:
        return []
    aspect = copies.rounded(luma.shape[1] / luma.shape[0])
    upright = place.above_median(place.upright(square)[None])
    streams = [_class(name, square, aspect, upright) for name in CLASSES if name in classes]
    # Merged as they come: what the budget has no room for is never looked for.
    best = heapq.merge(*streams, key=lambda each: -each[0])
    return _labelled(list(islice(best, budget)), quality)


def prepare(classes: frozenset[str], aspects: tuple[float, ...] = (4 / 3, 3 / 4)) -> None:
    """Compute once what ``predicted`` needs for these classes and shapes (width over height), about 0.2 s in all."""
    for aspect in map(copies.rounded, aspects):
        for name in CLASSES:
            if name in classes:
                simulated(name, np.zeros((place.GRID, place.GRID), np.float32), aspect)


def simulated(name: str, square: Floats, aspect: float) -> tuple[Bits, Floats, Floats, tuple[str, ...]]:
    """Hashes (P x 256), weights (summing to 1), radii (bits) and names of the copies of one class."""
    if name == "tilts":
        tilts = copies.tilts(aspect)
        black, covered = place.tilt(square, aspect, tilts.angles, tilts.grown)
        coefficients = black[tilts.which] - tilts.ground[:, None, None] * covered[tilts.which]
        return place.above_median(coefficients), tilts.weights, tilts.radii, tilts.names
    plan = copies.plan(name, aspect)
    seen: Floats = np.matmul(np.matmul(plan.down, square), plan.across.T)
    coefficients = place.place(seen, plan.rows, plan.columns, plan.which)[plan.shown] + plan.added
    return place.above_median(coefficients), plan.weights, plan.radii, plan.names


def _class(name: str, square: Floats, aspect: float, upright: Bits) -> Iterator[tuple[float, Centre, str]]:
    """Worth, centre and name of each fingerprint of one class, worth never rising."""
    rule = _RULES[name]
    bits, weights, radii, names = simulated(name, square, aspect)
    worth = rule.weight
    for centre in cover(bits, weights, radii, upright, least=_LEAST, most=rule.most, starts=rule.starts):
        worth = min(worth, rule.weight * centre.gain)
        yield worth, centre, names[centre.nearest]


def _labelled(chosen: list[tuple[float, Centre, str]], quality: int) -> list[Variant]:
    """Hexadecimal values as PDQ writes them (bit 255 first), equal ones once; a name used before gets a number."""
    seen: dict[str, int] = {}
    variants: dict[str, Variant] = {}
    for _, centre, name in chosen:
        value = np.packbits(centre.bits, bitorder="little")[::-1].tobytes().hex()
        if value in variants:
            continue
        seen[name] = seen.get(name, 0) + 1
        variants[value] = Variant(name if seen[name] == 1 else f"{name}.{seen[name]}", value, quality)
    return list(variants.values())
