"""``make replay``: attackers who send prepared 8 MiB bodies again and again, and how long honest people wait.

Ten processes at niceness 10 share the machine with the intake. Their bodies are refused, each for another reason. One
honest person after another submits a picture, asks for its status, and so on; then the same without attackers.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import quantiles

from takedown_cli.client.client import IntakeClient
from takedown_cli.client.transport import Transport
from takedown_cli.intake.service import make_intake
from takedown_cli.intake.settings import Home, Settings
from takedown_cli.protocol.addresses import IntakeAddress
from takedown_cli.protocol.bundle.seal import BUCKETS
from tests.benchmarks.measure import Row, machine, put, table
from tests.intake.attacks.test_hash_budget import values
from tests.intake.person import HTTP, Person, balanced, picture

ATTACKERS = 10
_NICENESS = 10
SERVE = [sys.executable, "-m", "takedown_cli", "intake", "serve"]


@dataclass
class Waits:
    """Seconds that honest people waited for each answer, work included, and what else became of them."""

    seconds: list[float] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)

    @property
    def p99(self) -> float:
        return quantiles(self.seconds, n=100)[98] if len(self.seconds) > 1 else float("inf")


def attack(port: int, file: str) -> None:
    """Send one body for ever, and print how the answers came when standard input ends."""
    import http.client
    import threading

    if sys.platform != "win32":
        os.nice(_NICENESS)
    body, over, met = Path(file).read_bytes(), threading.Event(), Counter[str]()

    def wait_for_the_end() -> None:
        sys.stdin.read()
        over.set()

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    while not over.is_set():
        try:
            connection.request("POST", "/v1/submit", body)
            answer = connection.getresponse()
            answer.read()
            met[str(answer.status)] += 1
        except (OSError, http.client.HTTPException) as error:
            met[type(error).__name__] += 1
            connection.close()
    print(json.dumps(met))


def prepare(folder: Path, person: Person) -> list[Path]:
    """Bodies of 8 MiB: an addition to no case, too much of one picture, and one in which a byte was changed."""
    many = values(36_000)
    slices = [picture(*many[n : n + 90]) for n in range(0, len(many), 90)]
    refused = person.message(person.bundle(*slices, adds=True))
    stuffed = person.message(person.bundle(*(picture(*many[n : n + 12_000]) for n in range(0, len(many), 12_000))))
    changed = refused[:-1] + bytes([refused[-1] ^ 1])
    assert {len(body) > BUCKETS[-1] for body in (refused, stuffed, changed)} == {True}
    paths = [folder / f"body{n}" for n in range(3)]
    for path, body in zip(paths, (refused, stuffed, changed), strict=True):
        path.write_bytes(body)
    return paths


def honest(origin: str, card: bytes, seconds: float) -> Waits:
    """Submit and ask, as people do, a few times a second."""
    waits, until = Waits(), time.monotonic() + seconds
    pin = Person(origin, card).audience.key_id
    with Transport(IntakeAddress(origin, pin)) as transport:
        client = IntakeClient(transport, IntakeAddress(origin, pin))
        client.fetch_card()
        while time.monotonic() < until:
            person = Person(origin, card)
            message = person.message(person.bundle(picture(balanced(secrets.token_hex(8)))))
            acts: dict[str, Callable[[], object]] = {
                "submit": partial(client.submit, message),
                "status": partial(client.status, person.number),
            }
            for name, act in acts.items():
                begun = time.monotonic()
                try:
                    act()
                except Exception as error:  # counted by its class: the campaign goes on
                    waits.failures[f"{name}: {type(error).__name__}"] += 1
                waits.seconds.append(time.monotonic() - begun)
            time.sleep(0.1)
    return waits


def rows(folder: Path, seconds: float) -> list[Row]:
    home = Home(folder / "home")
    make_intake(home, Settings(name="Replay", test=True))
    server = subprocess.Popen([*SERVE, str(home.path), "--port", "0", "--json"], stdout=subprocess.PIPE)
    attackers: list[subprocess.Popen[bytes]] = []
    try:
        assert server.stdout is not None
        origin = json.loads(server.stdout.readline())["origin"]
        card = HTTP.get(f"{origin}/v1/keys").content
        bodies = prepare(folder, Person(origin, card))
        calm = honest(origin, card, seconds / 2)
        port = origin.rpartition(":")[2]
        for number in range(ATTACKERS):
            command = [
                sys.executable,
                "-m",
                "tests.campaigns.replay",
                "--attack",
                port,
                str(bodies[number % len(bodies)]),
            ]
            attackers.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        time.sleep(3)
        busy = honest(origin, card, seconds)
        met: Counter[str] = Counter()
        for process in attackers:
            met.update(json.loads(process.communicate(timeout=120)[0]))
    finally:
        for process in (*attackers, server):
            process.kill()
            process.wait()
    answers = ", ".join(f"{count} × {what}" for what, count in sorted(met.items()))
    failed = ", ".join(f"{count} × {what}" for what, count in busy.failures.items()) or "none failed"
    detail = (
        f"p50 {quantiles(busy.seconds, n=2)[0] * 1000:.0f} ms of {len(busy.seconds)}, {failed}; without attackers p99 "
        f"{calm.p99 * 1000:.0f} ms; attackers' answers: {answers}"
    )
    passed = busy.p99 <= 2 and not busy.failures
    return [
        Row(
            f"{ATTACKERS} attackers at niceness {_NICENESS} who send prepared 8 MiB bodies: honest people wait",
            "p99 ≤ 2 s, none refused", f"{busy.p99 * 1000:.0f} ms", passed, detail,
        )
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.replay", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long the attack lasts")
    parser.add_argument("--out", type=Path, help="the page that takes the table")
    parser.add_argument("--attack", nargs=2, metavar=("PORT", "FILE"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.attack:
        attack(int(given.attack[0]), given.attack[1])
        return
    with tempfile.TemporaryDirectory() as folder:
        found = rows(Path(folder), given.seconds)
    text = f"{machine()}\n\n{table(found)}"
    print(text)
    if given.out:
        put(given.out, "replay", text)
    sys.exit(not all(row.passed for row in found))


if __name__ == "__main__":
    main()
