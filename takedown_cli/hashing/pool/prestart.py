"""Starts the fork server before its recipe is known, so that its libraries load at the same time as ours.

If no pool takes it over, it ends with this process. This module imports only what is needed to start a process, because
every import here delays that start.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys

from takedown_cli.hashing.pool import interpreter

_started: list[tuple[socket.socket, subprocess.Popen[bytes]]] = []


def prestart_fork_server() -> None:
    """Let a fork server import its libraries; the next pool of this process takes it over."""
    if sys.platform == "linux" and not _started:
        with contextlib.suppress(OSError):  # the pool will try again, and say so
            _started.append(_start_fork_server())


def take_fork_server() -> tuple[socket.socket, subprocess.Popen[bytes]]:
    """Return the channel to the fork server that was started before, or to a new one. Raise OSError."""
    return _started.pop() if _started else _start_fork_server()


def _start_fork_server() -> tuple[socket.socket, subprocess.Popen[bytes]]:
    control, theirs = socket.socketpair()
    with theirs:
        try:
            parent: interpreter.Settings = {"parent": os.getpid()}
            module = "takedown_cli.hashing.pool.fork_server"
            return control, interpreter.start_interpreter(module, parent, theirs, more=True)
        except OSError:
            control.close()
            raise
