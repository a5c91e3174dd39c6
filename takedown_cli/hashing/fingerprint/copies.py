"""Predicted copies: fingerprints close to those of a cropped, framed, captured, captioned or tilted copy.

Copies are simulated (``copy_transforms``, ``copy_geometry``). Then ``copy_selection`` chooses the fewest hashes that
are close to many of them.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from takedown_cli.core.model import MIN_QUALITY, Fingerprint
from takedown_cli.core.variants import COPY_KINDS
from takedown_cli.hashing.decoded import Floats, Pixels
from takedown_cli.hashing.fingerprint import copy_geometry, copy_transforms, pdq
from takedown_cli.hashing.fingerprint.copy_geometry import Bits
from takedown_cli.hashing.fingerprint.copy_selection import Centre, choose_centres

#: The kinds of copies, beside ``flips``, which ``pdq.dihedral_values`` gives exactly.
PREDICTED_KINDS = tuple(kind for kind in COPY_KINDS if kind != "flips")
#: Fingerprints of a picture at most, and of predicted copies: both methods and the seven turned copies come first.
MOST = 100
BUDGET = MOST - 9


@dataclass(frozen=True, slots=True)
class _Rule:
    """How a kind is covered.

    It has at most ``most`` fingerprints and counts ``weight`` among the kinds. Every ``starts``-th copy is tried as
    a first centre.
    """

    most: int
    weight: float
    starts: int = 1


#: What one more fingerprint has to add, as a share of its kind.
_LEAST = 0.002
_RULES = {
    "screens": _Rule(32, 2.0),
    "crops": _Rule(40, 1.2),
    "borders": _Rule(14, 0.6),
    "captions": _Rule(40, 1.3, starts=3),
    "tilts": _Rule(16, 0.6),
    "fits": _Rule(20, 1.2),
}


def predict_copies(
    luma: Floats | Pixels,
    kinds: frozenset[str],
    budget: int = BUDGET,
    frame: int | None = None,
    timestamp: float | None = None,
) -> list[Fingerprint]:
    """Return fingerprints of copies of the picture whose upright luma (H x W, 0 to 255) is given, the best first.

    A long side of 512 pixels is enough, and both sides should be 128 or more. ``kinds`` are of ``PREDICTED_KINDS``,
    others are ignored. The variant names the derivation (``crop:left:6``), the quality is the picture's own: a hash
    between those of several copies has none. A picture too poor to match (quality under 50) has no fingerprints here.
    """
    if min(luma.shape) < 1 or budget < 1:
        return []
    square = copy_geometry.average_to_grid(luma)
    block = copy_geometry.downsample_grid(square)
    quality = pdq.measure_quality(block)
    if quality < MIN_QUALITY:
        return []
    aspect = copy_transforms.round_aspect(luma.shape[1] / luma.shape[0])
    # What the mirrored picture itself catches is one of the flips, and no copy of another kind.
    known = copy_geometry.hash_bits(copy_geometry.transform_blocks(np.stack([block, block[:, ::-1]])))
    streams = [_choose_of_kind(name, square, aspect, known) for name in PREDICTED_KINDS if name in kinds]
    # Merged as they come: what the budget has no room for is never computed.
    best = heapq.merge(*streams, key=lambda each: -each[0])
    used: dict[str, int] = {}
    found: dict[str, Fingerprint] = {}
    for _, centre, name in islice(best, budget):
        # Bit 255 comes first in the digits, as PDQ writes them.
        value = np.packbits(centre.bits, bitorder="little")[::-1].tobytes().hex()
        if value not in found:
            used[name] = used.get(name, 0) + 1
            variant = name if used[name] == 1 else f"{name}.{used[name]}"
            found[value] = Fingerprint("pdq", value, pdq.FULL, variant, quality, frame, timestamp)
    return list(found.values())


def prepare_tables(kinds: frozenset[str], aspects: tuple[float, ...] = (4 / 3, 3 / 4)) -> None:
    """Compute once what ``predict_copies`` needs for these kinds and shapes (width over height): about 0.2 s."""
    for aspect in map(copy_transforms.round_aspect, aspects):
        for name in PREDICTED_KINDS:
            if name in kinds:
                simulate_kind(name, np.zeros((copy_geometry.GRID, copy_geometry.GRID), np.float32), aspect)


def simulate_kind(name: str, square: Floats, aspect: float) -> tuple[Bits, Floats, Floats, tuple[str, ...]]:
    """Return hashes (P x 256), weights (summing to 1), radii (bits) and names of the copies of one kind."""
    if name == "tilts":
        tilts = copy_transforms.plan_tilts(aspect)
        black, covered = copy_geometry.tilt_copies(square, aspect, tilts.angles, tilts.grown)
        coefficients = black[tilts.which] - tilts.backgrounds[:, None, None] * covered[tilts.which]
        return copy_geometry.hash_bits(coefficients), tilts.weights, tilts.radii, tilts.names
    placed = copy_transforms.plan_copies(name, aspect)
    reduced: Floats = np.matmul(np.matmul(placed.down, square), placed.across.T)
    each = copy_geometry.place_copies(reduced, placed.rows, placed.columns, placed.which)
    return copy_geometry.hash_bits(each[placed.shown] + placed.added), placed.weights, placed.radii, placed.names


def _choose_of_kind(name: str, square: Floats, aspect: float, known: Bits) -> Iterator[tuple[float, Centre, str]]:
    """Yield worth, centre and name of each fingerprint of one kind, worth never rising."""
    rule = _RULES[name]
    bits, weights, radii, names = simulate_kind(name, square, aspect)
    worth = rule.weight
    for centre in choose_centres(bits, weights, radii, known, least=_LEAST, most=rule.most, starts=rule.starts):
        worth = min(worth, rule.weight * centre.gain)
        yield worth, centre, names[centre.nearest]
