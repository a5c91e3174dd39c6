"""Runs in a locked-down child, and really tries what a hijacked decoder would try.

It does no harm if an attempt is not blocked: it reads nothing that it opens, removes what it makes, and connects only
to this computer.
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
import threading
from collections.abc import Callable
from pathlib import Path

from takedown_cli.hashing.pool import channel, sandbox
from takedown_cli.hashing.pool.interpreter import Settings
from takedown_cli.hashing.pool.settings import take_over_socket

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
#: A limit on the number of processes also refuses with these. Windows has ENOMEM for the limit of a job.
_REFUSALS_OF_PROCESS = _REFUSALS | {errno.EAGAIN, errno.ENOMEM}


class _NotHere(Exception):  # noqa: N818 - not an error
    """This system has no such thing to try."""


def main(settings: Settings) -> None:
    """Reply with the layers and the attempts, then try to become another program."""
    link = take_over_socket(settings)
    folder = settings["folder"]
    assert isinstance(folder, str)
    link = channel.move_to_number(link)
    connect = _prepare_connection()
    held = sandbox.lock_down(1 << 30, 60, channel.NUMBER)
    tries: tuple[Callable[[], object], ...] = (
        lambda: os.close(os.open(sys.executable, os.O_RDONLY)),
        lambda: os.scandir(os.sep).close(),
        _ask_about_a_path,
        lambda: _create_file(Path(folder)) if folder else _skip_attempt(),
        lambda: os.write(2, b" "),
        lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM).close(),
        connect,
        _start_process,
        lambda: os.kill(os.getppid(), 0) if sys.platform != "win32" else _skip_attempt(),
        _read_memory,
        _load_machine_code,
    )
    channel.send_reply(link, 0, bytes([held, _can_start_threads(), *(try_attempt(attempt) for attempt in tries)]))
    last = try_attempt(lambda: os.execv(sys.executable, [sys.executable, "-I", "-S", "-c", ""]), _REFUSALS_OF_PROCESS)
    channel.send_reply(link, 1, bytes([last]))
    os._exit(0)


def try_attempt(attempt: Callable[[], object], refusals: frozenset[int] = _REFUSALS) -> int:
    """Return how the attempt ended. Any other error than ``refusals`` means that the kernel went on to try it."""
    try:
        attempt()
    except _NotHere:
        return NOT_TRIED
    except OSError as refused:
        return BLOCKED if refused.errno in refusals else POSSIBLE
    return POSSIBLE


def _skip_attempt() -> None:
    raise _NotHere


def _ask_about_a_path() -> None:
    """Ask about a path in every way there is. The flag for empty paths keeps nobody from naming one beside it."""
    name, buffer = ctypes.c_char_p(os.fsencode(sys.executable)), ctypes.create_string_buffer(256)
    here, empty = ctypes.c_int(_AT_FDCWD), ctypes.c_int(_AT_EMPTY_PATH)
    ways: list[Callable[[], object]] = [lambda: os.stat(sys.executable)]  # noqa: PTH116 - as plain as it gets
    if sys.platform == "linux" and platform.machine() in _STAT:
        newfstatat, statx = _STAT[platform.machine()]
        ways.append(lambda: _call_kernel(newfstatat, here, name, buffer, empty))
        ways.append(lambda: _call_kernel(statx, here, name, empty, ctypes.c_uint(_STATX_BASIC), buffer))
    if any(try_attempt(way) == POSSIBLE for way in ways):
        return
    raise PermissionError(errno.EPERM, "")


def _call_kernel(number: int, *arguments: object) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(ctypes.c_long(number), *arguments) < 0:
        raise OSError(ctypes.get_errno(), "")


def _create_file(folder: Path) -> None:
    path = folder / f"takedown-{os.getpid()}"
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    path.unlink()


def _prepare_connection() -> Callable[[], object]:
    """Make a socket and a listener before the lock-down; return the connecting, which is left to try."""
    try:
        listener = socket.create_server(("127.0.0.1", 0))
        caller = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    except OSError:
        return _skip_attempt
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
    """Read a byte at address zero of the parent. An error about the address means that reading is not blocked."""
    if sys.platform != "linux":
        _skip_attempt()
    byte = ctypes.create_string_buffer(1)
    here, there = _Span(ctypes.addressof(byte), 1), _Span(0, 1)
    libc = ctypes.CDLL(None, use_errno=True)
    one, flags = ctypes.c_ulong(1), ctypes.c_ulong(0)
    if libc.process_vm_readv(os.getppid(), ctypes.byref(here), one, ctypes.byref(there), one, flags) < 0:
        raise OSError(ctypes.get_errno(), "")


def _load_machine_code() -> None:
    if sys.platform == "win32":
        raise _NotHere
    mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_EXEC).close()


def _can_start_threads() -> bool:
    """Return whether threads can start. Video decoders need them: without them, files would fail without a reason."""
    ran = threading.Event()
    with contextlib.suppress(RuntimeError):
        thread = threading.Thread(target=ran.set)
        thread.start()
        thread.join()
    return ran.is_set()
