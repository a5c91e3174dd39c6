"""Runs in a locked-down child and really tries what a hijacked decoder would try.

It guarantees that "blocked" was observed and not inferred. It must never harm when something is not blocked:
what it opens it only opens, what it makes it removes, and it connects to this computer alone.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import mmap
import os
import platform
import socket
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from takedown_cli.pool import channel, sandbox
from takedown_cli.pool.interpreter import Settings
from takedown_cli.pool.settings import adopt

#: What is tried, in order. "run a program" comes last, for it may replace this process.
ATTEMPTS = (
    "read another file", "list a folder", "find out whether a file exists", "create a file", "write to an open file",
    "open a network socket", "connect to an address", "start a process", "signal another process",
    "read another process's memory", "load new machine code", "run a program",
)  # fmt: skip
#: How an attempt ended, one byte each.
POSSIBLE, BLOCKED, NOT_TRIED = 0, 1, 2

#: newfstatat and statx, as numbers: the C library's own functions may choose another way.
_STAT = {"x86_64": (262, 332), "aarch64": (79, 291)}
_AT_FDCWD, _AT_EMPTY_PATH, _STATX_BASIC = -100, 0x1000, 0x7FF

_REFUSALS = frozenset({errno.EPERM, errno.EACCES, errno.ENOSYS})


class _NotHere(Exception):  # noqa: N818 - not an error
    """This system has no such thing to try."""


def main(settings: Settings) -> None:
    """Entry of the proving child: replies with the layers and the attempts, then tries to become another program."""
    link = adopt(settings)
    folder = Path(tempfile.gettempdir())
    link = channel.settle(link)
    connect = _connection()
    held = sandbox.lock_down(1 << 30, 60, channel.NUMBER)
    tries: tuple[Callable[[], object], ...] = (
        lambda: os.close(os.open(sys.executable, os.O_RDONLY)),
        lambda: os.scandir(os.sep).close(),
        _look,
        lambda: _create(folder),
        lambda: os.write(2, b" "),
        lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM).close(),
        connect,
        _start_process,
        lambda: os.kill(os.getppid(), 0) if sys.platform != "win32" else _not_here(),
        _read_memory,
        _machine_code,
    )
    channel.send_reply(link, 0, bytes([held, _threads_work(), *(_try(attempt) for attempt in tries)]))
    last = _try(lambda: os.execv(sys.executable, [sys.executable, "-I", "-S", "-c", ""]))
    channel.send_reply(link, 1, bytes([last]))
    os._exit(0)


def _try(attempt: Callable[[], object]) -> int:
    try:
        attempt()
    except _NotHere:
        return NOT_TRIED
    except OSError as refused:
        # Any other error means that the kernel went on to try it.
        return BLOCKED if refused.errno in _REFUSALS else POSSIBLE
    return POSSIBLE


def _not_here() -> None:
    raise _NotHere


def _look() -> None:
    """Ask about a path in every way there is. The flag for empty paths keeps nobody from naming one beside it."""
    name, buffer = ctypes.c_char_p(os.fsencode(sys.executable)), ctypes.create_string_buffer(256)
    here, empty = ctypes.c_int(_AT_FDCWD), ctypes.c_int(_AT_EMPTY_PATH)
    ways: list[Callable[[], object]] = [lambda: os.stat(sys.executable)]  # noqa: PTH116 - as plain as it gets
    if sys.platform == "linux" and platform.machine() in _STAT:
        newfstatat, statx = _STAT[platform.machine()]
        ways.append(lambda: _call(newfstatat, here, name, buffer, empty))
        ways.append(lambda: _call(statx, here, name, empty, ctypes.c_uint(_STATX_BASIC), buffer))
    if any(_try(way) == POSSIBLE for way in ways):
        return
    raise PermissionError(errno.EPERM, "")


def _call(number: int, *arguments: object) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(ctypes.c_long(number), *arguments) < 0:
        raise OSError(ctypes.get_errno(), "")


def _create(folder: Path) -> None:
    path = folder / f"takedown-{os.getpid()}"
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    path.unlink()


def _connection() -> Callable[[], object]:
    """A socket and a listener made before the lock-down, so that only connecting is left to try."""
    try:
        listener = socket.create_server(("127.0.0.1", 0))
        caller = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    except OSError:
        return _not_here
    address = listener.getsockname()

    def connect(both: tuple[socket.socket, socket.socket] = (listener, caller)) -> None:
        both[1].connect(address)

    return connect


def _start_process() -> None:
    if sys.platform == "win32":
        raise _NotHere
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


class _Span(ctypes.Structure):
    """struct iovec."""

    _fields_ = [("address", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def _read_memory() -> None:
    """One byte at address zero of the parent: an error about the address means that the way was open."""
    if sys.platform != "linux":
        raise _NotHere
    byte = ctypes.create_string_buffer(1)
    here, there = _Span(ctypes.addressof(byte), 1), _Span(0, 1)
    libc = ctypes.CDLL(None, use_errno=True)
    one, flags = ctypes.c_ulong(1), ctypes.c_ulong(0)
    if libc.process_vm_readv(os.getppid(), ctypes.byref(here), one, ctypes.byref(there), one, flags) < 0:
        raise OSError(ctypes.get_errno(), "")


def _machine_code() -> None:
    if sys.platform == "win32":
        raise _NotHere
    mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_EXEC).close()


def _threads_work() -> bool:
    """Video decoders need threads: a sandbox that forbids them would lose files in silence."""
    ran = threading.Event()
    with contextlib.suppress(RuntimeError):
        thread = threading.Thread(target=ran.set)
        thread.start()
        thread.join()
    return ran.is_set()
