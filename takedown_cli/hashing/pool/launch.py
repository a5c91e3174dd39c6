"""Starts children: with a fork server on Linux, and each as a new interpreter on other systems.

A child is killed and reaped by its number, which can never belong to another process by then. The calling process
itself is never forked: it may have threads, open files and secrets.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
import subprocess
import sys
from collections import deque
from typing import Protocol

from takedown_cli.hashing.pool import interpreter, prestart
from takedown_cli.hashing.pool.channel import ANSWER, COMMAND, FORK, LARGE, ORDINARY, REAP, SIGKILL, VIDEO
from takedown_cli.hashing.pool.interpreter import Settings

#: Seconds for an interpreter to start and import everything, on a slow disk as well.
START_SECONDS = 60.0
_REAP_SECONDS = 10.0
_CLOSE_SECONDS = 0.4


class Child(Protocol):
    """A decoding process as its parent sees it."""

    channel: socket.socket
    video: bool

    @property
    def handle(self) -> int:
        """The Windows handle of the process; 0 elsewhere."""

    @property
    def pid(self) -> int: ...

    def kill(self) -> int:
        """End the process if it still runs, wait for it and return its exit code; a negative one is a signal."""


def choose_launcher(settings: Settings) -> Launcher:
    """Return the best way of starting children on this system."""
    # Elsewhere, libraries of the system (Accelerate on macOS) do not survive a fork.
    return ForkServer(settings) if sys.platform == "linux" else FreshInterpreters(settings)


def _make_channel() -> tuple[socket.socket, socket.socket]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    return ours, theirs


class FreshInterpreters:
    """A new interpreter for every child: slow to start, works everywhere."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._children: list[_FreshChild] = []

    def start_child(self, video: bool, large: bool = False) -> Child:
        """Start a child, which is not ready yet; ``large`` gives it more memory. Raise OSError when there is none."""
        ours, theirs = _make_channel()
        with theirs:
            process = interpreter.start_interpreter(
                "takedown_cli.hashing.pool.child", {**self._settings, "video": video, "large": large}, theirs
            )
        child = _FreshChild(ours, video, process)
        self._children = [other for other in self._children if other.process.poll() is None] + [child]
        return child

    def close(self) -> None:
        """End every child in well under a second."""
        for child in self._children:
            child.process.kill()
        for child in self._children:
            child.kill()


class _FreshChild:
    def __init__(self, channel: socket.socket, video: bool, process: subprocess.Popen[bytes]) -> None:
        self.channel = channel
        self.video = video
        self.process = process

    @property
    def handle(self) -> int:
        return int(getattr(self.process, "_handle", 0))

    @property
    def pid(self) -> int:
        return self.process.pid

    def kill(self) -> int:
        self.channel.close()
        self.process.kill()
        return self.process.wait()


class ForkServer:
    """Children forked by ``fork_server``, which starts importing as soon as this object exists. Linux only."""

    def __init__(self, settings: Settings) -> None:
        self._control, self._process = prestart.take_fork_server()
        interpreter.send_settings(self._process, settings)
        self._control.settimeout(START_SECONDS)
        self._unnamed: deque[_ForkedChild] = deque()
        self._video = False

    def start_child(self, video: bool, large: bool = False) -> Child:
        """Start a child, which is not ready yet; ``large`` gives it more memory. Raise OSError when there is none."""
        if sys.platform != "linux":
            raise OSError(errno.ENOSYS, "only Linux has a fork server")
        if video and not self._video:
            self._control.sendall(COMMAND.pack(VIDEO, 0))
            self._video = True
        ours, theirs = _make_channel()
        with theirs:
            try:
                socket.send_fds(self._control, [COMMAND.pack(FORK, LARGE if large else ORDINARY)], [theirs.fileno()])
            except OSError:
                ours.close()
                raise
        child = _ForkedChild(self, ours, self._video)
        self._unnamed.append(child)
        return child

    def reap(self, pid: int) -> int:
        """Return the exit code of a child that is dead or dying."""
        # Until it is reaped, its number cannot be given to another process.
        try:
            self._control.settimeout(_REAP_SECONDS)
            self._control.sendall(COMMAND.pack(REAP, pid))
            while (code := self.read_answer(REAP)) is None:
                pass
            self._control.settimeout(START_SECONDS)
        except TimeoutError:
            # It hangs in the kernel (a network drive that went away), and the fork server with it: a new one is needed.
            self._control.close()
            raise
        return code

    def read_answer(self, wanted: bytes) -> int | None:
        """Return the next answer's number, None if it answers another question than ``wanted``."""
        data = self._control.recv(ANSWER.size, socket.MSG_WAITALL)
        if len(data) != ANSWER.size:
            raise ConnectionResetError
        letter, number = ANSWER.unpack(data)
        if letter == FORK:
            self._unnamed.popleft().number = number
        return number if letter == wanted else None

    def close(self) -> None:
        """End every child in well under a second."""
        # At the end of the channel the server kills and reaps its children; if it does not, the whole session goes.
        self._control.close()
        try:
            self._process.wait(_CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            if sys.platform == "linux":
                with contextlib.suppress(OSError):
                    os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


class _ForkedChild:
    handle = 0

    def __init__(self, server: ForkServer, channel: socket.socket, video: bool) -> None:
        self._server = server
        self.channel = channel
        self.video = video
        self.number = 0

    @property
    def pid(self) -> int:
        while self.number == 0:  # answers come in the order of the questions
            self._server.read_answer(FORK)
        return self.number

    def kill(self) -> int:
        self.channel.close()
        try:
            pid = self.pid
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, SIGKILL)
            return self._server.reap(pid)
        except OSError:
            return -SIGKILL  # the server is gone, and its children with it


Launcher = ForkServer | FreshInterpreters
