"""An index of PDQs that finds every one within 31 bits, and that grows and shrinks while it is asked.

By the pigeonhole principle: a PDQ has eleven parts that do not overlap. Two PDQs within 31 bits are within 2 bits in
one of them, because eleven parts with 3 bits or more each would be 33. So it is enough to look, for each part, at the
PDQs whose part differs from the asked one in at most 2 bits, and to count the bits of those.

Each part has a table of chains: the value of the part leads to the newest PDQ that has it, and that one to the next.
An addition writes eleven heads, a removal unlinks eleven links, and nothing is ever rebuilt.
Source of the idea: multi-index hashing, Norouzi, Punjani, Fleet, "Fast search in Hamming space with multi-index
hashing", CVPR 2012.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from takedown_cli.core.model import MATCH_DISTANCE

Words = npt.NDArray[np.uint64]
Ids = npt.NDArray[np.uint32]
Places = npt.NDArray[np.int64]

WORDS: Final = 4
PARTS: Final = 11
#: Two PDQs within MATCH_DISTANCE differ by at most this many bits in at least one part.
NEAR: Final = MATCH_DISTANCE // PARTS
#: Bits of a part: a table of fewer would have long chains, and eleven parts have no more.
_FEWEST_BITS: Final = 6
_MOST_BITS: Final = 256 // PARTS
#: The largest number that an entry may be to be stored as one.
_LARGEST: Final = 2**32 - 1
#: Places in a table at least.
_SMALLEST: Final = 1024
#: PDQs that are added at once: beyond that, sorting them takes more memory than it saves time.
_CHUNK: Final = 1 << 16
#: PDQs asked for together: their chains are followed in step.
_TOGETHER: Final = 64

assert (NEAR + 1) * PARTS > MATCH_DISTANCE


def to_words(values: Sequence[str]) -> Words:
    """Return PDQs (64 hexadecimal digits each) as an array, N x 4. Raise ValueError for anything else."""
    raw = bytes.fromhex("".join(values))
    if any(len(value) != 64 for value in values):
        raise ValueError
    return np.frombuffer(raw, ">u8").astype(np.uint64).reshape(len(values), WORDS)


@lru_cache(maxsize=32)
def _probes(bits: int) -> Places:
    """Return what to combine a part's value with (exclusive or) for all values within NEAR bits."""
    flips = [sum(1 << bit for bit in some) for size in range(NEAR + 1) for some in combinations(range(bits), size)]
    return np.array(flips, np.int64)


def _part_values(words: Words, bits: int) -> Places:
    """Return the parts of PDQs, N x PARTS. Bits that belong to no part are never looked at here."""
    word, offset = np.divmod(np.arange(PARTS) * bits, 64)
    offset = offset.astype(np.uint64)
    padded = np.concatenate([words, np.zeros((len(words), 1), np.uint64)], axis=1)
    # A part may begin in one word and end in the next. Two shifts, since one by 64 bits has no meaning.
    beginning = padded[:, word] << offset
    rest = padded[:, word + 1] >> np.uint64(1) >> (np.uint64(63) - offset)
    return ((beginning | rest) >> np.uint64(64 - bits)).astype(np.int64)


def _count_bits(words: Words) -> npt.NDArray[np.uint32]:
    """Return the number of set bits of each row, N x 4. Summing along the rows takes three times as long."""
    counts = np.bitwise_count(words).view(np.uint32).ravel()
    pairs = (counts & np.uint32(0x00FF00FF)) + (counts >> np.uint32(8) & np.uint32(0x00FF00FF))
    return (pairs & np.uint32(0xFFFF)) + (pairs >> np.uint32(16))


