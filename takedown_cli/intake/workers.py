"""Threads for what computes or waits for the disk, so that the loop which listens never does.

It guarantees that work is begun in the order in which it came. It must never grow: as many threads as it was made with.
Results go back to the loop many at a time, because under load waking it for each one costs more than the work does.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from takedown_cli.intake.refusal import Refused

T = TypeVar("T")

COMMIT_SECONDS: Final = 30.0
_TOGETHER: Final = 8


@dataclass(slots=True)
class _Job(Generic[T]):
    work: Callable[[], T]
    waiting: asyncio.Future[T]
    result: T | None = None
    error: Exception | None = None

    def run(self) -> None:
        try:
            self.result = self.work()
        except Exception as error:  # it is raised again where it is waited for
            self.error = error

    def deliver(self) -> None:
        if self.waiting.done():  # whoever waited has gone
            return
        if self.error is not None:
            self.waiting.set_exception(self.error)
        else:
            self.waiting.set_result(self.result)  # type: ignore[arg-type]


class Workers:
    """A few threads that belong to one event loop."""

    def __init__(self, threads: int) -> None:
        self._jobs: queue.SimpleQueue[_Job[Any] | None] = queue.SimpleQueue()
        self._count = threads
        self._threads: list[threading.Thread] = []
        self._commits = _Commits()

    @property
    def waiting(self) -> int:
        """Work that no thread has begun."""
        return self._jobs.qsize()

    def start(self) -> None:
        """Start the threads; called inside the loop."""
        loop = asyncio.get_running_loop()
        for number in range(self._count):
            thread = threading.Thread(target=self._work, args=(loop,), name=f"intake-worker-{number}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """End them after what they are at; called outside of the loop."""
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()

    async def run(self, work: Callable[[], T]) -> T:
        """What ``work`` gives, done in one of the threads."""
        waiting: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._jobs.put(_Job(work, waiting))
        return await waiting

    async def committed(self, order: Future[T]) -> T:
        """What an order of the writer gave, once it is on disk. Raises Refused."""
        return await self._commits.of(order)

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        while (job := self._jobs.get()) is not None:
            done = [job]
            job.run()
            while len(done) < _TOGETHER and (more := self._next()) is not None:
                more.run()
                done.append(more)
            loop.call_soon_threadsafe(_deliver, done)

    def _next(self) -> _Job[Any] | None:
        try:
            job = self._jobs.get_nowait()
        except queue.Empty:
            return None
        if job is None:  # the end is for whoever looks next
            self._jobs.put(None)
        return job


def _deliver(jobs: list[_Job[Any]]) -> None:
    for job in jobs:
        job.deliver()


class _Commits:
    """What was ordered of the writer, given to the loop once it is on disk: all of a batch at one waking."""

    def __init__(self) -> None:
        self._done: deque[tuple[asyncio.Future[Any], Future[Any]]] = deque()
        self._woken = False

    async def of(self, order: Future[T]) -> T:
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[T] = loop.create_future()
        order.add_done_callback(lambda done: self._put(loop, waiting, done))
        late = loop.call_later(COMMIT_SECONDS, _fail, waiting)
        try:
            return await waiting
        finally:
            late.cancel()

    def _put(self, loop: asyncio.AbstractEventLoop, waiting: asyncio.Future[T], done: Future[T]) -> None:
        """In the writer's thread."""
        self._done.append((waiting, done))
        if not self._woken:
            self._woken = True  # taken back before the loop looks, so that nothing is put there unseen
            loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        self._woken = False
        while self._done:
            waiting, done = self._done.popleft()
            if waiting.done():  # whoever waited has gone
                continue
            error = done.exception()
            if error is not None:
                waiting.set_exception(error)
            else:
                waiting.set_result(done.result())


def _fail(waiting: asyncio.Future[T]) -> None:
    if not waiting.done():
        waiting.set_exception(Refused("busy"))
