"""Decoding beside hashing: the same values, errors and ends as without, and nothing left running."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator

import pytest

from takedown_cli.decode.video_beside import beside


class _Source:
    """A generator that notes where it ran, how far it got, and whether it was closed."""

    def __init__(self, count: int, fails_at: int | None = None) -> None:
        self.count, self.fails_at = count, fails_at
        self.made = 0
        self.threads: set[int] = set()
        self.closed = threading.Event()

    def run(self) -> Generator[int]:
        try:
            for number in range(self.count):
                self.threads.add(threading.get_ident())
                if number == self.fails_at:
                    raise MemoryError
                self.made += 1
                yield number
        finally:
            self.closed.set()


def test_values_come_in_order_from_one_other_thread_that_ends() -> None:
    before, source = threading.active_count(), _Source(50)
    assert list(beside(source.run())) == list(range(50))
    assert len(source.threads) == 1
    assert threading.get_ident() not in source.threads
    assert source.closed.is_set()
    assert threading.active_count() == before


def test_an_error_comes_where_it_happened() -> None:
    source = _Source(9, fails_at=4)
    values = beside(source.run())
    assert [next(values) for _ in range(4)] == [0, 1, 2, 3]
    with pytest.raises(MemoryError):
        next(values)
    assert source.closed.is_set()


def test_it_is_one_value_ahead_and_no_more() -> None:
    source = _Source(9)
    values = beside(source.run())
    assert next(values) == 0
    until = time.monotonic() + 30
    while source.made < 2 and time.monotonic() < until:
        time.sleep(0.001)
    time.sleep(0.05)
    assert source.made == 2


def test_whoever_stops_early_leaves_nothing_running() -> None:
    before, source = threading.active_count(), _Source(9)
    values = beside(source.run())
    assert next(values) == 0
    values.close()
    assert source.closed.is_set()
    assert threading.active_count() == before


def test_without_threads_it_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    source = _Source(5)
    assert list(beside(source.run())) == list(range(5))
    assert source.threads == {threading.get_ident()}
