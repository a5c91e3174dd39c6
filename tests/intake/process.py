"""The intake as a process of its own, run by the command line."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.waiting import PATIENCE

TAKEDOWN = [sys.executable, "-m", "takedown_cli", "intake"]


def run(*arguments: str, code: int = 0) -> dict[str, Any]:
    """A command to its end; its JSON object. A server takes any free port, as others may have the usual one."""
    port = ("--port", "0") if arguments[0] == "serve" and "--port" not in arguments else ()
    done = subprocess.run(
        [*TAKEDOWN, *arguments, *port, "--json"], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == code, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
    return port


@contextmanager
def served(
    home: Path, port: int = 0, options: tuple[str, ...] = ()
) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    process = subprocess.Popen(
        [*TAKEDOWN, "serve", str(home), "--port", str(port), "--json", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        yield process, json.loads(line)
    finally:
        process.kill()
        process.communicate()
