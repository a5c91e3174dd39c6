"""The template process: imports every codec once, then forks a decoding process whenever the parent asks.

It guarantees that a new child costs milliseconds, and that when the parent goes away every child is killed and reaped.
It must never read a byte of a file or start a thread: only a process with one thread can be forked safely.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import socket

from takedown_cli.model import Media
from takedown_cli.pool import interpreter
from takedown_cli.pool.channel import ANSWER, COMMAND, FORK, REAP, VIDEO
from takedown_cli.pool.interpreter import Settings
from takedown_cli.pool.preload import load, preload
from takedown_cli.pool.sandbox import linux
from takedown_cli.pool.settings import adopt, number, recipe_of


def main(settings: Settings) -> None:
    """Entry of the template process; never returns."""
    # While importing, nobody listens to the channel. Afterwards its end tells, whichever thread of the parent remains.
    linux.die_with_parent(number(settings, "parent"))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    load(Media.IMAGE)
    more = interpreter.rest()
    if more is None:
        os._exit(0)
    settings.update(more)
    control = adopt(settings)
    children: set[int] = set()
    try:
        preload(recipe_of(settings), Media.IMAGE)
        linux.live_on()
        gc.freeze()
        _obey(control, children, settings)
    finally:
        for pid in children:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        for pid in children:
            with contextlib.suppress(OSError):
                os.waitpid(pid, 0)
        os._exit(0)


def _obey(control: socket.socket, children: set[int], settings: Settings) -> None:
    while True:
        data, descriptors, _, _ = socket.recv_fds(control, COMMAND.size, 1)
        if len(data) != COMMAND.size:
            return  # the parent is done, or gone
        letter, pid = COMMAND.unpack(data)
        if letter == FORK:
            pid = _fork(control, descriptors[0], settings)
            children.add(pid)
            control.sendall(ANSWER.pack(FORK, pid))
        elif letter == REAP:
            code = -signal.SIGKILL
            if pid in children:
                code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                children.discard(pid)
            control.sendall(ANSWER.pack(REAP, code))
        elif letter == VIDEO:
            preload(recipe_of(settings), Media.VIDEO)
            gc.freeze()


def _fork(control: socket.socket, descriptor: int, settings: Settings) -> int:
    from takedown_cli.pool import child  # heavy: not before ``main`` has begun

    template = os.getpid()
    pid = os.fork()
    if pid:
        os.close(descriptor)
        return pid
    try:
        control.close()
        linux.die_with_parent(template)
        child.serve(socket.socket(fileno=descriptor), settings)
    finally:
        os._exit(70)
