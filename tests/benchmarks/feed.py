"""A full pull of the lists: hashes a second and memory, in the largest pages and in those of
the stock client, by plain HTTP as curl does it.

Run as ``python -m tests.benchmarks.feed``; ``--hashes 100000`` for a quick look. The lists are written straight into
the database, in the proportions of real cases: one case for 50 hashes.
"""

from __future__ import annotations

import argparse
import json
import secrets
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from takedown_cli.intake.service import Intake, make_intake
from takedown_cli.intake.settings import Home, Settings
from tests.benchmarks.measure import Row, resident, table
from tests.intake.person import HTTP, Platform

PER_CASE = 50
#: MiB between the first fifth and the whole that count as constant.
FLAT = 16


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
        "INSERT INTO hashes (id, list, signal, value, state, classes, modified, seq)"
        " VALUES (?, 'under-18', 'pdq', ?, 'active', 1, ?, ?)",
        ((n, secrets.token_bytes(32), now + n // 100, n) for n in range(1, count + 1)),
    )
    connection.executemany(
        "INSERT INTO listings (case_id, number, hash_id) VALUES (?, 1, ?)",
        ((2 + (n - 1) // PER_CASE, n) for n in range(1, count + 1)),
    )
    connection.execute("UPDATE clock SET seq = ?, modified = ?", (count, now + count // 100))
    connection.commit()
    connection.close()


def pull(platform: Platform, size: int, process: int) -> tuple[int, float, list[int]]:
    """Pull it all and give the number of records, the seconds, and the server's memory after every 10,000."""
    count, token, started = 0, "", time.perf_counter()
    memory = [resident(process)]
    while True:
        query = f"startTimestamp=10&pageSize={size}&nextPageToken={token}"
        url = f"{platform.origin}/v1/FetchHashes?{query}"
        body = HTTP.get(url, headers=platform.headers("fetch")).content
        head = json.loads(body[: body.index(b',"hashRecords"')] + b"}")
        count += head["count"]
        if count >= 10_000 * len(memory):
            memory.append(resident(process))
        if not head["hasMoreRecords"]:
            return count, time.perf_counter() - started, memory
        token = head["nextPageToken"]


def rows(hashes: int) -> Iterator[Row]:
    """A pull in the largest pages, and one in those that the stock client asks for."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home")
        make_intake(home, Settings(name="Feed", test=True))
        fill(home.database, hashes)
        intake = Intake.open(home)
        keys = intake.add_participant("Platform", "under-18")
        intake.close()
        server = subprocess.Popen(
            [sys.executable, "-m", "takedown_cli", "intake", "serve", str(home.path), "--port", "0", "--json"],
            stdout=subprocess.PIPE,
        )
        try:
            assert server.stdout is not None
            platform = Platform(json.loads(server.stdout.readline())["origin"], keys)
            yield from (_row(platform, size, hashes, server.pid) for size in (5000, 800))
        finally:
            server.terminate()
            server.wait()


def _row(platform: Platform, size: int, hashes: int, process: int) -> Row:
    count, seconds, memory = pull(platform, size, process)
    rate, early, most = count / seconds, max(memory[: 1 + len(memory) // 5]), max(memory)
    passed = count == hashes and rate >= 50_000 and most - early <= FLAT
    figure = f"feed of {hashes:,} hashes, full pull in pages of {size}"
    told = f"{seconds:.0f} s, {count:,} hashes; {early} MiB at most in the first fifth, {most} MiB in the whole"
    return Row(figure, "≥ 50,000 hashes/s, constant memory", f"{rate:,.0f}/s", passed, told)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hashes", type=int, default=1_000_000)
    print(table(list(rows(parser.parse_args().hashes))))


if __name__ == "__main__":
    main()
