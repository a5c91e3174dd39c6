"""A full pull of the lists: hashes a second and memory, in the largest pages and in those of
the stock client, by plain HTTP as curl does it.

Run as ``python -m tests.campaigns.feed``; ``--hashes 100000`` for a quick look. The lists are written straight into
the database, in the proportions of real cases: one case for 50 hashes. Then many more cases get the first 1,000 of
these hashes, and the pages must stay as they were.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from takedown_cli.intake.cases.participants import Keys
from takedown_cli.intake.feeds import cursor
from takedown_cli.intake.service import Intake, make_intake
from takedown_cli.intake.settings import Home, Settings
from takedown_cli.protocol.bundle import envelope
from takedown_cli.protocol.feed import SIGNATURE_HEADER, FeedPage, read_page
from takedown_cli.protocol.wire import IntakeCard, decode
from tests.benchmarks.measure import Row, resident, table
from tests.intake.person import HTTP, Person, Platform, balanced, picture

PER_CASE = 50
#: MiB between the first fifth and the whole that count as constant.
FLAT = 16
#: How many of the hashes are those of many cases, and of how many.
CROWDED, CASES = 1000, 2000


def fill(database: Path, count: int) -> None:
    """So many hashes of so many cases, all listed."""
    connection = sqlite3.connect(database)
    day, now = "2030-01-01", int(time.time()) - count // 100
    cases = range(2, 2 + -(-count // PER_CASE))  # 1 is the decoy
    connection.executemany(
        "INSERT INTO cases (id, lookup, key, received, expires, behalf) VALUES (?, ?, ?, ?, '2098-01-01', 'self')",
        ((case, secrets.token_bytes(32), secrets.token_bytes(32), day) for case in cases),
    )
    connection.executemany(
        "INSERT INTO submissions (case_id, digest, day, expires, item_count) VALUES (?, ?, ?, ?, 1)",
        ((case, secrets.token_bytes(32), day, day) for case in cases),
    )
    connection.executemany(
        "INSERT INTO items (case_id, number, media, age, state, fingerprints, seq)"
        " VALUES (?, 1, 'image', 'under-18', 'listed', 50, 0)",
        ((case,) for case in cases),
    )
    connection.executemany(
        "INSERT INTO hashes (id, list, signal, value, state, standing, shown, classes, modified, seq, record)"
        " VALUES (?, 'under-18', 'pdq', ?, 'active', 'provisional', 1, 1, ?, ?, ?)",
        ((n, secrets.token_bytes(32), now + n // 100, n, secrets.token_bytes(16)) for n in range(1, count + 1)),
    )
    connection.executemany(
        "INSERT INTO listings (case_id, number, hash_id) VALUES (?, 1, ?)",
        ((2 + (n - 1) // PER_CASE, n) for n in range(1, count + 1)),
    )
    connection.execute("UPDATE clock SET seq = ?, modified = ?", (count, now + count // 100))
    connection.commit()
    connection.close()


def crowd(database: Path) -> None:
    """So many more cases, each with the same first hashes."""
    connection = sqlite3.connect(database)
    [(last,)] = connection.execute("SELECT max(id) FROM cases")
    cases = range(last + 1, last + 1 + CASES)
    connection.executemany(
        "INSERT INTO cases (id, lookup, key, received, expires, behalf)"
        " VALUES (?, ?, ?, '2030-01-01', '2098-01-01', 'self')",
        ((case, secrets.token_bytes(32), secrets.token_bytes(32)) for case in cases),
    )
    connection.executemany(
        "INSERT INTO items (case_id, number, media, age, state, fingerprints, seq)"
        f" VALUES (?, 1, 'image', 'under-18', 'listed', {CROWDED}, 0)",
        ((case,) for case in cases),
    )
    connection.executemany(
        "INSERT INTO listings (case_id, number, hash_id) VALUES (?, 1, ?)",
        ((case, n) for case in cases for n in range(1, CROWDED + 1)),
    )
    connection.commit()
    connection.close()


@dataclass
class Pull:
    """The number of records, the seconds, the server's memory after every 10,000 in MiB, and the largest page."""

    count: int
    seconds: float
    memory: list[int]
    largest: int


def pull(platform: Platform, size: int, process: int) -> Pull:
    """Pull it all."""
    count, largest, token, started = 0, 0, "", time.perf_counter()
    memory = [resident(process)]
    while True:
        query = f"startTimestamp=10&pageSize={size}&nextPageToken={token}"
        url = f"{platform.origin}/v1/FetchHashes?{query}"
        body = HTTP.get(url, headers=platform.headers("fetch")).content
        largest = max(largest, len(body))
        head = json.loads(body[: body.index(b',"hashRecords"')] + b"}")
        count += head["count"]
        if count >= 10_000 * len(memory):
            memory.append(resident(process))
        if not head["hasMoreRecords"]:
            return Pull(count, time.perf_counter() - started, memory, largest)
        token = head["nextPageToken"]


