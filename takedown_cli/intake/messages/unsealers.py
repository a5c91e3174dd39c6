"""Processes, or threads, that open sealed messages outside the event loop.

A process that died or stopped answering is replaced. The requests that waited for it are answered "busy".
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from abc import ABC, abstractmethod
from collections import deque
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

if sys.platform == "linux":
    from fcntl import F_SETPIPE_SZ, fcntl

from takedown_cli.intake.messages import unsealer_process
from takedown_cli.intake.messages.admission import Identity, Inquiry, ReplyTo, Submission
from takedown_cli.intake.messages.deny_list import DenyList
from takedown_cli.intake.messages.processor_time import ProcessorTime
from takedown_cli.intake.messages.unsealer_process import Task
from takedown_cli.intake.refusal import Refused
from takedown_cli.intake.runtime.thread_pool import ThreadPool

_RESTART_SECONDS: Final = 1.0
_STOP_SECONDS: Final = 5.0
#: How long a process may take over one message, and how many times as long where large ones have a process of their
#: own, which gives way to all others. The machine may be busy.
SILENT_SECONDS: Final = 20.0
_LARGE: Final = 6
#: Messages up to this size have a lane of their own: all but the largest requests, and nearly all submissions.
SMALL_MESSAGE: Final = 68 * 1024
#: Large submissions, and large requests, that may wait for their turn: one is opened at a time. Requests cost their
#: sender no work, so they may not take the places of submissions.
_MAX_SUBMISSIONS: Final = 64
_MAX_REQUESTS: Final = 16
_CHECK_SECONDS: Final = 1.0
_PIPE: Final = 1 << 20


def is_large(body: bytes) -> bool:
    """Return whether a message goes into the lane of the large ones."""
    return len(body) > SMALL_MESSAGE


class Unsealers(ABC):
    """Open sealed messages, large ones one at a time and apart from small ones.

    ``processors`` is the number of those that open small messages.
    """

    def __init__(self, processors: int) -> None:
        self._turn = asyncio.Semaphore(1)
        self._waiting = {True: 0, False: 0}
        self._small_time, self._large_time = ProcessorTime(processors), ProcessorTime(1)

    @abstractmethod
    async def start(self) -> None:
        """Start them; call this inside the loop."""

    @abstractmethod
    async def stop(self) -> None:
        """Stop them, and wait until all have ended."""

    def load(self, *, large: bool) -> float:
        """Return how much of the processor time for small or for large messages was used lately, from 0 to 1."""
        return (self._large_time if large else self._small_time).load

    async def unseal_submission(self, body: bytes) -> Submission:
        """Return what ``admission.admit_submission`` returns. Raise Refused."""
        submission = await self._unseal_in_lane("submit", body)
        if isinstance(submission, Refused):
            raise submission
        assert isinstance(submission, Submission)
        return submission

    async def unseal_request(self, task: Task, body: bytes) -> tuple[Inquiry | None, ReplyTo | None]:
        """Return what ``admission.read_request`` returns. Raise Refused("busy")."""
        request: tuple[Inquiry | None, ReplyTo | None] = await self._unseal_in_lane(task, body)
        return request

    async def _unseal_in_lane(self, task: Task, body: bytes) -> Any:
        if not is_large(body):
            seconds, value = await self._unseal(task, body)
            self._small_time.add(seconds)
            return value
        submits = task == "submit"
        if self._waiting[submits] >= (_MAX_SUBMISSIONS if submits else _MAX_REQUESTS):
            raise Refused("busy")
        self._waiting[submits] += 1
        try:
            async with self._turn:
                seconds, value = await self._unseal(task, body)
        finally:
            self._waiting[submits] -= 1
        self._large_time.add(seconds)
        return value

    @abstractmethod
    async def _unseal(self, task: Task, body: bytes) -> tuple[float, Any]:
        """Return the seconds of processor time that a task took, and its result or the Refused that it raised."""


class ThreadUnsealers(Unsealers):
    """In the threads of the serving process, which somebody else starts and stops."""

    def __init__(self, pool: ThreadPool, identity: Identity, denied: DenyList) -> None:
        super().__init__(1)  # Python runs one thread at a time
        self._pool = pool
        self._identity = identity
        self._denied = denied

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    async def _unseal(self, task: Task, body: bytes) -> tuple[float, Any]:
        return await self._pool.run(partial(unsealer_process.unseal_task, task, body, self._identity, self._denied))


class ProcessUnsealers(Unsealers):
    """In ``count`` processes. The last one is for large messages, if there are several.

    A small message goes to the one of the others with the fewest waiting.
    """

    def __init__(self, folder: Path, origin: str, count: int) -> None:
        super().__init__(max(1, count - 1))
        module = "takedown_cli.intake.messages.unsealer_process"
        self._command = [sys.executable, "-P", "-m", module, str(folder.absolute()), origin]
        self._count = count
        self._running: list[_UnsealerProcess] = []
        self._keeping: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        self._running = [await self._start_process(place) for place in range(self._count)]
        self._keeping = [asyncio.create_task(self._keep_running(place)) for place in range(self._count)]

    async def stop(self) -> None:
        for keeping in self._keeping:
            keeping.cancel()
        for process in self._running:
            process.close()
        for process in self._running:
            try:
                await asyncio.wait_for(process.exited.wait(), _STOP_SECONDS)
            except TimeoutError:
                process.kill()

    async def _unseal(self, task: Task, body: bytes) -> tuple[float, Any]:
        lane = self._running
        if self._count > 1:
            lane = self._running[-1:] if is_large(body) else self._running[:-1]
        alive = [process for process in lane if not process.gone.is_set()]
        if not alive:
            raise Refused("busy")
        question = unsealer_process.pack_question(task, body)
        seconds, value = await min(alive, key=_UnsealerProcess.waiting).ask(question)
        return seconds, value

    def _is_for_large(self, place: int) -> bool:
        return place == self._count - 1 > 0

    async def _start_process(self, place: int) -> _UnsealerProcess:
        loop = asyncio.get_running_loop()
        command = [*self._command, *(["patient"] if self._is_for_large(place) else [])]
        # The standard error is the parent's: what a process of ours writes there is for the operator.
        _, process = await loop.subprocess_exec(
            _UnsealerProcess, *command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=None
        )
        return process

    async def _keep_running(self, place: int) -> None:
        """Replace the process at this place when it is gone, and end it when it is stuck."""
        patience = _LARGE if self._is_for_large(place) else 1
        while True:
            process = self._running[place]
            while not process.gone.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(process.gone.wait(), _CHECK_SECONDS)
                if process.seconds_silent() > patience * SILENT_SECONDS:
                    process.kill()
            await asyncio.sleep(_RESTART_SECONDS)
            with suppress(OSError):
                self._running[place] = await self._start_process(place)


class _UnsealerProcess(asyncio.SubprocessProtocol):
    """A running process, and the futures of the requests that wait for it, in the order of their questions."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()  # set when it can no longer be asked
        self.exited = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._asked: deque[asyncio.Future[Any]] = deque()
        self._received = bytearray()
        self._heard = 0.0

    def waiting(self) -> int:
        return len(self._asked)

    def seconds_silent(self) -> float:
        """Return for how long it has owed an answer. The clock starts again with each answer."""
        return self._loop.time() - self._heard if self._asked else 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.SubprocessTransport)
        self._transport = transport
        self._input = cast(asyncio.WriteTransport, transport.get_pipe_transport(0))
        if sys.platform == "linux":  # an ordinary message fills a quarter of a pipe of the default size
            with suppress(OSError):
                fcntl(self._input.get_extra_info("pipe"), F_SETPIPE_SZ, _PIPE)

    def ask(self, question: bytes) -> asyncio.Future[Any]:
        waiting: asyncio.Future[Any] = self._loop.create_future()
        if not self._asked:
            self._heard = self._loop.time()
        self._asked.append(waiting)
        self._input.write(question)
        return waiting

    def pipe_data_received(self, fd: int, data: bytes | str) -> None:
        assert isinstance(data, bytes)
        if self.gone.is_set():
            return
        self._received += data
        self._heard = self._loop.time()
        try:
            for seconds, answer in unsealer_process.unpack_answers(self._received):
                waiting = self._asked.popleft()
                if not waiting.done():  # otherwise the request has ended meanwhile
                    waiting.set_result((seconds, answer))
        except Exception:  # not an answer, or one too many: from here on nobody knows whose the next one would be
            self.kill()

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        self._refuse_waiting()

    def process_exited(self) -> None:
        self.exited.set()
        self._refuse_waiting()

    def _refuse_waiting(self) -> None:
        self.gone.set()
        while self._asked:
            waiting = self._asked.popleft()
            if not waiting.done():
                waiting.set_exception(Refused("busy"))

    def kill(self) -> None:
        self._refuse_waiting()
        with suppress(ProcessLookupError):
            self._transport.kill()

    def close(self) -> None:
        """Close its input, at which it ends."""
        self._input.close()
