"""Many hashes against many: every pair but those of one scene is compared, and what is near is found."""

from __future__ import annotations

import numpy as np
import pytest

from takedown_cli.core.model import MATCH_DISTANCE
from tests.benchmarks.pictures import Bits
from tests.benchmarks.reposts import strangers
from tests.benchmarks.reposts.strangers import compare, count_false, count_missing, to_words

NOBODY = -1


def drawn(seed: int, count: int) -> Bits:
    return np.random.default_rng(seed).random((count, 256)) < 0.5


def turned_over(hashes: Bits, bits: int) -> Bits:
    """Return the hashes with their first bits turned over."""
    other = hashes.copy()
    other[:, :bits] ^= True
    return other


def nobody(count: int) -> strangers.Owners:
    return np.full((count, 1), NOBODY)


def test_all_pairs_are_counted_and_the_least_distance_is_that_of_the_nearest() -> None:
    asked, listed = drawn(1, 37), drawn(2, 211)
    found = compare(to_words(asked), nobody(37), to_words(listed), np.zeros(211, np.int64))
    assert found.pairs == 37 * 211
    assert found.least == (asked[:, None] != listed).sum(axis=2).min()
    assert found.near == ()


@pytest.mark.parametrize("bits", [0, 1, MATCH_DISTANCE])
def test_what_is_near_is_found_with_its_places(bits: int) -> None:
    asked, listed = drawn(3, 20), drawn(4, 50)
    listed[47] = turned_over(asked[13:14], bits)[0]
    found = compare(to_words(asked), nobody(20), to_words(listed), np.zeros(50, np.int64))
    assert found.near == ((13, 47),)
    assert found.least == bits


def test_what_is_one_bit_too_far_is_no_match() -> None:
    hashes = drawn(5, 3)
    far = turned_over(hashes, MATCH_DISTANCE + 1)
    found = compare(to_words(hashes), nobody(3), to_words(far), np.zeros(3, np.int64))
    assert (found.near, found.least) == ((), MATCH_DISTANCE + 1)


def test_more_than_one_block_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, listed = drawn(6, 9), drawn(7, 30)
    listed[29] = asked[8]
    monkeypatch.setattr(strangers, "_LISTED", 4)
    monkeypatch.setattr(strangers, "_ASKED", 2)
    found = compare(to_words(asked), nobody(9), to_words(listed), np.zeros(30, np.int64))
    assert (found.pairs, found.near, found.least) == (270, ((8, 29),), 0)


def test_a_copy_is_not_compared_with_either_scene_that_it_shows() -> None:
    lists = [drawn(seed, 5) for seed in range(10, 13)]
    screens = [drawn(seed, 2) for seed in range(20, 23)]
    # The copies of each scene show the next one too: both lists are in them, and neither is a false match.
    scenes = [(np.concatenate([lists[n], lists[(n + 1) % 3]]), lists[n], screens[n], (n + 1) % 3) for n in range(3)]
    found = count_false(scenes, [drawn(30, 4)])
    assert found.near == ()
    assert found.pairs == 3 * 10 * (7 + 4)


def test_a_false_match_with_a_stranger_or_a_screenshot_is_found() -> None:
    listed, screens = [drawn(seed, 5) for seed in (40, 41, 42)], [drawn(seed, 2) for seed in (50, 51, 52)]
    unknown = drawn(60, 4)
    readings = [drawn(70, 6), np.concatenate([unknown[:1], screens[0][:1]]), drawn(71, 6)]
    found = count_false([(readings[n], listed[n], screens[n], (n + 1) % 3) for n in range(3)], [unknown])
    assert sorted(asked for asked, _ in found.near) == [6, 7]
    assert found.least == 0


@pytest.mark.parametrize("lengths", [(5, 5), (3, 1)])
def test_strangers_are_asked_for_until_there_are_enough_pairs(lengths: tuple[int, int]) -> None:
    scenes = [(drawn(n, 8), drawn(80 + n, 5), drawn(90 + n, 2), (n + 1) % 3) for n in range(3)]
    assert count_missing(scenes, [], 0) == 0
    unknown: list[Bits] = []
    while missing := count_missing(scenes, unknown, 1000):
        unknown += [drawn(100 + len(unknown) + n, lengths[n % 2]) for n in range(missing)]
    assert count_false(scenes, unknown).pairs >= 1000
    assert count_false(scenes, unknown[:-1]).pairs < 1000