class _Table:
    """PDQs in numbered slots, and the chains that lead to them. A slot is counted from 1 in the chains; 0 ends them.

    All memory is asked for at once. The system gives it page by page, when something is written.
    """

    def __init__(self, capacity: int) -> None:
        # A search spends its time on following chains, so they should be short. But the heads may take up to 40 bytes
        # for each PDQ, which is a tenth less than one head a part.
        self.bits = min(max((capacity * 10 // 11).bit_length() - 1, _FEWEST_BITS), _MOST_BITS)
        self.words = np.empty((capacity, WORDS), np.uint64)
        self.next = np.empty(capacity * PARTS, np.uint32)
        self.heads = np.zeros(PARTS << self.bits, np.uint32)
        self.used = 0
        self.free: list[int] = []

    @classmethod
    def stored(cls, bits: int, words: Words, following: Ids, heads: Ids, free: list[int]) -> Self:
        """Return a table with this content, and no further place."""
        table = cls.__new__(cls)
        table.bits, table.words, table.next, table.heads = bits, words, following, heads
        table.used, table.free = len(words), free
        return table

    @property
    def capacity(self) -> int:
        return len(self.words)

    @property
    def nbytes(self) -> int:
        """The bytes that are in use."""
        return self.heads.nbytes + self.used * (WORDS * 8 + PARTS * 4)

    def keys(self, words: Words) -> Places:
        """Return the places of the heads of PDQs, N x PARTS."""
        return _part_values(words, self.bits) + (np.arange(PARTS, dtype=np.int64) << self.bits)

    def take_slots(self, count: int, *, may_reuse: bool) -> Places:
        """Return so many slots that hold nothing: used ones again, unless somebody may still follow their links."""
        again = [self.free.pop() for _ in range(min(count, len(self.free)))] if may_reuse else []
        fresh = np.arange(self.used, self.used + count - len(again))
        self.used += len(fresh)
        return np.concatenate([np.array(again, np.int64), fresh])

    def room(self, *, may_reuse: bool) -> int:
        return self.capacity - self.used + (len(self.free) if may_reuse else 0)

    def add(self, words: Words, slots: Places) -> None:
        """Write PDQs to slots, and put them in front of their chains."""
        self.words[slots] = words
        for part, unsorted in enumerate(self.keys(words).T):
            order = np.argsort(unsorted)
            keys, ids = unsorted[order], slots[order]
            first = np.ones(len(keys), bool)
            np.not_equal(keys[1:], keys[:-1], out=first[1:])
            begin = np.flatnonzero(first)
            # Each is followed by the one before it of the same key; the first of a key, by the old head.
            following = np.empty(len(keys), np.uint32)
            following[1:] = ids[:-1] + 1
            following[begin] = self.heads[keys[begin]]
            # The links are written before the heads: a search meanwhile finds the old chain or the new one.
            self.next[ids * PARTS + part] = following
            newest = np.append(begin[1:], len(keys)) - 1
            self.heads[keys[newest]] = ids[newest] + 1

    def remove(self, slot: int) -> None:
        """Take a slot out of its chains. Its own links stay, for those who are following them."""
        for part, key in enumerate(self.keys(self.words[slot : slot + 1])[0]):
            following = self.next[slot * PARTS + part]
            if self.heads[key] == slot + 1:
                self.heads[key] = following
                continue
            link = (int(self.heads[key]) - 1) * PARTS + part
            while self.next[link] != slot + 1:
                link = (int(self.next[link]) - 1) * PARTS + part
            self.next[link] = following
        self.free.append(slot)

    def slots_of(self, words: Words) -> Places:
        """Return the slot of each PDQ (N x 4), or -1 where it has none."""
        found = np.full(len(words), -1, np.int64)
        who, at = np.arange(len(words)), self.heads[self.keys(words)[:, 0]].astype(np.int64)
        while True:
            alive = np.flatnonzero(at)
            if not len(alive):
                return found
            who, slots = who[alive], at[alive] - 1
            equal = (self.words[slots] == words[who]).all(axis=1)
            found[who[equal]] = slots[equal]
            who, at = who[~equal], self.next[slots[~equal] * PARTS].astype(np.int64)

    def search(self, words: Words) -> tuple[Places, Places, npt.NDArray[np.uint32]]:
        """Return which asked PDQ found which slot, and the distance, for all within MATCH_DISTANCE; each once."""
        probes = _probes(self.bits)
        heads = np.take(self.heads, (self.keys(words)[:, :, None] ^ probes).reshape(-1))
        begun = np.flatnonzero(heads)
        at = heads[begun].astype(np.int64) - 1
        who, part = np.divmod(begun, PARTS * len(probes))
        part //= len(probes)
        reached: list[tuple[Places, Places]] = []
        while len(at):
            reached.append((who, at))
            following = np.take(self.next, at * PARTS + part)
            alive = np.flatnonzero(following)
            at = following[alive].astype(np.int64) - 1
            who, part = who[alive], part[alive]
        if not reached:
            return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.uint32)
        who = np.concatenate([some for some, _ in reached])
        at = np.concatenate([some for _, some in reached])
        apart = _count_bits(np.take(self.words, at, axis=0) ^ np.take(words, who, axis=0))
        near = apart <= MATCH_DISTANCE
        # One that is near in several parts was reached in each of them.
        pairs, once = np.unique(who[near] * self.capacity + at[near], return_index=True)
        return pairs // self.capacity, pairs % self.capacity, apart[near][once]


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry whose PDQ is ``distance`` bits from the asked one of this ``number``, counted from 0."""

    number: int
    entry: Any
    distance: int


class PdqIndex:
    """PDQs with an entry each, such as an id; several entries may have one PDQ.

    Any thread may ask at any time, and change it: changes wait for each other, and nobody who asks waits for long.
    """

    def __init__(self, entries: Iterable[tuple[str, Any]] = ()) -> None:
        self._tables: list[_Table] = []
        #: Of each table, the entry in each slot: numbers as they are, or anything else.
        self._entries: list[npt.NDArray[Any]] = []
        #: Further entries of a PDQ, by table and slot.
        self._more: dict[tuple[int, int], list[Any]] = {}
        self._count = 0
        self._asking = 0
        self._lock = threading.RLock()
        self.add_all(entries)

    def __len__(self) -> int:
        return self._count

    @property
    def nbytes(self) -> int:
        """The bytes that PDQs, chains and numbers as entries take."""
        return sum(
            table.nbytes + entries.itemsize * table.used
            for table, entries in zip(self._tables, self._entries, strict=True)
        )

    # ------------------------------------------------------------------------------------------------------- changing

    def add(self, value: str, entry: Any) -> None:
        """Add an entry. Raise ValueError for a value that is no PDQ."""
        self.add_all([(value, entry)])

    def add_all(self, entries: Iterable[tuple[str, Any]]) -> None:
        """Add entries. Raise ValueError for a value that is no PDQ; those before it may have been added."""
        values: list[str] = []
        given: list[Any] = []
        for value, entry in entries:
            values.append(value)
            given.append(entry)
            if len(values) == _CHUNK:
                self.add_words(to_words(values), given)
                values, given = [], []
        if values:
            self.add_words(to_words(values), given)

    def add_words(self, words: Words, entries: Sequence[Any]) -> None:
        """Add entries with PDQs as an array, N x 4."""
        with self._lock:
            for begin in range(0, len(words), _CHUNK):
                self._add_chunk(words[begin : begin + _CHUNK], entries[begin : begin + _CHUNK])

    def reserve(self, count: int) -> None:
        """Make room for ``count`` PDQs in one table, in which a search takes less time than in several.

        Room for twice as many as there will be makes a search faster still, for 20 to 40 bytes a PDQ.
        """
        with self._lock:
            self._new_table(count)

    def _new_table(self, count: int) -> None:
        capacity = max(_SMALLEST, count)
        self._entries.append(np.empty(capacity, np.uint32))
        self._tables.append(_Table(capacity))

    def _add_chunk(self, words: Words, entries: Sequence[Any]) -> None:
        _, first = np.unique(np.ascontiguousarray(words).view(f"V{WORDS * 8}").ravel(), return_index=True)
        fresh: list[int] = []
        for position, place in zip(first.tolist(), self._find(words[first]), strict=True):
            if place is None:
                fresh.append(position)
            else:
                self._more.setdefault(place, []).append(entries[position])
        self._put(words[fresh], [entries[position] for position in fresh])
        if len(first) < len(words):  # a PDQ that is here several times
            again = np.setdiff1d(np.arange(len(words)), first)
            for position, place in zip(again.tolist(), self._find(words[again]), strict=True):
                assert place is not None
                self._more.setdefault(place, []).append(entries[position])
        self._count += len(words)

    def _put(self, words: Words, entries: Sequence[Any]) -> None:
        done = 0
        while done < len(words):
            may_reuse = self._asking == 0
            number = next((n for n, table in enumerate(self._tables) if table.room(may_reuse=may_reuse)), None)
            if number is None:
                self._new_table(max(len(words) - done, sum(table.capacity for table in self._tables) // 2))
                continue
            table = self._tables[number]
            count = min(len(words) - done, table.room(may_reuse=may_reuse))
            slots = table.take_slots(count, may_reuse=may_reuse)
            self._store_entries(number, slots, entries[done : done + count])
            table.add(words[done : done + count], slots)
            done += count

    def _store_entries(self, number: int, slots: Places, entries: Sequence[Any]) -> None:
        if self._entries[number].dtype != object and not all(
            type(entry) is int and 0 <= entry <= _LARGEST for entry in entries
        ):
            self._entries[number] = self._entries[number].astype(object)
        if self._entries[number].dtype == object:
            for slot, entry in zip(slots.tolist(), entries, strict=True):
                self._entries[number][slot] = entry
        else:
            self._entries[number][slots] = entries

    def remove(self, value: str, entry: Any) -> bool:
        """Remove an entry of a PDQ. Return whether it was there. Raise ValueError for a value that is no PDQ."""
        with self._lock:
            [place] = self._find(to_words([value]))
            if place is None:
                return False
            number, slot = place
            more = self._more.get(place, [])
            if self._entries[number][slot] == entry:
                if more:
                    self._entries[number][slot] = more.pop()
                else:
                    self._tables[number].remove(slot)
            elif entry in more:
                more.remove(entry)
            else:
                return False
            if not more:
                self._more.pop(place, None)
            self._count -= 1
            return True

    def _find(self, words: Words) -> list[tuple[int, int] | None]:
        """Return table and slot of each PDQ (N x 4), or None where it is not here."""
        found: list[tuple[int, int] | None] = [None] * len(words)
        for number, table in enumerate(self._tables):
            slots = table.slots_of(words)
            for position in np.flatnonzero(slots >= 0).tolist():
                found[position] = number, int(slots[position])
        return found

    # --------------------------------------------------------------------------------------------------------- asking

    def search(self, values: Sequence[str]) -> list[Hit]:
        """Return all entries within 31 bits of any of these PDQs, those of one upload together.

        Raise ValueError for a value that is no PDQ.
        """
        return self.search_words(to_words(values))

    def search_words(self, words: Words) -> list[Hit]:
        """Return all entries within 31 bits of any of these PDQs (N x 4)."""
        hits: list[Hit] = []
        with self._asked():
            for begin in range(0, len(words), _TOGETHER):
                for number, table in enumerate(self._tables[:]):
                    who, slots, apart = table.search(words[begin : begin + _TOGETHER])
                    for one, slot, distance in zip(who.tolist(), slots.tolist(), apart.tolist(), strict=True):
                        entries = [self._entries[number].item(slot), *self._more.get((number, slot), ())]
                        hits += [Hit(begin + one, entry, distance) for entry in entries]
        return hits

    @contextmanager
    def _asked(self) -> Iterator[None]:
        with self._lock:
            self._asking += 1
        try:
            yield
        finally:
            with self._lock:
                self._asking -= 1

    # --------------------------------------------------------------------------------------------------------- storing

    def __getstate__(self) -> dict[str, Any]:
        """Return what is stored: everything that is in use, chains too, since making them again takes longer."""
        with self._lock:
            return {
                "version": 1,
                "tables": [
                    (table.bits, table.words[: table.used], table.next[: table.used * PARTS], table.heads, table.free)
                    for table in self._tables
                ],
                "entries": [entries[: table.used] for entries, table in zip(self._entries, self._tables, strict=True)],
                "more": self._more,
                "count": self._count,
            }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__()  # type: ignore[misc]
        self._tables = [_Table.stored(*parts) for parts in state["tables"]]
        self._entries, self._more, self._count = state["entries"], state["more"], state["count"]
