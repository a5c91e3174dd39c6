"""A full pull of the lists: hashes a second and memory, by plain HTTP as curl does it and by the stock client's pages.

Run as ``python -m tests.benchmarks.feed``; ``--hashes 100000`` for a quick look. The lists are written straight into
the database, in the proportions of real cases: one case for 50 hashes.
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
from pathlib import Path

from takedown_cli.intake.service import Intake, make_intake
from takedown_cli.intake.settings import Home, Settings
from tests.intake.person import HTTP, Platform

PER_CASE = 50


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


def _memory(process: int) -> int:
    """Resident memory in MiB."""
    pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") >> 20


def pull(platform: Platform, size: int) -> tuple[int, float]:
    """Pull it all and give the number of records and the seconds; the answers are counted, not kept."""
    count, token, started = 0, "", time.perf_counter()
    while True:
        query = f"startTimestamp=10&pageSize={size}&nextPageToken={token}"
        url = f"{platform.origin}/v1/FetchHashes?{query}"
        body = HTTP.get(url, headers=platform.headers("fetch")).content
        head = json.loads(body[: body.index(b',"hashRecords"')] + b"}")
        count += head["count"]
        if not head["hasMoreRecords"]:
            return count, time.perf_counter() - started
        token = head["nextPageToken"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hashes", type=int, default=1_000_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home")
        make_intake(home, Settings(name="Feed", test=True))
        fill(home.database, arguments.hashes)
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
            for size in (5000, 800):
                before = _memory(server.pid)
                count, seconds = pull(platform, size)
                after = _memory(server.pid)
                print(
                    f"pages of {size}: {count} hashes, {count / seconds:.0f}/s, memory {before} to {after} MiB",
                    flush=True,
                )
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
