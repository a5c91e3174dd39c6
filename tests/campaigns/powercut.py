"""Power cuts: what is left of the intake when everything that was not synced is lost, at any moment.

Killing a process loses nothing that it gave to the kernel, so it cannot show whether the disk was waited for. Here the
intake runs under ``strace`` while submissions come in; the trace holds every write, sync and answer in order. A cut is
a place in it: each file is rebuilt from what was synced before that place (and, torn, from any part of the rest),
opened, and asked for every submission whose receipt had left by then.
Run as ``python -m tests.campaigns.powercut --cuts 20``.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from takedown_cli.intake.service import Intake, make_intake
from takedown_cli.intake.settings import Home, Settings
from takedown_cli.intake.store.tables import cases
from tests.intake.person import HTTP, Person, balanced, picture

_CALLS = "pwrite64,fsync,fdatasync,ftruncate,sendto"
_CALL = re.compile(r"(\w+)\(\d+<((?:\\x[0-9a-f]{2})*)>(?:, \"((?:\\x[0-9a-f]{2})*)\")?(.*)\) += (-?\d+)")


@dataclass(frozen=True)
class Event:
    """A finished system call: its name, the file or socket, the bytes it wrote, and its last number (an offset)."""

    call: str
    path: str
    data: bytes
    number: int


def _events(log: Path) -> Iterator[Event]:
    begun: dict[str, str] = {}
    with log.open(encoding="ascii", errors="replace") as lines:
        for line in lines:
            process, _, text = line.rstrip("\n").partition(" ")
            text = text.lstrip()
            if text.endswith("<unfinished ...>"):
                begun[process] = text.removesuffix("<unfinished ...>").rstrip()
                continue
            if text.startswith("<... "):
                text = begun.pop(process, "") + text.partition("resumed>")[2]
            match = _CALL.match(text)
            if match and int(match[5]) >= 0:
                numbers = re.findall(r"\d+", match[4])
                data, path = (bytes.fromhex((match[n] or "").replace("\\x", "")) for n in (3, 2))
                yield Event(match[1], path.decode(), data[: int(match[5])], int(numbers[-1]) if numbers else 0)


@dataclass
class Disk:
    """The files of a folder as they would be after a cut: what was synced, and what was not yet."""

    synced: dict[str, bytearray]
    pending: dict[str, list[Event]] = field(default_factory=dict)

    def see(self, event: Event) -> None:
        if event.path not in self.synced and not event.path.endswith("-wal"):
            return
        if event.call in {"fsync", "fdatasync"}:
            for one in self.pending.pop(event.path, ()):
                _apply(self.synced.setdefault(event.path, bytearray()), one)
        elif event.call in {"pwrite64", "ftruncate"}:
            self.pending.setdefault(event.path, []).append(event)

    def after_cut(self, *, torn: bool) -> dict[str, bytes]:
        """Each file's bytes; ``torn`` lets any part of what was not synced have reached the disk."""
        left = {path: bytearray(content) for path, content in self.synced.items()}
        for path, events in self.pending.items() if torn else ():
            for event in events:
                if random.random() < 0.5:
                    _apply(left.setdefault(path, bytearray()), event)
        return {path: bytes(content) for path, content in left.items()}


def _apply(content: bytearray, event: Event) -> None:
    if event.call == "ftruncate":
        del content[event.number :]
        content.extend(bytes(event.number - len(content)))
        return
    content.extend(bytes(max(0, event.number - len(content))))
    content[event.number : event.number + len(event.data)] = event.data


def _acknowledged(event: Event) -> str | None:
    """The digest of the message in a receipt, if this is the answer that carries one."""
    if event.call != "sendto" or b'{"payload":"' not in event.data:
        return None
    envelope = json.loads(event.data[event.data.index(b'{"payload"') :])
    found: dict[str, Any] = json.loads(base64.b64decode(envelope["payload"]))
    return found.get("message") if found.get("schema") == "takedown.receipt" else None


