"""The kill campaign: submissions, each tried five times at once, while the intake is killed again and again.

Run as ``make crash N=10000`` for the whole of it: 200 kills, with SQLite and then with a PostgreSQL of the tests' own,
of which every process is killed as well, every tenth time. What was acknowledged must be there, once. Killing a process
loses nothing that it gave to the system, so ``tests.campaigns.powercut`` follows, which drops what was not synced.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from takedown_cli.intake.service import Intake, make_intake
from takedown_cli.intake.settings import Home, Settings
from takedown_cli.intake.store.tables import cases, submissions
from tests.benchmarks.measure import put
from tests.campaigns import powercut
from tests.intake.person import Person, balanced, picture
from tests.intake.postgres import Postgres, postgres

RETRIES = 5


@dataclass
class Campaign:
    """One intake, what was acknowledged by it, and how often it was killed."""

    home: Home
    port: int
    server: subprocess.Popen[bytes] | None = None
    receipts: dict[int, set[bytes]] = field(default_factory=dict)
    kills: int = 0
    databases: int = 0
    released: asyncio.Future[None] = field(init=False)

    def start(self) -> None:
        self.server = subprocess.Popen(
            [sys.executable, "-m", "takedown_cli", "intake", "serve", str(self.home.path), "--port", str(self.port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self.server.stdout is not None
        assert self.server.stdout.readline(), "the intake did not start again"

    def kill(self) -> None:
        assert self.server is not None
        self.server.kill()
        self.server.communicate()

    async def submit(self, number: int, message: bytes) -> None:
        """Send one submission until it is acknowledged."""
        head = f"POST /v1/submit HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(message)}\r\n\r\n"
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.write(head.encode() + message)
                answer = await asyncio.wait_for(reader.read(), 30)
                writer.close()
            except (OSError, TimeoutError):
                await asyncio.sleep(0.05)
                continue
            if answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"}"):
                self.receipts.setdefault(number, set()).add(answer.partition(b"\r\n\r\n")[2])
                return
            await asyncio.sleep(0.05)

    async def killer(self, kills: int, wait: float, database: Postgres | None) -> None:
        """Kill it so often, each time with a share of the submissions just released; the database every tenth time."""
        loop = asyncio.get_running_loop()
        for number in range(kills):
            self.released.set_result(None)
            self.released = loop.create_future()
            await asyncio.sleep(random.uniform(0, 1) * wait)
            await loop.run_in_executor(None, self.kill)
            if database is not None and number % 10 == 9:
                await loop.run_in_executor(None, database.kill)
                await loop.run_in_executor(None, database.start)
                self.databases += 1
            await loop.run_in_executor(None, self.start)
            self.kills += 1
        self.released.set_result(None)

    async def run(self, messages: list[bytes], kills: int, wait: float, database: Postgres | None) -> None:
        self.released = asyncio.get_running_loop().create_future()
        killing = asyncio.create_task(self.killer(kills, wait, database))
        gate, share = asyncio.Semaphore(40), -(-len(messages) // (kills + 1))

        async def one(number: int) -> None:
            while self.kills < kills and number >= (self.kills + 1) * share:
                await asyncio.shield(self.released)
            async with gate:
                await asyncio.gather(*(self.submit(number, messages[number]) for _ in range(RETRIES)))

        sending = asyncio.gather(*(one(number) for number in range(len(messages))))
        await asyncio.wait((sending, killing), return_when=asyncio.FIRST_COMPLETED)
        if killing.done():
            await killing  # it may have failed to start the intake again: then nothing else will ever end
        await sending
        await killing


def campaign(count: int, kills: int, wait: float, *, on_postgres: bool) -> dict[str, int | float]:
    """Run one; what came of it. ``lost`` must be 0 and ``cases`` the number of submissions."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        database = stack.enter_context(postgres(durable=True)) if on_postgres else None
        with socket.create_server(("127.0.0.1", 0)) as listening:
            port: int = listening.getsockname()[1]
        settings = Settings(
            name="Crash",
            test=True,
            origin=f"http://127.0.0.1:{port}",
            flood_per_hour=10**9,
            anonymous_per_hour=10**9,
            anonymous_per_day=10**9,
            database=database.new_database() if database else None,
        )
        identity = make_intake(Home(folder / "home"), settings)
        people = [Person(identity.audience.origin, identity.card) for _ in range(count)]
        messages = [person.message(person.bundle(picture(balanced(n)))) for n, person in enumerate(people)]
        run, started = Campaign(Home(folder / "home"), port), time.monotonic()
        run.start()
        try:
            asyncio.run(run.run(messages, kills, wait, database))
        finally:
            run.kill()
        counted = {"kills": run.kills, "kills of the database": run.databases}
        return {**_reckon(run, people), **counted, "seconds": round(time.monotonic() - started, 1)}


