"""Jobs in threads, and their results in the loop."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Iterator
from functools import partial

import pytest

from takedown_cli.intake.runtime.thread_pool import ThreadPool
from tests.waiting import wait_until


class Page:
    """A result that would be large."""


@pytest.fixture
def no_garbage_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_garbage_collection")
def test_a_result_does_not_stay_in_memory_until_garbage_is_collected() -> None:
    """Each page of a feed did, so a pull of 1,000,000 hashes took hundreds of MiB."""
    kept: list[weakref.ref[Page]] = []

    def make() -> Page:
        page = Page()
        kept.append(weakref.ref(page))
        return page

    async def ask(pool: ThreadPool) -> None:
        for _ in range(5):
            assert isinstance(await pool.run(make), Page)

    pool = ThreadPool(2)
    pool.start()
    try:
        asyncio.run(ask(pool))
        wait_until(lambda: all(one() is None for one in kept))
    finally:
        pool.stop()


def test_what_a_job_raises_is_raised_where_its_result_is_awaited() -> None:
    async def ask(pool: ThreadPool) -> None:
        with pytest.raises(ValueError, match="no number"):
            await pool.run(partial(_fail, "no number"))

    def _fail(text: str) -> None:
        raise ValueError(text)

    pool = ThreadPool(1)
    pool.start()
    try:
        asyncio.run(ask(pool))
    finally:
        pool.stop()
