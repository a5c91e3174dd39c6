"""How children come to be: forked from a warmed template on Linux, a fresh interpreter each elsewhere.

It guarantees that a child can be killed and reaped by its number without ever hitting a stranger's process.
It must never fork the calling process: it may have threads, open files and secrets.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections import deque
from typing import Protocol

from takedown_cli.pool import ahead, interpreter
from takedown_cli.pool.channel import ANSWER, COMMAND, FORK, REAP, VIDEO
from takedown_cli.pool.interpreter import Settings

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


class Launcher(Protocol):
    """Where children come from."""

    def start(self, video: bool) -> Child:
        """A new child, not ready yet. Raises OSError when there can be none."""

    def close(self) -> None:
        """End every child in well under a second."""


def launcher(settings: Settings) -> Launcher:
    """The best way of starting children on this system."""
    # Elsewhere, libraries of the system (Accelerate on macOS) do not survive a fork.
    return Template(settings) if sys.platform == "linux" else Fresh(settings)


def _pair() -> tuple[socket.socket, socket.socket]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    return ours, theirs


class Fresh:
    """A new interpreter for every child: slow to start, works everywhere."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._children: list[_FreshChild] = []

    def start(self, video: bool) -> Child:
        ours, theirs = _pair()
        with theirs:
            process = interpreter.start("takedown_cli.pool.child", {**self._settings, "video": video}, theirs)
        child = _FreshChild(ours, video, process)
        self._children = [other for other in self._children if other.process.poll() is None] + [child]
        return child

    def close(self) -> None:
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


class Template:
    """Children forked by ``zygote``; it starts importing as soon as this object exists."""

    def __init__(self, settings: Settings) -> None:
        self._control, self._process = ahead.template()
        interpreter.tell(self._process, settings)
        self._control.settimeout(START_SECONDS)
        self._unnamed: deque[_ForkedChild] = deque()
        self._video = False

    def start(self, video: bool) -> Child:
        if video and not self._video:
            self._control.sendall(COMMAND.pack(VIDEO, 0))
            self._video = True
        ours, theirs = _pair()
        with theirs:
            try:
                socket.send_fds(self._control, [COMMAND.pack(FORK, 0)], [theirs.fileno()])
            except OSError:
                ours.close()
                raise
        child = _ForkedChild(self, ours, self._video)
        self._unnamed.append(child)
        return child

    def name(self, child: _ForkedChild) -> int:
        """Read answers until the child's process id has come; they come in the order of the questions."""
        while child.number == 0:
            self._answer(FORK)
        return child.number

    def reap(self, pid: int) -> int:
        """The exit code of a child that is dead or dying. Until then its number cannot be given to another process."""
        try:
            self._control.settimeout(_REAP_SECONDS)
            self._control.sendall(COMMAND.pack(REAP, pid))
            while (code := self._answer(REAP)) is None:
                pass
            self._control.settimeout(START_SECONDS)
        except TimeoutError:
            # It hangs in the kernel (a network drive that went away), and the template with it: a new one is needed.
            self._control.close()
            raise
        return code

    def _answer(self, wanted: bytes) -> int | None:
        data = self._control.recv(ANSWER.size, socket.MSG_WAITALL)
        if len(data) != ANSWER.size:
            raise ConnectionResetError
        letter, number = ANSWER.unpack(data)
        if letter == FORK:
            self._unnamed.popleft().number = number
        return number if letter == wanted else None

    def close(self) -> None:
        # At the end of the channel the template kills and reaps its children; if it does not, the whole session goes.
        self._control.close()
        try:
            self._process.wait(_CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


class _ForkedChild:
    handle = 0

    def __init__(self, template: Template, channel: socket.socket, video: bool) -> None:
        self._template = template
        self.channel = channel
        self.video = video
        self.number = 0

    @property
    def pid(self) -> int:
        return self._template.name(self)

    def kill(self) -> int:
        self.channel.close()
        try:
            pid = self.pid
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            return self._template.reap(pid)
        except OSError:
            return -signal.SIGKILL  # the template is gone, and its children with it
