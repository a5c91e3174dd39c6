"""The template process that is started before it is known what for, so that its libraries load beside our own.

It guarantees that it ends with this process if no pool ever takes it over.
It must never import more than starting a process takes: every import here delays that start.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys

from takedown_cli.pool import interpreter

_ahead: list[tuple[socket.socket, subprocess.Popen[bytes]]] = []


def start_ahead() -> None:
    """Let a template import its libraries; the next pool of this process takes it over."""
    if sys.platform == "linux" and not _ahead:
        with contextlib.suppress(OSError):  # the pool will try again, and say so
            _ahead.append(_start())


def template() -> tuple[socket.socket, subprocess.Popen[bytes]]:
    """The template that was started ahead or else a new one, and the channel to it. Raises OSError."""
    return _ahead.pop() if _ahead else _start()


def _start() -> tuple[socket.socket, subprocess.Popen[bytes]]:
    control, theirs = socket.socketpair()
    with theirs:
        try:
            parent: interpreter.Settings = {"parent": os.getpid()}
            return control, interpreter.start("takedown_cli.pool.zygote", parent, theirs, more=True)
        except OSError:
            control.close()
            raise
