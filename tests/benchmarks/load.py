"""What the intake bears: durable submissions, status requests and the feed, each beside a raw baseline of this machine.

Run as ``python -m tests.benchmarks.load``; ``--short`` for a quick look. Everything runs on this machine, clients and
server together, so the figures are lower bounds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

import httpx

from takedown_cli.intake.service import make_intake
from takedown_cli.intake.settings import Home, Settings
from tests.intake.person import Person, balanced, picture

#: Submissions a second that all clients together offer when they do not go as fast as they can.
STEADY = 330
SERVE = [sys.executable, "-m", "takedown_cli", "intake"]


@dataclass
class Result:
    """Answers by status, seconds for each, and the seconds of the whole."""

    statuses: list[int]
    latencies: list[float]
    seconds: float

    @property
    def rate(self) -> float:
        return self.statuses.count(200) / self.seconds

    def p(self, percent: int) -> float:
        """Latency in milliseconds that so many per cent stayed below."""
        return quantiles(self.latencies, n=100)[percent - 1] * 1000


async def _client(port: int, path: str, bodies: list[bytes | None], result: Result, pause: float, begin: float) -> None:
    """One connection that asks again once it was answered, but not before its next turn, until nothing is left."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    due = time.perf_counter() + begin
    while bodies:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        due += pause
        if not bodies:
            break
        body = bodies.pop()
        if body is None:
            message = f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        else:
            message = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
        started = time.perf_counter()
        writer.write(message)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
        await reader.readexactly(int(length.split(b":")[1]))
        result.latencies.append(time.perf_counter() - started)
        result.statuses.append(int(head[9:12]))
    writer.close()


async def _drive(port: int, path: str, bodies: Sequence[bytes | None], clients: int, rate: float = 0) -> Result:
    """All of it by so many clients: as fast as they are answered, or ``rate`` a second in all."""
    waiting, result = list(bodies), Result([], [], 0)
    pause = clients / rate if rate else 0.0
    started = time.perf_counter()
    await asyncio.gather(*(_client(port, path, waiting, result, pause, pause * n / clients) for n in range(clients)))
    result.seconds = time.perf_counter() - started
    return result


def raw_commits(folder: Path, count: int) -> float:
    """Durable commits per second of one row each, by one connection that does nothing else."""
    connection = sqlite3.connect(folder / "raw.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, data BLOB)")
    data, started = secrets.token_bytes(500), time.perf_counter()
    for _ in range(count):
        connection.execute("INSERT INTO t (data) VALUES (?)", (data,))
    return count / (time.perf_counter() - started)


def measure(folder: Path, submissions: int, clients: int) -> list[tuple[str, str]]:
    home = folder / "home"
    make_intake(Home(home), Settings(name="Load", test=True, flood_per_hour=10**9))
    raw = raw_commits(folder, 1000)
    server = subprocess.Popen([*SERVE, "serve", str(home), "--port", "0", "--json"], stdout=subprocess.PIPE)
    try:
        assert server.stdout is not None
        origin = json.loads(server.stdout.readline())["origin"]
        port = int(origin.rpartition(":")[2])
        card = httpx.get(f"{origin}/v1/keys").content
        people = [Person(origin, card) for _ in range(2 * submissions)]
        bodies = [person.message(person.bundle(picture(balanced(n)))) for n, person in enumerate(people)]
        steady = asyncio.run(_drive(port, "/v1/submit", bodies[submissions:], clients, STEADY))
        people, bodies = people[:submissions], bodies[:submissions]
        taken = asyncio.run(_drive(port, "/v1/submit", bodies, clients))
        again = asyncio.run(_drive(port, "/v1/submit", bodies, clients))
        asks = [person.asked(person.request("status", b"r" * 32)) for person in people]
        status = asyncio.run(_drive(port, "/v1/status", asks, clients))
        health = asyncio.run(_drive(port, "/healthz", [None] * len(asks), clients))
    finally:
        server.terminate()
        server.wait()
    errors = sum(one.statuses.count(200) != submissions for one in (steady, taken, again, status))
    return [
        ("raw durable SQLite commits/s", f"{raw:.0f}"),
        (f"durable submissions/s, {clients} clients, {STEADY} offered", f"{steady.rate:.0f}"),
        ("  p50 / p99, ms", f"{steady.p(50):.0f} / {steady.p(99):.0f}"),
        (f"durable submissions/s, {clients} clients, as fast as they can", f"{taken.rate:.0f}"),
        ("  as a share of raw commits", f"{taken.rate / raw:.0%}"),
        ("  p50 / p99, ms", f"{taken.p(50):.0f} / {taken.p(99):.0f}"),
        ("repeated submissions/s", f"{again.rate:.0f}"),
        ("bare health requests/s", f"{health.rate:.0f}"),
        ("signed status requests/s", f"{status.rate:.0f}"),
        ("  as a share of health requests", f"{status.rate / health.rate:.0%}"),
        ("  p50 / p99, ms", f"{status.p(50):.0f} / {status.p(99):.0f}"),
        ("kinds of requests with errors", f"{errors}"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--clients", type=int, default=200)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name, figure in measure(Path(folder), 600 if arguments.short else 5000, arguments.clients):
            print(f"{name:<62} {figure:>12}")


if __name__ == "__main__":
    main()
