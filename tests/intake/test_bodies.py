"""Bodies that arrive together: who gives way where memory is short, and that nobody else suffers."""

from __future__ import annotations

import asyncio

import pytest
from starlette.requests import Request

from takedown_cli.intake.bodies import Bodies
from takedown_cli.intake.refusal import Refused

HELD = 7200
_LIMIT = HELD * 2
Chunks = asyncio.Queue[dict[str, object]]


@pytest.fixture(autouse=True)
def little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("takedown_cli.intake.bodies.HELD", HELD)
    monkeypatch.setattr("takedown_cli.intake.bodies.SMALL", 10)


def post(chunks: Chunks, body: bytes, *, more: bool) -> None:
    chunks.put_nowait({"type": "http.request", "body": body, "more_body": more})


def reading(bodies: Bodies, count: int) -> tuple[list[Chunks], list[asyncio.Task[bytes]]]:
    chunks: list[Chunks] = [asyncio.Queue() for _ in range(count)]
    scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b""}
    return chunks, [asyncio.create_task(bodies.read(Request(scope, one.get), _LIMIT)) for one in chunks]


def test_only_as_many_give_way_as_have_to() -> None:
    async def arrive() -> None:
        bodies = Bodies()
        chunks, tasks = reading(bodies, 9)
        for size in (HELD // 9, HELD // 72):  # 9/8 of what may be held: without one of nine, it fits
            for one in chunks:
                post(one, bytes(size), more=True)
            await asyncio.sleep(0.01)
        for one in chunks:
            post(one, b"", more=False)
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert [end.reason for end in ends if isinstance(end, Refused)] == ["busy"]
        read = [end for end in ends if isinstance(end, bytes)]
        assert len(read) == 8
        assert bodies.held == sum(len(body) - 10 for body in read)
        for body in read:
            bodies.release(len(body))
        assert bodies.held == 0

    asyncio.run(arrive())


def test_a_small_body_is_read_while_large_ones_give_way() -> None:
    async def arrive() -> None:
        bodies = Bodies()
        chunks, tasks = reading(bodies, 3)
        await asyncio.sleep(0)
        for large in chunks[:2]:
            post(large, bytes(HELD // 2 + 100), more=True)
        for _ in range(3):
            post(chunks[2], b"y", more=True)
        post(chunks[2], b"", more=False)
        assert await tasks[2] == b"yyy"
        for large in chunks[:2]:
            post(large, b"", more=False)
        ends = await asyncio.gather(*tasks[:2], return_exceptions=True)
        assert [end.reason for end in ends if isinstance(end, Refused)] == ["busy"]
        assert bodies.held == HELD // 2 + 100 - 10


def test_what_waits_for_its_answer_counts_as_held() -> None:
    async def arrive() -> None:
        bodies = Bodies()
        for expected in ("first", "busy", "first"):
            chunks, [task] = reading(bodies, 1)
            post(chunks[0], bytes(HELD // 2 + 100), more=False)
            [end] = await asyncio.gather(task, return_exceptions=True)
            assert (end.reason if isinstance(end, Refused) else "first") == expected
            if expected == "busy":
                bodies.release(HELD // 2 + 100)
        bodies.release(HELD // 2 + 100)
        assert bodies.held == 0

    asyncio.run(arrive())
