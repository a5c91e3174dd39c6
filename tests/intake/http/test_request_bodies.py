"""Bodies that arrive together: who is dropped where memory is short, and that nobody else suffers."""

from __future__ import annotations

import asyncio

import pytest
from starlette.requests import Request

from takedown_cli.intake.http.request_bodies import OpenRequests, RequestBodies
from takedown_cli.intake.refusal import Refused

HELD = 7200
_LIMIT = HELD * 2
Chunks = asyncio.Queue[dict[str, object]]


@pytest.fixture(autouse=True)
def little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("takedown_cli.intake.http.request_bodies.MAX_HELD", HELD)
    monkeypatch.setattr("takedown_cli.intake.http.request_bodies.SMALL_BODY", 10)


class Readers:
    """Requests that are read at the same time. Each holds its body until ``answered``."""

    def __init__(self, count: int) -> None:
        self.open_requests = OpenRequests()
        self.bodies = RequestBodies(self.open_requests)
        self.answered = asyncio.Event()
        self.read: list[bytes] = []
        self.chunks: list[Chunks] = [asyncio.Queue() for _ in range(count)]
        self.tasks = [asyncio.create_task(self._handle(chunks)) for chunks in self.chunks]

    async def _handle(self, chunks: Chunks) -> None:
        scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b""}
        self.open_requests.count += 1
        try:
            async with self.bodies.read(Request(scope, chunks.get), _LIMIT) as body:
                self.read.append(body)
                await self.answered.wait()
        finally:
            self.open_requests.count -= 1

    def post(self, number: int, body: bytes, *, more: bool) -> None:
        self.chunks[number].put_nowait({"type": "http.request", "body": body, "more_body": more})

    async def settle(self) -> None:
        """Let the loop run until nothing changes any more."""
        for _ in range(20):
            await asyncio.sleep(0)

    async def finish(self) -> list[str]:
        """Answer all, and return why any of them was refused."""
        self.answered.set()
        ends = await asyncio.gather(*self.tasks, return_exceptions=True)
        assert self.bodies.held == 0
        assert self.open_requests.count == 0
        return [end.reason for end in ends if isinstance(end, Refused)]


def test_no_more_are_dropped_than_necessary() -> None:
    async def arrive() -> None:
        readers = Readers(9)
        for size in (HELD // 9, HELD // 72):  # 9/8 of what may be held: without one of nine, it fits
            for number in range(9):
                readers.post(number, bytes(size), more=True)
            await readers.settle()
        for number in range(9):
            readers.post(number, b"", more=False)
        await readers.settle()
        assert len(readers.read) == 8
        assert readers.bodies.held == sum(len(body) - 10 for body in readers.read)
        assert await readers.finish() == ["busy"]

    asyncio.run(arrive())


def test_a_small_body_is_read_while_large_ones_are_dropped() -> None:
    async def arrive() -> None:
        readers = Readers(3)
        for large in range(2):
            readers.post(large, bytes(HELD // 2 + 100), more=True)
        for _ in range(3):
            readers.post(2, b"y", more=True)
        readers.post(2, b"", more=False)
        await readers.settle()
        assert readers.read == [b"yyy"]
        for large in range(2):
            readers.post(large, b"", more=False)
        await readers.settle()
        assert readers.bodies.held == HELD // 2 + 100 - 10
        assert await readers.finish() == ["busy"]

    asyncio.run(arrive())


def test_a_body_counts_as_held_until_its_request_is_done() -> None:
    async def arrive() -> None:
        readers = Readers(2)
        for number in range(2):
            readers.post(number, bytes(HELD // 2 + 100), more=False)
            await readers.settle()
        assert len(readers.read) == 1
        assert await readers.finish() == ["busy"]

    asyncio.run(arrive())


def test_a_body_that_arrives_when_all_places_are_taken_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("takedown_cli.intake.http.request_bodies.MAX_CONCURRENT", 1)

    async def arrive() -> None:
        readers = Readers(2)
        await readers.settle()
        readers.open_requests.count += 1  # a third request, which is being answered
        readers.post(0, bytes(5), more=False)
        await readers.settle()
        readers.open_requests.count -= 1
        readers.post(1, bytes(5), more=False)
        await readers.settle()
        assert len(readers.read) == 1
        assert await readers.finish() == ["busy"]

    asyncio.run(arrive())
