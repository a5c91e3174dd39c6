"""Chooses the fewest hashes that cover many others: a greedy choice of centres in Hamming space.

Every centre has exactly half its bits set, as a real PDQ has, and covers something new.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from takedown_cli.hashing.decoded import Floats
from takedown_cli.hashing.fingerprint.copy_geometry import Bits

BITS = 256
#: Bits beyond its radius from which a centre looks for its first middle.
_FARTHER = 14
#: Bits beyond its radius from which a hash can still be covered when a centre has moved; what is farther is ignored.
_AROUND = 24
#: Which of two bits with equal votes is set: the later one, in whatever order they are met.
_TIES = np.arange(BITS, dtype=np.float32) * np.float32(1e-9)


@dataclass(frozen=True, slots=True)
class Centre:
    """``bits`` (256), the share of all weight that it was first to cover, and the index of the hash nearest to it."""

    bits: Bits
    gain: float
    nearest: int


def _signs(bits: Bits) -> Floats:
    """Return ±1 for bits: the product of two rows is 256 less twice their Hamming distance."""
    return np.where(bits, np.float32(1), np.float32(-1))


def choose_centres(
    bits: Bits, weights: Floats, radii: Floats, known: Bits, *, least: float, most: int, starts: int = 1
) -> Iterator[Centre]:
    """Yield at most ``most`` centres, best first; each covers ``least`` of the weight (which sums to 1) before others.

    ``bits`` is P x 256, ``known`` K x 256: hash p is covered by what lies within ``radii[p]`` of it, and what a known
    hash covers needs no centre. A centre need not be one of the hashes: the middle of those that one covers often
    covers more. Only every ``starts``-th hash is tried for a first centre, which saves time where there are many.
    """
    # Greedy maximum coverage: take the centre that covers most of the weight that is left, then look again. Distances
    # are products of rows of +1 and -1 throughout, since matrix products are what the machine is fastest at.
    near = (BITS - 2 * radii).astype(np.float32)
    every = _signs(bits)
    left = weights * ~((every @ _signs(known).T).max(axis=1) >= near)
    products = every[::starts] @ every.T
    covers = np.ascontiguousarray((products >= near).T).astype(np.float32)
    gains = (left @ covers) * (bits[::starts].sum(axis=1) == BITS // 2)
    for _ in range(most):
        first = int(gains.argmax())
        if gains[first] < least:
            return
        around = np.flatnonzero(products[first] >= near - 2 * _AROUND)
        centre, reached = _best_middle(every[around], left[around], every[first * starts], near[around])
        new = around[reached]
        new = new[left[new] > 0]
        yield Centre(centre > 0, float(left[new].sum()), int(around[(every[around] @ centre).argmax()]))
        # What it covers is taken off once, which is far less than adding up anew what is left.
        gains -= left[new] @ covers[new]
        left[new] = 0


def _best_middle(every: Floats, left: Floats, start: Floats, near: Floats) -> tuple[Floats, Bits]:
    """Return the best of ``start`` and the middles of what lies around it, and what that one covers."""
    # Move the centre to the middle of what it covers, see what it covers from there, and again while that gains. Tried
    # from what it covers at first, and from what lies a little beyond, because the first may be stuck at once.
    products = every @ start
    best, reached = start, products >= near
    gain = float(left[reached].sum())
    for around in (reached, products >= near - 2 * _FARTHER):
        centre, covered = start, around
        for _ in range(3):
            centre = _middle(every[covered], left[covered], centre)
            covered = every @ centre >= near
            if float(left[covered].sum()) <= gain:
                break
            best, reached, gain = centre, covered, float(left[covered].sum())
    return best, reached


def _middle(members: Floats, weights: Floats, was: Floats) -> Floats:
    """Return the hash with half its bits set that agrees with most of the members, bit by bit."""
    # A bit on which the members are even stays as it was. The bits with most votes are set, half of all, as in a PDQ.
    votes = weights @ members + 1e-6 * was + _TIES
    middle = np.full(BITS, np.float32(-1))
    middle[np.argpartition(votes, BITS // 2)[BITS // 2 :]] = 1
    return middle
