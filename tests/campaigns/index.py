"""The index of PDQs beside the default one of python-threatexchange (faiss), on the same made-up hashes in one run.

Run as ``python -m tests.campaigns.index [--hashes 10000000]``; faiss comes with ``make interop``.
"""

from __future__ import annotations

import argparse
import pickle
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt

from takedown_cli.core.model import MATCH_DISTANCE
from takedown_cli.platform.index import PdqIndex, Words
from tests.benchmarks.measure import Row, table

TOGETHER = 30
ASKED = 600


def rows(hashes: int) -> Iterator[Row]:
    """Look-ups, look-ups together, memory, changes, and how long storing takes."""
    random = np.random.default_rng(1)
    words = random.integers(0, 2**64, (hashes, 4), dtype=np.uint64)
    asked = random.integers(0, 2**64, (ASKED, 4), dtype=np.uint64)
    index = PdqIndex()
    index.reserve(hashes + hashes // 4)
    index.add_words(words, range(hashes))
    ours = [_per_second(asked, size, index.search_words) for size in (1, TOGETHER)]
    theirs = _faiss(words, asked)
    for what, bar, mine, other in zip(("one by one", "30 together"), (0.8, 1.5), ours, theirs, strict=True):
        figure = f"look-ups of {what} in {hashes:,}"
        detail = f"{mine:,.0f}/s; the default of threatexchange {other:,.0f}/s" if other else "faiss is not installed"
        yield Row(figure, f"≥ {bar} × the default index", f"{mine / (other or 1):.1f} ×", mine >= bar * other, detail)
    each = index.nbytes / hashes
    yield Row("bytes a hash", "≤ 120", f"{each:.0f}", each <= 120, "PDQ, chains, and a number as entry")
    added = [_seconds(lambda one=one: index.add(one, 0)) for one in _values(asked)]  # type: ignore[misc]
    removed = [_seconds(lambda one=one: index.remove(one, 0)) for one in _values(asked)]  # type: ignore[misc]
    worst = max(median(added), median(removed)) * 1000
    yield Row("one addition or removal", "≤ 1 ms", f"{worst:.2f} ms", worst <= 1, f"median of {ASKED} each")
    stored: list[bytes] = []
    seconds = _seconds(lambda: stored.append(pickle.dumps(index, protocol=5)))
    seconds += _seconds(lambda: pickle.loads(stored[0]))
    yield Row("stored and read again", "≤ 20 s", f"{seconds:.1f} s", seconds <= 20, f"{len(stored[0]) / 2**20:.0f} MiB")


def _values(words: Words) -> list[str]:
    return ["".join(f"{int(word):016x}" for word in row) for row in words]


def _seconds(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def _per_second(asked: npt.NDArray[Any], size: int, search: Callable[[npt.NDArray[Any]], object]) -> float:
    started = time.perf_counter()
    for begin in range(0, len(asked), size):
        search(asked[begin : begin + size])
    return len(asked) / (time.perf_counter() - started)


def _faiss(words: Words, asked: Words) -> list[float]:
    """Return look-ups a second of faiss' multi-hash, as threatexchange sets it up; zeros without it."""
    try:
        import faiss
    except ImportError:
        return [0.0, 0.0]
    index = faiss.IndexBinaryMultiHash(256, 16, 16)
    index.nflip = 1
    index.add(words.astype(">u8").view(np.uint8))
    raw = asked.astype(">u8").view(np.uint8)
    return [_per_second(raw, size, lambda some: index.range_search(some, MATCH_DISTANCE + 1)) for size in (1, TOGETHER)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hashes", type=int, default=1_000_000)
    print(table(list(rows(parser.parse_args().hashes))))


if __name__ == "__main__":
    main()
