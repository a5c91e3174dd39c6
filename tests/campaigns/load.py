"""``make load``: what the intake bears, each figure with its bar and beside a raw baseline of this machine in this run.

Both readings of a bar are in the table where there are two.
It does not leave out the clients: they run on the same machine as the server, so the figures are lower bounds.
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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import quantiles

from takedown_cli.intake.cases import cases
from takedown_cli.intake.http.server import raise_file_limit
from takedown_cli.intake.service import Intake, make_intake
from takedown_cli.intake.settings import Home, Settings
from tests.benchmarks.measure import Row, machine, put, table
from tests.campaigns import feed, overload, timing
from tests.intake.person import HTTP, Person, balanced, picture

#: Submissions a second that all clients together offer when they do not go as fast as they can.
STEADY = 330
SERVE = [sys.executable, "-m", "takedown_cli", "intake"]
_PAGE = 4096


@dataclass
class Result:
    """Answers by status, seconds for each, and the seconds of the whole."""

    statuses: list[int] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        return self.statuses.count(200) / self.seconds

    @property
    def errors(self) -> int:
        return len(self.statuses) - self.statuses.count(200)

    @property
    def detail(self) -> str:
        """Latencies in milliseconds that half, and 99 of 100, stayed below; and what was no 200."""
        cuts = quantiles(self.latencies, n=100)
        return f"p50 {cuts[49] * 1000:.0f} ms, p99 {self.p99:.0f} ms, {self.errors} errors"

    @property
    def p99(self) -> float:
        return quantiles(self.latencies, n=100)[98] * 1000

    def __add__(self, other: Result) -> Result:
        return Result(self.statuses + other.statuses, self.latencies + other.latencies, self.seconds + other.seconds)


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
    waiting, result = list(bodies), Result()
    pause = clients / rate if rate else 0.0
    started = time.perf_counter()
    await asyncio.gather(*(_client(port, path, waiting, result, pause, pause * n / clients) for n in range(clients)))
    result.seconds = time.perf_counter() - started
    return result


# -- what the machine can do -------------------------------------------------------------------------------------------


def raw_commits(folder: Path, count: int, size: int) -> float:
    """Durable commits a second of one row of ``size`` bytes each, by one connection that does nothing else."""
    connection = sqlite3.connect(folder / f"raw{size}.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, data BLOB)")
    data, started = secrets.token_bytes(size), time.perf_counter()
    for _ in range(count):
        connection.execute("INSERT INTO t (data) VALUES (?)", (data,))
    connection.close()
    return count / (time.perf_counter() - started)


def logged_bytes(folder: Path, count: int = 40) -> int:
    """What one submission, committed alone, writes to SQLite's log: the pages of its rows and of their indexes."""
    home = Home(folder / "pages")
    make_intake(home, Settings(name="Pages", test=True))
    intake = Intake.open(home)
    log = home.database.with_name("intake.db-wal")
    people = [Person("http://x", intake.identity.card) for _ in range(count)]
    before = log.stat().st_size
    for number, person in enumerate(people):
        submission = intake.admit_submission(person.message(person.bundle(picture(balanced(number)))))
        intake.operate(partial(cases.accept_submission, submission=submission, policy=intake.policy))
    written = (log.stat().st_size - before) // count
    intake.close()
    return written


def arithmetic(count: int = 500) -> float:
    """Processor seconds of what no intake can leave out of a status request: opening, verifying, sealing."""
    from takedown_cli.protocol.bundle import envelope, seal
    from takedown_cli.protocol.wire import CaseRequest

    key = seal.new_private_key()
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home")
        identity = make_intake(home, Settings(name="Sum", test=True))
        key = identity.keyring.sealing
        person = Person("http://x", identity.card)
        message = person.asked(person.request("status", b"r" * 32))
    started = time.process_time()
    for _ in range(count):
        envelope.verify(seal.open_as_intake(seal.parse(message), key), CaseRequest.TYPE)
        seal.seal_reply(b"x", b"r" * 32)
    return (time.process_time() - started) / count


# -- what the intake does ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Served:
    """A served intake, and messages to it by people of whom each has a case of its own, in the end."""

    port: int
    process: int
    bodies: list[bytes]
    asks: list[bytes]


def rows(folder: Path, submissions: int, clients: int) -> Iterator[Row]:
    """Submissions and status, then too many of them."""
    home = Home(folder / "home")
    make_intake(
        home, Settings(name="Load", test=True, flood_per_hour=10**9, anonymous_per_hour=10**9, anonymous_per_day=10**9)
    )
    page_bytes = logged_bytes(folder)
    raw, same = raw_commits(folder, 1500, 500), raw_commits(folder, 1500, max(500, page_bytes - 2 * _PAGE))
    server = subprocess.Popen([*SERVE, "serve", str(home.path), "--port", "0", "--json"], stdout=subprocess.PIPE)
    try:
        assert server.stdout is not None
        origin = json.loads(server.stdout.readline())["origin"]
        card = HTTP.get(f"{origin}/v1/keys").content
        people = [Person(origin, card) for _ in range(2 * submissions)]
        bodies = [person.message(person.bundle(picture(balanced(n)))) for n, person in enumerate(people)]
        asks = [person.asked(person.request("status", b"r" * 32)) for person in people[:submissions]]
        served = Served(int(origin.rpartition(":")[2]), server.pid, bodies, asks)
        yield from _submissions(served, clients, raw, same, page_bytes)
        yield from _status(served, clients)
        yield _overload(served, clients)
    finally:
        server.terminate()
        server.wait()


