"""Ten times as many as the intake can serve: what it answers, what it holds, and how soon it is itself again.

Each client asks again as soon as it was answered, whatever the answer said about coming back.
It does not count a connection that was cut as an answer.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.benchmarks.measure import resident


@dataclass
class Flood:
    """Answers by status, refusals that did not say when to come back, cut connections, and MiB of the server."""

    statuses: Counter[int] = field(default_factory=Counter)
    silent: int = 0
    cut: int = 0
    before: int = 0
    peak: int = 0
    after: int = 0
    recovered: float = 0.0


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, body: bytes) -> bytes:
    """Send a request over an open connection; the head of the answer, whose body is read and thrown away."""
    writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
    await reader.readexactly(int(length))
    return head


async def _client(port: int, next_body: Callable[[], bytes], flood: Flood, until: float) -> None:
    connection = None
    while time.monotonic() < until:
        try:
            connection = connection or await asyncio.open_connection("127.0.0.1", port)
            head = await ask(*connection, "/v1/submit", next_body())
        except (OSError, asyncio.IncompleteReadError):
            flood.cut += 1
            connection = None
            await asyncio.sleep(0.05)
            continue
        status = int(head[9:12])
        flood.statuses[status] += 1
        flood.silent += status in {429, 503} and b"retry-after:" not in head
        if b"connection: close" in head:
            connection[1].close()
            connection = None
    if connection:
        connection[1].close()


async def _recover(port: int, body: bytes, wanted: int = 20) -> float:
    """Seconds until so many in a row were answered as always."""
    started, good = time.monotonic(), 0
    while good < wanted:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            head = await asyncio.wait_for(ask(reader, writer, "/v1/submit", body), 30)
            good = good + 1 if head[9:12] == b"200" else 0
        except (OSError, asyncio.IncompleteReadError):
            good = 0
        writer.close()
    return time.monotonic() - started


async def flood(port: int, bodies: list[bytes], clients: int, seconds: float, process: int | None = None) -> Flood:
    """So many clients for so long, each with the next of ``bodies``; ``process`` is the server's, for its memory."""
    result, place = Flood(), 0
    process = process or os.getpid()

    def next_body() -> bytes:
        nonlocal place
        place += 1
        return bodies[place % len(bodies)]

    async def watch() -> None:
        while True:
            result.peak = max(result.peak, resident(process))
            await asyncio.sleep(0.2)

    result.before = resident(process)
    watching = asyncio.create_task(watch())
    until = time.monotonic() + seconds
    await asyncio.gather(*(_client(port, next_body, result, until) for _ in range(clients)))
    watching.cancel()
    result.recovered = await _recover(port, bodies[0])
    result.after = resident(process)
    return result
