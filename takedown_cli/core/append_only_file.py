"""Files that only grow, such as journals and receipts: each belongs to one process at a time."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final, Self

from takedown_cli.core.errors import BundleError, OutputError
from takedown_cli.core.file_lock import acquire_lock
from takedown_cli.core.file_names import is_lost_on_windows, literal_path
from takedown_cli.core.flush import flush_file
from takedown_cli.locale.filled import filled

#: For reading and writing. No link is followed, and opening a pipe does not wait for its other end.
OPEN_FLAGS: Final = (
    os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)  # fmt: skip


class AppendOnlyFile:
    """An open file as a context manager, made with mode 0600 if there is none, and locked until it is closed.

    ``noun`` and ``option`` name it in errors. Raises OutputError.
    """

    def __init__(self, path: Path, noun: str, option: str) -> None:
        self._noun, self._option = noun, option
        if os.name == "nt" and is_lost_on_windows(path.name):
            raise OutputError(
                "Windows does not keep a file of this name.",
                hint=filled("Choose another with {option}.", option=option),
            )
        try:
            self.descriptor = os.open(literal_path(path), OPEN_FLAGS | os.O_CREAT, 0o600)
        except (OSError, ValueError):
            raise OutputError(
                filled("The {noun} cannot be opened.", noun=filled(noun)),
                hint=filled("Choose another place with {option}.", option=option),
            ) from None
        try:
            if not stat.S_ISREG(os.fstat(self.descriptor).st_mode):
                raise OutputError(filled("{option} does not name a file.", option=option))
            self._lock()
        except BaseException:
            self.close()
            raise

    def _lock(self) -> None:
        """Lock the file, so that two runs cannot write into it."""
        try:
            free = acquire_lock(self.descriptor, wait=False)
        except OSError:
            raise OutputError(
                filled("The {noun} cannot be locked, so another run could write into it.", noun=filled(self._noun)),
                hint=filled("Name a file on another disk with {option}.", option=self._option),
            ) from None
        if not free:
            raise OutputError(
                filled("Another run is using this {noun}.", noun=filled(self._noun)),
                hint=filled("Wait until it ends, or name another file with {option}.", option=self._option),
            )

    def close(self) -> None:
        os.close(self.descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def size(self) -> int:
        return os.fstat(self.descriptor).st_size

    def read(self, at: int, size: int) -> bytes:
        """Return the ``size`` bytes from offset ``at``, or fewer at the end of the file."""
        return read_at(self.descriptor, at, size)

    def append(self, data: bytes) -> None:
        """Write at the end and flush to the disk. Raise OutputError."""
        try:
            write_at(self.descriptor, data, self.size)
            flush_file(self.descriptor)
        except OSError:
            raise OutputError(
                filled("The {noun} could not be written.", noun=filled(self._noun)),
                hint="Is the disk full? You can continue from what was written so far.",
            ) from None

    def truncate(self, size: int) -> None:
        """Cut off everything after the first ``size`` bytes."""
        os.ftruncate(self.descriptor, size)

    def foreign_error(self) -> BundleError:
        """Return the error to raise when the file is of another kind."""
        return BundleError(
            filled("The file named with {option} is not a {noun}.", option=self._option, noun=filled(self._noun)),
            hint="Name another file. This one was not changed.",
        )


def read_at(descriptor: int, at: int, size: int) -> bytes:
    """Return the ``size`` bytes from offset ``at``, or fewer at the end of the file."""
    os.lseek(descriptor, at, os.SEEK_SET)
    data = bytearray()
    while len(data) < size and (more := os.read(descriptor, size - len(data))):
        data += more
    return bytes(data)


def write_at(descriptor: int, data: bytes, at: int) -> int:
    """Write all of ``data`` at offset ``at``, and return where it ends. Raise OSError."""
    os.lseek(descriptor, at, os.SEEK_SET)
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    return at + len(data)
