"""The index finds every PDQ within 31 bits and no other, whatever is added, removed or asked meanwhile."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Iterable

import numpy as np
import pytest

from takedown_cli.core.model import MATCH_DISTANCE
from takedown_cli.platform import index as module
from takedown_cli.platform.index import NEAR, PARTS, PdqIndex, Words, to_words
from tests.waiting import PATIENCE


def random_words(count: int, seed: int) -> Words:
    return np.random.default_rng(seed).integers(0, 2**64, (count, 4), dtype=np.uint64)


def moved(words: Words, seed: int, most: int = 48) -> Words:
    """Each PDQ with some bits changed, 0 to ``most`` of them, anywhere."""
    random = np.random.default_rng(seed)
    changed = words.copy()
    for row in changed:
        for bit in random.choice(256, random.integers(0, most + 1), replace=False):
            row[bit // 64] ^= np.uint64(1) << np.uint64(bit % 64)
    return changed


def hexadecimal(words: Words) -> list[str]:
    return ["".join(f"{int(word):016x}" for word in row) for row in words]


def by_brute_force(listed: Words, asked: Words) -> set[tuple[int, int, int]]:
    """Number asked, number listed, distance: all within the matching distance."""
    found = set()
    for number, one in enumerate(asked):
        apart = np.bitwise_count(listed ^ one).sum(axis=1)
        found |= {(number, int(at), int(apart[at])) for at in np.flatnonzero(apart <= MATCH_DISTANCE)}
    return found


def by_index(index: PdqIndex, asked: Words) -> set[tuple[int, int, int]]:
    hits = index.search_words(asked)
    found = {(hit.number, hit.entry, hit.distance) for hit in hits}
    assert len(found) == len(hits), "each once"
    return found


def filled(words: Words, numbers: Iterable[int] | None = None) -> PdqIndex:
    return PdqIndex(zip(hexadecimal(words), range(len(words)) if numbers is None else numbers, strict=True))


def test_two_pdqs_within_the_distance_are_near_in_a_part() -> None:
    assert PARTS * (NEAR + 1) > MATCH_DISTANCE


def test_it_finds_what_brute_force_finds() -> None:
    listed = random_words(20_000, 1)
    asked = np.concatenate([moved(listed[:2000], 2), random_words(500, 3)])
    assert by_index(filled(listed), asked) == by_brute_force(listed, asked)


@pytest.mark.slow
def test_it_finds_what_brute_force_finds_among_many() -> None:
    listed = random_words(100_000, 4)
    asked = np.concatenate([moved(listed[:5000], 5), random_words(5000, 6)])
    index = PdqIndex()
    index.reserve(len(listed))
    index.add_words(listed, list(range(len(listed))))
    assert by_index(index, asked) == by_brute_force(listed, asked)


def test_pdqs_that_are_like_each_other_are_all_found() -> None:
    """As the predicted copies of one picture are: long chains, in every part."""
    listed = moved(np.repeat(random_words(4, 7), 300, axis=0), 8, most=20)
    listed = np.unique(listed, axis=0)
    asked = moved(listed[::50], 9, most=25)
    assert by_index(filled(listed), asked) == by_brute_force(listed, asked)


def test_nothing_one_and_duplicates() -> None:
    index = PdqIndex()
    value = "f0" * 32
    assert index.search([value]) == index.search([]) == []
    assert not index.remove(value, 1)
    index.add(value, 1)
    assert [(hit.entry, hit.distance) for hit in index.search([value])] == [(1, 0)]
    index.add_all([(value, 2), (value, 2), ("0f" * 32, 3)])
    assert sorted(hit.entry for hit in index.search([value])) == [1, 2, 2]
    assert len(index) == 4
    assert index.remove(value, 2)
    assert not index.remove(value, 3)
    assert index.remove(value, 1)
    assert [hit.entry for hit in index.search([value])] == [2]
    assert index.remove(value, 2)
    assert index.search([value]) == []
    assert len(index) == 1


def test_entries_may_be_anything() -> None:
    index = PdqIndex([("f0" * 32, 7)])
    index.add("0f" * 32, {"id": "record"})
    assert [hit.entry for hit in index.search(["f0" * 32, "0f" * 32])] == [7, {"id": "record"}]
    assert index.remove("0f" * 32, {"id": "record"})


def test_numbers_of_any_size_stay_what_they_are() -> None:
    values = hexadecimal(random_words(6, 20))
    numbers = [0, 2**32 - 1, 2**32, -1, 2**70, 5]
    index = PdqIndex()
    for value, number in zip(values, numbers, strict=True):
        index.add(value, number)
    for each in (index, pickle.loads(pickle.dumps(index))):
        assert [hit.entry for hit in each.search(values)] == numbers


@pytest.mark.parametrize("value", ["", "f0", "f0" * 33, "xy" * 32, "F0" * 31 + " f"])
def test_what_is_no_pdq_is_refused(value: str) -> None:
    index = PdqIndex()
    for act in (lambda: index.add(value, 1), lambda: index.search([value]), lambda: index.remove(value, 1)):
        with pytest.raises(ValueError) as refused:  # noqa: PT011 - the kind is what callers rely on
            act()
        assert value not in str(refused.value) or not value
    assert len(index) == 0


def test_additions_and_removals_in_any_order_leave_what_remains() -> None:
    listed = random_words(4000, 10)
    values, random = hexadecimal(listed), np.random.default_rng(11)
    index, present = PdqIndex(), set[int]()
    for number in random.integers(0, len(values), 12_000).tolist():
        if number in present:
            assert index.remove(values[number], number)
            present.remove(number)
        else:
            index.add(values[number], number)
            present.add(number)
    assert len(index) == len(present)
    kept = sorted(present)
    asked = moved(listed, 12)
    expected = {(number, kept[at], apart) for number, at, apart in by_brute_force(listed[kept], asked)}
    assert by_index(index, asked) == expected
    assert index.nbytes < 120 * len(values) * 3, "removed places are used again"


def test_it_is_the_same_after_it_was_stored() -> None:
    listed = random_words(3000, 13)
    index = filled(listed)
    values = hexadecimal(listed)
    index.add(values[5], 100_005)
    for number in range(0, 3000, 3):
        index.remove(values[number], number)
    asked = moved(listed, 14)
    expected = by_index(index, asked)
    again = pickle.loads(pickle.dumps(index))
    assert by_index(again, asked) == expected
    assert len(again) == len(index)
    again.add(values[0], 0)
    assert again.remove(values[5], 100_005)
    empty = pickle.loads(pickle.dumps(PdqIndex()))
    assert empty.search(values[:1]) == []


def test_it_may_be_asked_while_it_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stays is found every time, whatever is added and removed beside it."""
    monkeypatch.setattr(module, "_SMALLEST", 64)
    stays = random_words(500, 15)
    comes = hexadecimal(moved(stays, 16, most=10))
    index = filled(stays)
    missed: list[str] = []
    end = threading.Event()

    def ask() -> None:
        while not end.is_set():
            found = {hit.entry for hit in index.search_words(stays) if hit.distance == 0}
            if not {*range(len(stays))} <= found:
                missed.append("something that stays was not found")

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(4):
            for number, value in enumerate(comes):
                index.add(value, 1000 + number)
            for number, value in enumerate(comes):
                assert index.remove(value, 1000 + number)
    finally:
        end.set()
        for thread in threads:
            thread.join(PATIENCE)
    assert not missed
    assert len(index) == len(stays)


def test_a_hash_takes_less_memory_than_its_bar() -> None:
    count = 200_000
    index = PdqIndex()
    index.reserve(count)
    index.add_words(random_words(count, 17), list(range(count)))
    assert index.nbytes <= 120 * count


def test_values_are_read_with_the_first_digit_as_the_highest_bit() -> None:
    assert hexadecimal(to_words(["0123456789abcdef" * 4, "f" * 64])) == ["0123456789abcdef" * 4, "f" * 64]