def record(folder: Path, count: int) -> tuple[Path, Home, dict[str, tuple[str, bytes]]]:
    """Run an intake under strace and submit to it; the trace, the folder as it was, and whose is each message."""
    home, before, log = Home(folder / "home"), Home(folder / "before"), folder / "trace"
    make_intake(
        home, Settings(name="Power", test=True, flood_per_hour=10**9, anonymous_per_hour=10**9, anonymous_per_day=10**9)
    )
    shutil.copytree(home.path, before.path)
    trace = ["strace", "-f", "-qq", "-y", "-xx", "-s", "100000", "-e", f"trace={_CALLS}", "-o", str(log)]
    serve = [sys.executable, "-m", "takedown_cli", "intake", "serve", str(home.path), "--port", "0", "--json"]
    server = subprocess.Popen([*trace, *serve], stdout=subprocess.PIPE)
    try:
        assert server.stdout is not None
        origin = json.loads(server.stdout.readline())["origin"]
        card = HTTP.get(f"{origin}/v1/keys").content
        people = [Person(origin, card) for _ in range(count)]
        messages = [person.message(person.bundle(picture(balanced(n)))) for n, person in enumerate(people)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda pair: pair[0].post("submit", pair[1]), zip(people, messages, strict=True)))
    finally:
        children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text(encoding="ascii").split()
        for child in children:
            os.kill(int(child), 9)
        server.wait()
    whose = {sha256(m).hexdigest(): person.place for person, m in zip(people, messages, strict=True)}
    return log, before, whose


def cut(
    before: Home, disk: Disk, folder: Path, acknowledged: Iterable[tuple[str, bytes]], *, torn: bool
) -> tuple[int, list[str]]:
    """Rebuild the folder as a cut leaves it and open it; how many were lost, and what the check-up finds wrong."""
    after = Home(folder)
    shutil.copytree(before.path, after.path)
    for path, content in disk.after_cut(torn=torn).items():
        (after.path / Path(path).name).write_bytes(content)
    intake = Intake.open(after)
    try:
        kept = intake.read(lambda c: {bytes(row.lookup) for row in c.execute(cases.select())})
        lost = sum(intake.identity.keyring.lookup_hmac(*one) not in kept for one in acknowledged)
        return lost, list(intake.check_integrity().wrong)
    finally:
        intake.close()
        shutil.rmtree(folder)


def campaign(count: int, cuts: int) -> dict[str, int]:
    """Cut at so many random places after the first receipt; half of the cuts are torn."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        log, before, whose = record(folder, count)
        events = list(_events(log))
        live = str(folder / "home" / "intake.db")
        disk = Disk({live: bytearray((before.path / "intake.db").read_bytes())})
        first = next(place for place, event in enumerate(events) if _acknowledged(event))
        places = set(random.sample(range(first, len(events)), min(cuts, len(events) - first)))
        acknowledged: set[tuple[str, bytes]] = set()
        result = {"submissions": count, "cuts": len(places), "torn": 0, "lost": 0, "faults found": 0, "pending": 0}
        for place, event in enumerate(events):
            disk.see(event)
            receipt = _acknowledged(event)
            if receipt:
                acknowledged.add(whose[receipt])
            if place in places:
                torn = bool(random.getrandbits(1))
                lost, wrong = cut(before, disk, folder / f"cut{place}", acknowledged, torn=torn)
                result["torn"] += torn
                result["lost"] += lost
                result["faults found"] += len(wrong)
                result["pending"] += bool(any(disk.pending.values()))
        return {**result, "acknowledged": len(acknowledged)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--submissions", type=int, default=150)
    parser.add_argument("--cuts", type=int, default=20)
    arguments = parser.parse_args()
    if shutil.which("strace") is None:
        sys.exit("strace is not installed")
    result = campaign(arguments.submissions, arguments.cuts)
    print(json.dumps(result))
    sys.exit(1 if result["lost"] or result["faults found"] else 0)


if __name__ == "__main__":
    main()
