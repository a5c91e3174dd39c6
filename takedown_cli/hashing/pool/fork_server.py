"""The fork server: a process that imports every codec once, then forks a decoding process whenever the parent asks.

A new child costs milliseconds. When the parent goes away every child is killed and reaped. The server starts no thread:
only a process with one thread can be forked safely.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import socket
import sys

from takedown_cli.core.model import Media
from takedown_cli.hashing.pool import interpreter
from takedown_cli.hashing.pool.channel import ANSWER, COMMAND, FORK, LARGE, REAP, SIGKILL, VIDEO
from takedown_cli.hashing.pool.interpreter import Settings
from takedown_cli.hashing.pool.preload import import_libraries, preload
from takedown_cli.hashing.pool.sandbox import linux
from takedown_cli.hashing.pool.settings import int_setting, recipe_from_settings, take_over_socket


def main(settings: Settings) -> None:
    """Run the fork server; never return."""
    # While importing, nobody listens to the channel, so the kernel has to end this process with its parent. Afterwards
    # the end of the channel does, whichever thread of the parent remains.
    linux.die_with_parent(int_setting(settings, "parent"))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import_libraries(Media.IMAGE)
    more = interpreter.receive_settings()
    if more is None:
        os._exit(0)
    settings.update(more)
    control = take_over_socket(settings)
    children: set[int] = set()
    try:
        preload(recipe_from_settings(settings), Media.IMAGE)
        linux.live_on()
        # A collection in a child would write to every object it visits, and so copy the memory that it shares with us.
        gc.freeze()
        _obey_parent(control, children, settings)
    finally:
        for pid in children:
            with contextlib.suppress(OSError):
                os.kill(pid, SIGKILL)
        for pid in children:
            with contextlib.suppress(OSError):
                os.waitpid(pid, 0)
        os._exit(0)


def _obey_parent(control: socket.socket, children: set[int], settings: Settings) -> None:
    if sys.platform != "linux":
        return
    while True:
        data, descriptors, _, _ = socket.recv_fds(control, COMMAND.size, 1)
        if len(data) != COMMAND.size:
            return  # the parent is done, or gone
        letter, pid = COMMAND.unpack(data)
        if letter == FORK:
            pid = _fork_child(control, descriptors[0], {**settings, "large": pid == LARGE})
            children.add(pid)
            control.sendall(ANSWER.pack(FORK, pid))
        elif letter == REAP:
            code = -SIGKILL
            if pid in children:
                code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                children.discard(pid)
            control.sendall(ANSWER.pack(REAP, code))
        elif letter == VIDEO:
            preload(recipe_from_settings(settings), Media.VIDEO)
            gc.freeze()


def _fork_child(control: socket.socket, descriptor: int, settings: Settings) -> int:
    from takedown_cli.hashing.pool import child

    if sys.platform != "linux":
        return 0
    server = os.getpid()
    pid = os.fork()
    if pid:
        os.close(descriptor)
        return pid
    try:
        control.close()
        linux.die_with_parent(server)
        child.serve_requests(socket.socket(fileno=descriptor), settings)
    finally:
        os._exit(70)
