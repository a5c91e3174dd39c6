"""Signals to the real command at random moments of its life, and what is left of it afterwards.

It reports a half-written file, a bundle without its number, and a process that lives on.
It does not wait without a bound.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from pathlib import Path

from takedown_cli.core.errors import TakedownError
from takedown_cli.fixtures.texture import picture
from takedown_cli.protocol.bundle.file import open_signed
from tests.campaigns.hostile.measure import COMMAND, below, environment

#: Without the last on Windows.
SIGNALS = [signal.Signals[name] for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
_PATIENCE = 900.0


def session(pid: int) -> int:
    """The session a process belongs to; 0 when it is gone or only waits to be reaped."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return 0 if fields[0] == "Z" else int(fields[3])


def members(sessions: set[int]) -> set[int]:
    """Living processes of these sessions."""
    pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return {pid for pid in pids if session(pid) in sessions}


class Moments:
    """A folder of pictures, the time that the command takes for it, and what interruptions came to."""

    def __init__(self, above: Path, pictures: int = 16) -> None:
        self.above = above
        self.seconds: list[float] = []
        self._photos = above / "photos"
        self._photos.mkdir()
        whole = above / "whole.jpg"
        picture(3, (1600, 1200)).save(whole, quality=85)
        for number in range(pictures):
            (self._photos / f"{number:02}.jpg").write_bytes(whole.read_bytes() + number.to_bytes(2, "big"))
        whole.unlink()
        self._home = above / "home"
        self._home.mkdir()
        self._work = above / "work"
        self._work.mkdir()
        began = time.monotonic()
        assert self._start().wait(_PATIENCE) == 0
        self.length = time.monotonic() - began
        (self._work / "x.tdb").unlink()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*COMMAND, "hash", self._photos, "-o", "x.tdb", "--json", "--age", "adult", "--for", "self"],
            cwd=self._work, env=environment(self._home), stdin=subprocess.DEVNULL,
            stdout=(self.above / "out").open("wb"), stderr=(self.above / "err").open("wb"), start_new_session=True,
        )  # fmt: skip

    def at_random(self, count: int, seed: int = 1) -> list[str]:
        """What went wrong at ``count`` moments between the start of the process and somewhat after its end."""
        chance = random.Random(seed)
        faults = []
        for number in range(count):
            moment = chance.uniform(0.0, self.length * 1.05)
            fault = self.interrupt(moment, SIGNALS[number % len(SIGNALS)])
            faults += [f"{SIGNALS[number % len(SIGNALS)].name} after {moment:.3f} s: {fault}"] if fault else []
        return faults

    def interrupt(self, moment: float, number: signal.Signals) -> str:
        """Start, wait, send, and look; gives what is wrong, or nothing."""
        process = self._start()
        time.sleep(moment)
        sessions = {session(pid) for pid in {process.pid, *below(process.pid)}} - {0}
        ours_from_here = self._catches(process.pid)
        process.send_signal(number)
        sent = time.monotonic()
        try:
            code = process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return "it did not end"
        self.seconds.append(time.monotonic() - sent)
        return self._left_behind(code, number, sessions, ours_from_here)

    @staticmethod
    def _catches(pid: int) -> bool:
        """Whether the program has its handlers in place; until then the interpreter starts, and Python has its own."""
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            return False
        caught = next((line.split()[1] for line in status.splitlines() if line.startswith("SigCgt")), "0")
        return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)

    def _left_behind(self, code: int, number: int, sessions: set[int], ours: bool) -> str:
        said, result = (self.above / "err").read_bytes(), (self.above / "out").read_bytes()
        if ours and code not in {0, 128 + number, -number}:  # before, Python answers in its own way
            return f"exit code {code}"
        if ours and code == -number:
            return "it was ended by the signal instead of ending"
        if ours and (b"Traceback" in said or os.fsencode(self.above) in said):
            return "a traceback or a path on stderr"
        until = time.monotonic() + _PATIENCE
        while (orphans := members(sessions)) and time.monotonic() < until:
            time.sleep(0.01)
        if orphans:
            return f"{len(orphans)} processes live on"
        left = [path for path in self._work.iterdir() if path.name != "x.tdb"] + list(self._home.iterdir())
        if left:
            return f"{len(left)} files were left"
        bundle = self._work / "x.tdb"
        if bundle.exists():
            data = bundle.read_bytes()
            bundle.unlink()
            try:
                open_signed(data)
            except TakedownError:
                return "half a bundle"
            return "" if b'"case_number": "' in result else "a bundle whose number nobody saw"
        return "" if code else "the end was good, but there is no bundle"
