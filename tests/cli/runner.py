"""The command as a person or a script meets it: a real process, with pipes or with a terminal."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import takedown_cli
from tests.waiting import PATIENCE

COMMAND = [sys.executable, "-m", "takedown_cli"]
ROOT = Path(takedown_cli.__file__).parents[1]


def environment(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """A neutral environment: no colour wishes, no settings, and a home that is empty."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "SYSTEMROOT", "TMPDIR"}}
    return {**kept, "HOME": str(home), "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8", **(extra or {})}


@dataclass(frozen=True)
class Ended:
    code: int
    out: bytes
    err: bytes

    @property
    def said(self) -> str:
        return self.err.decode()

    def document(self) -> dict[str, Any]:
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found


def run(
    *arguments: str | bytes | Path,
    cwd: Path,
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
    command: Sequence[str] = COMMAND,
) -> Ended:
    """Run without a terminal; stdin is closed unless something is given."""
    ended = subprocess.run(
        [*command, *arguments],
        cwd=cwd,
        env=environment(cwd, env),
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


def after(code: str) -> list[str]:
    """The command, in a process that has run this code first: to make a deadline shorter, or a work endless."""
    return [sys.executable, "-c", f"{code}; from takedown_cli.cli.app import main; main()"]


def start(
    *arguments: str | Path, cwd: Path, stdin: int = subprocess.DEVNULL, command: Sequence[str] = COMMAND
) -> subprocess.Popen[bytes]:
    """Start without waiting, in a session of its own so that its children can be counted."""
    return subprocess.Popen(
        [*command, *arguments],
        cwd=cwd,
        env=environment(cwd),
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def in_terminal(
    *arguments: str | Path,
    cwd: Path,
    answers: Sequence[tuple[str, str]] = (),
    env: Mapping[str, str] | None = None,
) -> tuple[int, str]:
    """Run on a terminal of its own; each answer is typed once its question is on the screen. Gives code and screen."""
    if sys.platform == "win32":
        pytest.skip("Windows has no terminal that a test can open")
    import pty

    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(cwd)
        os.execve(sys.executable, [*COMMAND, *map(str, arguments)], environment(cwd, {"TERM": "xterm", **(env or {})}))
    screen, waiting, until = b"", list(answers), time.monotonic() + PATIENCE
    seen = 0
    while time.monotonic() < until:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # the other side is gone
            break
        screen += piece
        if waiting and (place := screen.find(waiting[0][0].encode(), seen)) >= 0:
            seen = place + len(waiting[0][0])
            os.write(terminal, waiting.pop(0)[1].encode())
    else:
        os.kill(pid, signal.SIGKILL)  # it waits for something that never comes
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), screen.decode()
