"""A family's computer for one command: a home, a temporary folder, a place to work, and what is in all of them.

The command sees nothing else of this machine, and every change of a file is noticed.
Each test has its own.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import takedown_cli
from tests.waiting import PATIENCE

COMMAND = (sys.executable, "-m", "takedown_cli")
ROOT = Path(takedown_cli.__file__).parents[1]

#: Path below the household → size, time of change, digest. Folders have no digest.
State = dict[str, tuple[int, int, str]]


@dataclass(frozen=True)
class Ended:
    code: int
    out: bytes
    err: bytes


class Household:
    """``work`` is the current folder of every command; ``home`` and ``tmp`` are what the environment names."""

    def __init__(self, folder: Path, home: str = "home") -> None:
        self.folder = folder
        self.home, self.tmp, self.work = folder / home, folder / "tmp", folder / "work"
        for place in (self.home, self.tmp, self.work):
            place.mkdir(parents=True, exist_ok=True)

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        usual = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        mine = {"HOME": str(self.home), "TMPDIR": str(self.tmp), "LC_ALL": "C.UTF-8"}
        return {**usual, **mine, **(extra or {})}

    def __call__(
        self,
        *arguments: str | Path,
        env: Mapping[str, str] | None = None,
        before: Sequence[str | Path] = (),
        stdin: bytes = b"",
    ) -> Ended:
        """Run ``takedown ARGUMENTS``; ``before`` is put in front, such as a tracer or a namespace."""
        ended = subprocess.run(
            [*before, *COMMAND, *arguments], cwd=self.work, env=self.environment(env), input=stdin,
            capture_output=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def state(self) -> State:
        """Every file and folder as it is now."""
        found: State = {}
        for path in sorted(self.folder.rglob("*")):
            info = path.lstat()
            if path.is_file() and not path.is_symlink():
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                found[str(path.relative_to(self.folder))] = (info.st_size, info.st_mtime_ns, digest)
            else:
                found[str(path.relative_to(self.folder))] = (0, 0, "")
        return found
