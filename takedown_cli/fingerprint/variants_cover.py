"""The fewest hashes that cover many: a greedy choice of centres in Hamming space.

It guarantees that every centre has exactly half its bits set, as a real PDQ has, and that equal input gives equal
centres in equal order. It must never return a centre that covers nothing new.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from takedown_cli.fingerprint.variants_place import Bits, Floats

BITS = 256
#: Bits beyond its radius from which a centre looks for its first middle.
_FARTHER = 14
#: Bits beyond its radius from which a hash can still be covered when a centre has moved; what is farther is not asked.
_AROUND = 24
#: Which of two bits with equal votes is set: the later one, in whatever order they are met.
_TIES = np.arange(BITS, dtype=np.float32) * np.float32(1e-9)


@dataclass(frozen=True, slots=True)
class Centre:
    """``bits`` (256), the share of all weight that it was first to cover, and the index of the hash nearest to it."""

    bits: Bits
    gain: float
    nearest: int


def signs(bits: Bits) -> Floats:
    """±1 for bits: the product of two rows is 256 less twice their Hamming distance."""
    return np.where(bits, np.float32(1), np.float32(-1))


def cover(
    bits: Bits, weights: Floats, radii: Floats, known: Bits, *, least: float, most: int, starts: int = 1
) -> Iterator[Centre]:
    """At most ``most`` centres, best first, each first to cover at least ``least`` of the weight (which sums to 1).

    ``bits`` is P x 256, ``known`` K x 256: hash p is covered by what lies within ``radii[p]`` of it, and what a known
    hash covers needs no centre. A centre need not be one of the hashes: the middle of those that one covers often
    covers more. Only every ``starts``-th hash is tried for a first centre, which saves time where there are many.
    """
    near = (BITS - 2 * radii).astype(np.float32)
    every = signs(bits)
    left = weights * ~((every @ signs(known).T).max(axis=1) >= near)
    products = every[::starts] @ every.T
    covers = np.ascontiguousarray((products >= near).T).astype(np.float32)
    gains = (left @ covers) * (bits[::starts].sum(axis=1) == BITS // 2)
    for _ in range(most):
        first = int(gains.argmax())
        if gains[first] < least:
            return
        around = np.flatnonzero(products[first] >= near - 2 * _AROUND)
        centre, reached = _moved(every[around], left[around], every[first * starts], near[around])
        new = around[reached]
        new = new[left[new] > 0]
        yield Centre(centre > 0, float(left[new].sum()), int(around[(every[around] @ centre).argmax()]))
        # What it covers is taken off once, which is far less than adding up anew what is left.
        gains -= left[new] @ covers[new]
        left[new] = 0


def _moved(every: Floats, left: Floats, start: Floats, near: Floats) -> tuple[Floats, Bits]:
    """The best of ``start`` and the middles of what lies around it, and what that one covers."""
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
    """The hash that agrees with most of the members, bit by bit, of all that have half their bits set."""
    votes = weights @ members + 1e-6 * was + _TIES
    middle = np.full(BITS, np.float32(-1))
    middle[np.argpartition(votes, BITS // 2)[BITS // 2 :]] = 1
    return middle
