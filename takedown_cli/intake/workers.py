"""Threads for what computes or waits for the disk, so that the loop which listens never does.

It guarantees that work is begun in the order in which it came. It must never grow: as many threads as it was made with.
Results go back to the loop many at a time, because under load waking it for each one costs more than the work does.
"""

from __future__ import annotations

import asyncio
import queue
import threading
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


async def committed(order: Future[T]) -> T:
    """What an order gave, once it is on disk. Raises Refused."""
    try:
        return await asyncio.wait_for(asyncio.wrap_future(order), COMMIT_SECONDS)
    except TimeoutError:
        raise Refused("busy") from None
