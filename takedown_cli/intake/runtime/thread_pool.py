"""Threads that compute or wait for the disk, so that the event loop never has to.

The number of threads is fixed, and jobs start in the order in which they came.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final, TypeVar

from takedown_cli.intake.refusal import Refused

T = TypeVar("T")

COMMIT_SECONDS: Final = 30.0


class ThreadPool:
    """A few threads that belong to one event loop.

    Results go back to the loop many at a time: under load, waking it for each one costs more than the work does.
    """

    def __init__(self, threads: int) -> None:
        self._jobs: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"intake-worker-{number}", daemon=True)
            for number in range(threads)
        ]
        self._finished: deque[tuple[asyncio.Future[Any], Future[Any]]] = deque()
        self._loop_is_woken = False

    @property
    def queued(self) -> int:
        """The number of jobs that no thread has begun."""
        return self._jobs.qsize()

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the threads after their present jobs. Call this outside of the loop."""
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()

    async def run(self, work: Callable[[], T]) -> T:
        """Do ``work`` in one of the threads, and return or raise what it does."""
        done: Future[T] = Future()
        waiting = self._wait_for(done)
        self._jobs.put((work, done))
        return await waiting

    async def wait_for_commit(self, order: Future[T]) -> T:
        """Return the result of the writer's order once it is on disk. Raise Refused."""
        waiting = self._wait_for(order)
        late = asyncio.get_running_loop().call_later(COMMIT_SECONDS, _refuse_as_busy, waiting)
        try:
            return await waiting
        finally:
            late.cancel()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            work, done = job
            try:
                done.set_result(work())
            except Exception as error:  # it is raised again where the result is awaited
                done.set_exception(error)
            del job, work, done  # the result may be large, and this thread may wait long for its next job

    def _wait_for(self, done: Future[T]) -> asyncio.Future[T]:
        """Return the loop's own future for one that another thread completes."""
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[T] = loop.create_future()

        def hand_over(done: Future[T]) -> None:
            """Run in the thread that completed the future.

            The future is an argument, and not a variable of the function around it: it would hold itself, and with it a
            page of a feed, until garbage is collected.
            """
            self._finished.append((waiting, done))
            # The loop clears this flag before it empties the queue, so nothing is put there after it has looked and
            # before it can be woken again.
            if not self._loop_is_woken:
                self._loop_is_woken = True
                loop.call_soon_threadsafe(self._deliver_finished)

        done.add_done_callback(hand_over)
        return waiting

    def _deliver_finished(self) -> None:
        self._loop_is_woken = False
        while self._finished:
            waiting, done = self._finished.popleft()
            if waiting.done():  # the request has ended meanwhile
                continue
            error = done.exception()
            if error is not None:
                waiting.set_exception(error)
            else:
                waiting.set_result(done.result())


def _refuse_as_busy(waiting: asyncio.Future[Any]) -> None:
    if not waiting.done():
        waiting.set_exception(Refused("busy"))