def _reckon(run: Campaign, people: list[Person]) -> dict[str, int | float]:
    from sqlalchemy import func, select

    intake = Intake.open(run.home)
    try:
        kept = intake.read(lambda connection: {bytes(row.lookup) for row in connection.execute(select(cases.c.lookup))})
        sent = intake.read(lambda connection: connection.scalar(select(func.count()).select_from(submissions)) or 0)
        wrong = intake.check_integrity().wrong
        found = {n for n, person in enumerate(people) if intake.identity.keyring.lookup_hmac(*person.place) in kept}
    finally:
        intake.close()
    return {
        "submissions": len(people),
        "cases": len(kept) - 1,  # the decoy
        "rows": sent,
        "acknowledged": len(run.receipts),
        "lost": len(set(run.receipts) - found),
        "receipts that differ": sum(len(one) > 1 for one in run.receipts.values()),
        "faults found": len(wrong),
    }


_COLUMNS = ("submissions", "acknowledged", "cases", "lost", "receipts that differ", "faults found")


def _sound(result: dict[str, int | float]) -> bool:
    whole = result["cases"] == result["submissions"] == result["rows"]
    return whole and not (result["lost"] or result["receipts that differ"] or result["faults found"])


def _campaigns(chosen: argparse.Namespace) -> Iterator[tuple[str, dict[str, int | float], bool]]:
    """What was done, what came of it, and whether it is as it must be."""
    kills = max(6, chosen.submissions // 50) if chosen.kills is None else chosen.kills
    for name in ("sqlite", "postgresql"):
        if chosen.database not in {name, "both"}:
            continue
        try:
            result = campaign(chosen.submissions, kills, chosen.wait, on_postgres=name == "postgresql")
        except pytest.skip.Exception as skipped:
            print(skipped, file=sys.stderr)
            continue
        detail = f"{name}, each tried {RETRIES} times at once, {result['kills']} × SIGKILL"
        if result["kills of the database"]:
            detail += f", and {result['kills of the database']} × of the database"
        yield detail, result, _sound(result)
    if chosen.database == "postgresql" or not chosen.cuts:
        return
    if shutil.which("strace") is None:
        print("strace is not installed: no power cuts", file=sys.stderr)
        return
    cut = powercut.campaign(min(chosen.submissions, 300), chosen.cuts)
    sound = not (cut["lost"] or cut["faults found"])
    yield f"sqlite, {cut['cuts']} power cuts, {cut['torn']} of them with torn writes", dict(cut), sound


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.crash", description=__doc__)
    parser.add_argument("--submissions", type=int, default=int(os.environ.get("N", "300")))
    parser.add_argument("--kills", type=int, help="one for each 50 submissions, when left out")
    parser.add_argument("--cuts", type=int, default=20)
    parser.add_argument("--wait", type=float, default=1.0, help="seconds until a kill, at most")
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--out", type=Path, help="the page whose table is to be replaced")
    chosen = parser.parse_args()
    lines = ["| what | " + " | ".join(_COLUMNS) + " |", "|---" * (1 + len(_COLUMNS)) + "|"]
    every = True
    for detail, result, sound in _campaigns(chosen):
        print(json.dumps({"what": detail, **result}), flush=True)
        lines.append(f"| {detail} | " + " | ".join(f"{result.get(name, '–')}" for name in _COLUMNS) + " |")
        every = every and sound
    text = "\n".join(lines)
    print(f"\n{text}")
    if chosen.out:
        put(chosen.out, "crash", text)
    sys.exit(0 if every else 1)


if __name__ == "__main__":
    main()
