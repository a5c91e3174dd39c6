"""Many hashes against many: how many pairs are near, and the least distance. Thousands of millions take a minute.

It counts and compares. It does not know what the hashes are of, but for the scenes that each of them shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from takedown_cli.core.model import MATCH_DISTANCE
from tests.benchmarks.pictures import Bits

Words = npt.NDArray[np.uint64]
Owners = npt.NDArray[np.int64]
#: Hashes that are asked for at once, and listed ones that they are compared with at once: what stays in the cache.
_ASKED, _LISTED = 8, 8192
_WORDS = 4


@dataclass(frozen=True, slots=True)
class Compared:
    """Pairs of hashes that show nothing in common, those that match all the same, and the least distance in bits.

    ``near`` has the place of each of those in both lists.
    """

    pairs: int
    near: tuple[tuple[int, int], ...]
    least: int


def count_false(scenes: Sequence[tuple[Bits, Bits, Bits, int]], strangers: Sequence[Bits]) -> Compared:
    """Compare all readings with all lists, but not with those of the scene that a copy shows.

    Each scene has the readings of its copies, what is listed of it, what is listed of its screenshots, and the number
    of the scene that its copies show too. ``strangers`` are listed as well.
    """
    asked = np.concatenate([readings for readings, _, _, _ in scenes])
    shown = np.array([(number, other) for number, (_, _, _, other) in enumerate(scenes)], np.int64)
    lists = [np.concatenate([listed, screens]) for _, listed, screens, _ in scenes] + [*strangers]
    owners = np.repeat(np.arange(len(lists)), [len(each) for each in lists])
    readings = np.repeat(shown, [len(readings) for readings, _, _, _ in scenes], axis=0)
    return compare(to_words(asked), readings, to_words(np.concatenate(lists)), owners)


def count_missing(scenes: Sequence[tuple[Bits, Bits, Bits, int]], strangers: Sequence[Bits], pairs: int) -> int:
    """Return how many strangers are missing until ``count_false`` compares ``pairs`` pairs.

    Each is taken to have as many fingerprints as the longest list of a scene, so ask again with those that were found.
    """
    lists = [len(listed) + len(screens) for _, listed, screens, _ in scenes]
    total = sum(lists) + sum(map(len, strangers))
    compared = sum(
        len(readings) * (total - sum(lists[shown] for shown in {number, other}))
        for number, (readings, _, _, other) in enumerate(scenes)
    )
    each = sum(len(readings) for readings, _, _, _ in scenes) * max(len(listed) for _, listed, _, _ in scenes)
    return max(0, -(-(pairs - compared) // each))


def compare(asked: Words, shown: Owners, listed: Words, owners: Owners) -> Compared:
    """Compare N x 4 with M x 4 words, without the pairs whose owner (M) is one of those shown (N x K)."""
    columns = np.ascontiguousarray(listed.T)
    pairs, least, near = 0, 64 * _WORDS, list[tuple[int, int]]()
    for low in range(0, len(listed), _LISTED):
        block, theirs = columns[:, low : low + _LISTED], owners[low : low + _LISTED]
        for first in range(0, len(asked), _ASKED):
            distances = _count_bits(asked[first : first + _ASKED], block)
            same = (shown[first : first + _ASKED, :, None] == theirs).any(axis=1)
            pairs += same.size - int(np.count_nonzero(same))
            distances[same] = 64 * _WORDS
            nearest = int(distances.min())
            if nearest <= MATCH_DISTANCE:
                places = np.argwhere(distances <= MATCH_DISTANCE)
                near += [(first + row, low + column) for row, column in places.tolist()]
            least = min(least, nearest)
    return Compared(pairs, tuple(near), least)


def _count_bits(asked: Words, block: Words) -> npt.NDArray[np.uint16]:
    """Return the Hamming distances of N x 4 words to 4 x M."""
    total = np.zeros((len(asked), block.shape[1]), np.uint16)
    for word in range(_WORDS):
        total += np.bitwise_count(asked[:, word, None] ^ block[word])
    return total


def to_words(bits: Bits) -> Words:
    """Return N x 256 bits as N x 4 words."""
    return np.packbits(bits, axis=1).view(np.uint64)
