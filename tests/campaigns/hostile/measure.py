"""Runs the real command over a folder and watches it from outside: outcomes, memory, the slowest file, what it said.

The figures are the system's own (``/proc``), not the program's.
It does not change what it measures: it reads rows as they come and looks at processes from time to time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Self

import takedown_cli

COMMAND = (sys.executable, "-m", "takedown_cli")
ROOT = Path(takedown_cli.__file__).parents[1]
_LOOK_SECONDS = 0.03


@dataclass
class Figures:
    """What one run came to. Memory is the peak resident size in bytes, of the parent and of its largest child."""

    code: int = 0
    seconds: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    rows: list[dict[str, Any]] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
    said: bytes = b""
    parent: int = 0
    child: int = 0
    slowest: float = 0.0
    slowest_name: str = ""

    @property
    def files(self) -> int:
        return sum(self.outcomes.values())

    def reconciles(self) -> bool:
        """Whether rows, totals and reasons say the same."""
        kinds = {kind: self.summary.get(kind) for kind in ("hashed", "partial", "skipped", "failed")}
        explained = sum(self.reasons.values())
        return (
            self.summary.get("files") == self.files
            and all(self.outcomes[kind] == count for kind, count in kinds.items())
            and sum(self.summary.get("reasons", {}).values()) == explained
        )


class Watch:
    """Looks at a process and everything below it every few milliseconds, until the block ends."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.parent = self.child = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._end.wait(_LOOK_SECONDS):
            self.parent = max(self.parent, peak(self._pid))
            self.child = max([self.child, *(peak(pid) for pid in below(self._pid))])


def peak(pid: int) -> int:
    """Peak resident bytes of a process; 0 when it is gone, or the system does not say."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:  # noqa: PTH123
            return next((int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM")), 0)
    except OSError:
        return 0


def below(pid: int) -> set[int]:
    """Processes that descend from this one and are alive."""
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        try:
            with open(f"/proc/{waiting[0]}/task/{waiting[0]}/children", encoding="ascii") as listed:  # noqa: PTH123
                more = [int(number) for number in listed.read().split()]
        except OSError:
            more = []
        waiting = [*waiting[1:], *more]
        found.update(more)
    return found


#: Gives up root's right to open any file (capabilities(7)), then becomes the program in its arguments.
_BE_HUMBLE = (
    "import ctypes,os,sys;p=ctypes.CDLL(None).prctl;"
    "[p(24, right, 0, 0, 0) for right in (1, 2)];"  # PR_CAPBSET_DROP: CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
    "os.execv(sys.argv[1], sys.argv[1:])"
)
HUMBLY = (sys.executable, "-I", "-S", "-c", _BE_HUMBLE) if sys.platform == "linux" else ()


def humbly(module: str, *arguments: Path) -> str:
    """What the program ``module`` says with these arguments when it runs with no special rights over files."""
    ended = subprocess.run(
        [*HUMBLY, sys.executable, "-m", module, *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return ended.stdout


def environment(home: Path) -> dict[str, str]:
    """Nothing of the caller's but what a process needs to start."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TMPDIR") if name in os.environ}
    return {**kept, "HOME": str(home), "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}


def run(
    paths: Sequence[Path],
    options: Sequence[str] = (),
    *,
    each: Callable[[int, dict[str, Any]], None] | None = None,
    keep: bool = False,
    humble: bool = False,
) -> Figures:
    """``takedown hash PATHS --jsonl``, watched. ``each`` is called with every row and the process id as it comes.

    The slowest file is the one whose row was waited for longest. With ``keep`` the rows stay in the figures,
    with ``humble`` root has no more rights over files than anybody else.
    """
    figures = Figures()
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryFile() as said:
        began = time.monotonic()
        process = subprocess.Popen(
            [*(HUMBLY if humble else ()), *COMMAND, "hash", "--jsonl", "--progress", "none", *options, "--", *paths],
            cwd=home, env=environment(Path(home)),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said, start_new_session=True,
        )  # fmt: skip
        with Watch(process.pid) as watch:
            assert process.stdout is not None
            _read(process.stdout, figures, process.pid, each, keep)
            figures.code = process.wait()
        figures.seconds = time.monotonic() - began
        said.seek(0)
        figures.said = said.read()
    figures.parent, figures.child = watch.parent, watch.child
    return figures


def _read(
    stream: IO[bytes], figures: Figures, pid: int, each: Callable[[int, dict[str, Any]], None] | None, keep: bool
) -> None:
    last = time.monotonic()
    for line in stream:
        now = time.monotonic()
        row = json.loads(line)
        if row["schema"] != "takedown.hash.file":  # the summary, or an error
            figures.summary = row.get("summary", {})
            continue
        if now - last > figures.slowest and figures.files:  # the first one waits for the decoders to start
            figures.slowest, figures.slowest_name = now - last, row["path"]
        last = now
        figures.outcomes[row["outcome"]] += 1
        figures.reasons.update(row[name] for name in ("reason", "weak") if name in row)
        if keep:
            figures.rows.append(row)
        if each is not None:
            each(pid, row)