def _submissions(served: Served, clients: int, raw: float, same: float, page_bytes: int) -> Iterator[Row]:
    half = len(served.bodies) // 2
    steady = asyncio.run(_drive(served.port, "/v1/submit", served.bodies[half:], clients, STEADY))
    taken = asyncio.run(_drive(served.port, "/v1/submit", served.bodies[:half], clients))
    again = asyncio.run(_drive(served.port, "/v1/submit", served.bodies[:half], clients))
    whole = taken.rate >= 300 and taken.p99 < 250 and not taken.errors
    yield Row(
        f"durable submissions, {clients} clients, as fast as they can",
        "≥ 300/s, p99 < 250 ms, 0 errors", f"{taken.rate:.0f}/s", whole, taken.detail,
    )  # fmt: skip
    held = steady.p99 < 250 and not steady.errors
    yield Row(f"the same, {STEADY}/s offered", "p99 < 250 ms, 0 errors", f"{steady.rate:.0f}/s", held, steady.detail)
    share = taken.rate / raw
    yield Row(
        "the same as a share of raw durable commits, one row of 500 bytes each",
        "≥ 25 %", f"{share:.0%}", share >= 0.25, f"raw: {raw:.0f}/s",
    )  # fmt: skip
    share = taken.rate / same
    detail = f"raw: {same:.0f}/s; a submission's rows and indexes are {page_bytes / 1024:.0f} KiB of log"
    yield Row("the same, raw commits of as many bytes", "≥ 25 %", f"{share:.0%}", share >= 0.25, detail)
    yield Row(
        "repeated submissions, each already a case", "0 errors", f"{again.rate:.0f}/s", not again.errors, again.detail
    )


def _status(served: Served, clients: int) -> Iterator[Row]:
    """In turn, because a machine is not always equally fast."""
    status, health = Result(), Result()
    nothing: list[None] = [None] * (2 * len(served.asks))
    for _ in range(2):
        health += asyncio.run(_drive(served.port, "/healthz", nothing, clients))
        status += asyncio.run(_drive(served.port, "/v1/status", served.asks, clients))
    share, floor = status.rate / health.rate, arithmetic()
    detail = (
        f"{status.rate:.0f}/s against {health.rate:.0f}/s; {status.detail}; opening, verifying and sealing alone are "
        f"{floor * 1e6:.0f} µs, which on one core with nothing else to do makes {1 / floor / health.rate:.0%}"
    )
    passed = share >= 0.4 and not status.errors
    yield Row("signed status requests as a share of bare health requests", "≥ 40 %", f"{share:.0%}", passed, detail)


def _overload(served: Served, clients: int, seconds: float = 12.0) -> Row:
    many = 10 * clients
    met = asyncio.run(overload.flood(served.port, served.bodies, many, seconds, served.process))
    kinds = ", ".join(f"{count} × {status}" for status, count in sorted(met.statuses.items()))
    detail = (
        f"{kinds}, {met.silent} without Retry-After, {met.cut} cut; {met.before} MiB before, {met.peak} at most, "
        f"{met.after} after; served as always {met.recovered:.1f} s later"
    )
    answered = set(met.statuses) <= {200, 429, 503} and not met.silent and not met.cut
    passed = answered and met.peak - met.before < 128 and met.recovered < 10
    return Row(
        f"{many} clients at once, none of which waits when asked to",
        "429/503 with Retry-After, no growth, back within 10 s", f"{met.recovered:.1f} s", passed, detail,
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.load", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a quick look")
    parser.add_argument("--full", action="store_true", help="100,000 requests for the timing")
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--out", type=Path, help="the page whose table is to be replaced")
    chosen = parser.parse_args()
    raise_file_limit()
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for row in (
            *rows(Path(folder), 600 if chosen.short else 4000, chosen.clients),
            *feed.rows(100_000 if chosen.short else 1_000_000),
            *timing.rows(50_000 if chosen.full else 3000 if chosen.short else 10_000),
        ):
            print(f"  {row.figure}: {row.measured} ({row.bar}) {row.detail}", file=sys.stderr, flush=True)
            found.append(row)
    text = f"{machine()}\n\n{table(found)}"
    print(f"\n{text}")
    if chosen.out:
        put(chosen.out, "load", text)


if __name__ == "__main__":
    main()
