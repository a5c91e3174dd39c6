"""A file that only grows, and belongs to one process at a time: what journals and receipts are kept in.

It guarantees that what ``append`` returned from is on the disk, and that two runs never write into one file.
It must never follow a link, replace a file, or open what is no ordinary file.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from takedown_cli.errors import BundleError, OutputError


def open_growing(path: Path, noun: str, option: str) -> int:
    """A descriptor of the file, made with mode 0600 if there is none, and locked until it is closed.

    ``noun`` and ``option`` name it in errors. Raises OutputError.
    """
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    flags |= getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags, 0o600)
    except (OSError, ValueError):
        raise OutputError(f"The {noun} cannot be opened.", hint=f"Choose another place with {option}.") from None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OutputError(f"The place named with {option} is not a file.")
        _lock(descriptor, noun)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def reading_in(path: Path, noun: str, option: str) -> Iterator[int]:
    """``open_growing`` for whoever keeps the descriptor: it is closed if reading in what is there fails."""
    descriptor = open_growing(path, noun, option)
    try:
        yield descriptor
    except BaseException:
        os.close(descriptor)
        raise


def foreign(noun: str, option: str) -> BundleError:
    """What to raise for a file that is something else."""
    return BundleError(
        f"The file named with {option} is no {noun}.", hint="Name another file; that one was not changed."
    )


def _lock(descriptor: int, noun: str) -> None:
    """Two runs must not write into one file; the lock goes when the process does."""
    try:
        import fcntl
    except ImportError:  # Windows
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise OutputError(f"Another run is using this {noun}.", hint="Wait for it, or name another one.") from None


def read_at(descriptor: int, at: int, size: int) -> bytes:
    """The ``size`` bytes from offset ``at``, or fewer at the end of the file."""
    os.lseek(descriptor, at, os.SEEK_SET)
    data = b""
    while len(data) < size and (more := os.read(descriptor, size - len(data))):
        data += more
    return data


def append(descriptor: int, data: bytes, noun: str) -> None:
    """Write at the end and flush to the disk. Raises OutputError."""
    try:
        os.lseek(descriptor, 0, os.SEEK_END)
        while data:
            data = data[os.write(descriptor, data) :]
        os.fsync(descriptor)
    except OSError:
        raise OutputError(
            f"The {noun} could not be written.", hint="Is the disk full? What is in it so far can be resumed from."
        ) from None