def rows(hashes: int) -> Iterator[Row]:
    """A pull in the largest pages, one in those that the stock client asks for, and both again with many cases."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home")
        make_intake(home, Settings(name="Feed", test=True))
        fill(home.database, hashes)
        intake = Intake.open(home)
        keys = intake.add_participant("Platform", "under-18")
        intake.close()
        sizes = (5000, 800)
        found = []
        for size, one in zip(sizes, _pulls(home, keys, sizes), strict=True):
            found.append(one)
            yield _row(size, hashes, one)
        with _serving(home, keys) as (platform, process):
            yield from native_rows(platform, hashes, process)
        crowd(home.database)
        for size, before, after in zip(sizes, found, _pulls(home, keys, sizes), strict=True):
            yield _crowded_row(size, hashes, before, after)


def _pulls(home: Home, keys: Keys, sizes: Sequence[int]) -> list[Pull]:
    """Pulls in pages of these sizes, each from a server that was just started."""
    found = []
    for size in sizes:
        with _serving(home, keys) as (platform, process):
            found.append(pull(platform, size, process))
    return found


@contextmanager
def _serving(home: Home, keys: Keys) -> Iterator[tuple[Platform, int]]:
    """Serve an intake in a process of its own: a participant of it, and the process id."""
    server = subprocess.Popen(
        [sys.executable, "-m", "takedown_cli", "intake", "serve", str(home.path), "--port", "0", "--json"],
        stdout=subprocess.PIPE,
    )
    try:
        assert server.stdout is not None
        yield Platform(json.loads(server.stdout.readline())["origin"], keys), server.pid
    finally:
        server.terminate()
        server.wait()


def _row(size: int, hashes: int, found: Pull) -> Row:
    memory = found.memory
    rate, early, most = found.count / found.seconds, max(memory[: 1 + len(memory) // 5]), max(memory)
    passed = found.count == hashes and rate >= 50_000 and most - early <= FLAT
    figure = f"feed of {hashes:,} hashes, full pull in pages of {size}"
    detail = (
        f"{found.seconds:.0f} s, {found.count:,} hashes; {early} MiB at most in the first fifth, {most} MiB in the "
        f"whole; largest page {found.largest / 2**20:.2f} MiB"
    )
    return Row(figure, "≥ 50,000 hashes/s, constant memory", f"{rate:,.0f}/s", passed, detail)


def _crowded_row(size: int, hashes: int, before: Pull, after: Pull) -> Row:
    """Compare with the pull before there were many cases. No page is larger than a page may be."""
    most = max(after.memory)
    passed = (
        after.count == hashes
        and after.largest <= max(before.largest, cursor.MAX_BYTES + 1024)
        and most - max(before.memory) <= FLAT
    )
    figure = f"the same in pages of {size}, with {CASES:,} cases for each of the first {CROWDED:,} hashes"
    detail = (
        f"{after.seconds:.0f} s, {after.count:,} hashes; {most} MiB at most, before {max(before.memory)}; "
        f"largest page before {before.largest / 2**20:.2f} MiB"
    )
    bar = "page within its bound, memory as before"
    return Row(figure, bar, f"largest page {after.largest / 2**20:.2f} MiB", passed, detail)


def native_rows(platform: Platform, hashes: int, process: int) -> Iterator[Row]:
    """A snapshot of the native feed, compressed, checked and read as a platform does it, and a delta of 1,000."""
    card = HTTP.get(f"{platform.origin}/v1/keys").content
    key = bytes.fromhex(decode(IntakeCard, envelope.verify(card, IntakeCard.TYPE).payload).signing_key)
    headers = {"authorization": f"Bearer {platform.keys.endpoints['feed']}", "accept-encoding": "gzip"}

    def page(cursor: str | None) -> FeedPage:
        query = {} if cursor is None else {"cursor": cursor}
        answer = HTTP.get(f"{platform.origin}/v1/feed", params=query, headers=headers)
        return read_page(FeedPage, answer.content, answer.headers[SIGNATURE_HEADER], key)

    cursors: list[str] = []
    count, started = 0, time.perf_counter()
    memory, own = [resident(process)], [resident(os.getpid(), alone=True)]
    while True:
        found = page(cursors[-1] if cursors else None)
        count += len(found.records)
        cursors.append(found.cursor)
        memory.append(resident(process))
        own.append(resident(os.getpid(), alone=True))
        if not found.more:
            break
    rate = count / (time.perf_counter() - started)
    growth = [max(one) - max(one[: 1 + len(one) // 5]) for one in (memory, own)]
    yield Row(
        f"native feed of {hashes:,} hashes, snapshot",
        "≥ 50,000 hashes/s, constant memory on both sides",
        f"{rate:,.0f}/s",
        count == hashes and rate >= 50_000 and max(growth) <= FLAT,
        f"{count:,} hashes in {len(cursors)} pages; after the first fifth {growth[0]} MiB more there, {growth[1]} here",
    )
    people = [Person(platform.origin, card) for _ in range(10)]
    for n, person in enumerate(people):
        assert person.submit(*(picture(balanced((n, one))) for one in range(100))).status_code == 200
    started = time.perf_counter()
    found = page(cursors[-1])
    seconds = time.perf_counter() - started
    passed = len(found.records) == 1000 and seconds <= 0.2
    yield Row("native feed, a delta of 1,000", "≤ 0.2 s", f"{seconds:.3f} s", passed, f"{len(found.records)} records")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hashes", type=int, default=1_000_000)
    print(table(list(rows(parser.parse_args().hashes))))


if __name__ == "__main__":
    main()
