"""The processes that open sealed messages beside the loop that listens, or threads where no process is wanted.

It guarantees that a process which died or says nothing any more is replaced, and that whoever waited for it is told to
come back.
It must never have more than a message for each request that the door let in.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections import deque
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol, cast

if sys.platform == "linux":
    from fcntl import F_SETPIPE_SZ, fcntl

from takedown_cli.intake import opener
from takedown_cli.intake.admission import Asked, Identity, ReplyTo, Submission
from takedown_cli.intake.denylist import DenyList
from takedown_cli.intake.opener import Task
from takedown_cli.intake.refusal import Refused
from takedown_cli.intake.workers import Workers

Read = tuple[Asked | None, ReplyTo | None]

_AGAIN_SECONDS: Final = 1.0
_STOP_SECONDS: Final = 5.0
#: How long a process may take over one message: the largest takes a second, and the machine may be busy.
SILENT_SECONDS: Final = 20.0
_LOOK_SECONDS: Final = 1.0
_PIPE: Final = 1 << 20


class Openers(Protocol):
    """Opens sealed messages. Both give what ``admission`` gives; the first raises Refused."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def submission(self, body: bytes) -> Submission: ...

    async def request(self, task: Task, body: bytes) -> Read: ...


class InThreads:
    """In the threads of the serving process."""

    def __init__(self, workers: Workers, identity: Identity, denied: DenyList) -> None:
        self._workers = workers
        self._identity = identity
        self._denied = denied

    async def start(self) -> None:
        """Nothing: the threads are started by whom they belong to."""

    async def stop(self) -> None:
        """Nothing."""

    async def submission(self, body: bytes) -> Submission:
        return _submission(await self._run("submit", body))

    async def request(self, task: Task, body: bytes) -> Read:
        read: Read = await self._run(task, body)
        return read

    async def _run(self, task: Task, body: bytes) -> Any:
        return await self._workers.run(partial(opener.work, task, body, self._identity, self._denied))


class InProcesses:
    """In so many processes, each given to do what comes while it has the least waiting."""

    def __init__(self, folder: Path, origin: str, count: int) -> None:
        self._command = [sys.executable, "-P", "-m", "takedown_cli.intake.opener", str(folder.absolute()), origin]
        self._count = count
        self._running: list[_Child] = []
        self._keeping: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start them; called inside the loop."""
        self._running = [await self._child() for _ in range(self._count)]
        self._keeping = [asyncio.create_task(self._keep(place)) for place in range(self._count)]

    async def stop(self) -> None:
        """Close their inputs, and wait for their ends."""
        for keeping in self._keeping:
            keeping.cancel()
        for child in self._running:
            child.close()
        for child in self._running:
            try:
                await asyncio.wait_for(child.exited.wait(), _STOP_SECONDS)
            except TimeoutError:
                child.kill()

    async def submission(self, body: bytes) -> Submission:
        return _submission(await self._ask("submit", body))

    async def request(self, task: Task, body: bytes) -> Read:
        read: Read = await self._ask(task, body)
        return read

    async def _child(self) -> _Child:
        loop = asyncio.get_running_loop()
        # The error output is the parent's: what a process of ours says there is for the operator.
        _, child = await loop.subprocess_exec(
            _Child, *self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=None
        )
        return child

    async def _keep(self, place: int) -> None:
        """Replace the process at this place whenever it is gone, and see to it that it goes when it is stuck."""
        while True:
            child = self._running[place]
            while not child.gone.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(child.gone.wait(), _LOOK_SECONDS)
                if child.silent() > SILENT_SECONDS:
                    child.kill()
            await asyncio.sleep(_AGAIN_SECONDS)
            with suppress(OSError):
                self._running[place] = await self._child()

    def _ask(self, task: Task, body: bytes) -> asyncio.Future[Any]:
        alive = [child for child in self._running if not child.gone.is_set()]
        if not alive:
            raise Refused("busy")
        return min(alive, key=_Child.waiting).ask(opener.question(task, body))


class _Child(asyncio.SubprocessProtocol):
    """A running opener, and the futures of those who wait for it, in order."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()  # no more to be asked
        self.exited = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._asked: deque[asyncio.Future[Any]] = deque()
        self._received = bytearray()
        self._heard = 0.0

    def waiting(self) -> int:
        return len(self._asked)

    def silent(self) -> float:
        """Seconds for which it has owed an answer; the clock starts again with each that it gives."""
        return self._loop.time() - self._heard if self._asked else 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.SubprocessTransport)
        self._transport = transport
        self._input = cast(asyncio.WriteTransport, transport.get_pipe_transport(0))
        if sys.platform == "linux":  # a message of the usual size fills a quarter of a pipe of the usual size
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
            for answer in opener.answers(self._received):
                waiting = self._asked.popleft()
                if not waiting.done():  # otherwise whoever waited has gone
                    waiting.set_result(answer)
        except Exception:  # no answer, or one to nobody: from here on nobody knows whose the next would be
            self.kill()

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        self._end()

    def process_exited(self) -> None:
        self.exited.set()
        self._end()

    def _end(self) -> None:
        self.gone.set()
        while self._asked:
            waiting = self._asked.popleft()
            if not waiting.done():
                waiting.set_exception(Refused("busy"))

    def kill(self) -> None:
        """End it, whatever it is at."""
        self._end()
        with suppress(ProcessLookupError):
            self._transport.kill()

    def close(self) -> None:
        self._input.close()


def _submission(found: Any) -> Submission:
    if isinstance(found, Refused):
        raise found
    assert isinstance(found, Submission)
    return found
