"""Locks on files that the system gives up by itself when a process ends, and the sign that a run is alive.

It guarantees that a lock never outlives its holder, so that no clock has to say whether somebody is still at work.
It must never be used on a file system that does not pass locks on to the other computers that use it.
"""

from __future__ import annotations

import os
import secrets
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from takedown_cli.errors import OutputError

_FLAGS: Final = os.O_RDWR | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
#: Windows locks bytes, and nobody can then read them: so one far beyond the end of any file.
_FAR: Final = 1 << 40
_PAUSE: Final = 0.05

if sys.platform == "win32":
    import msvcrt

    def acquire(descriptor: int, *, wait: bool) -> bool:
        """Lock the open file for this process alone; False when another has it and we do not ``wait``."""
        while True:
            os.lseek(descriptor, _FAR, os.SEEK_SET)
            try:
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
                return True
            except OSError:
                if not wait:
                    return False
                time.sleep(_PAUSE)

    def release(descriptor: int) -> None:
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        with suppress(OSError):
            msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def acquire(descriptor: int, *, wait: bool) -> bool:
        """Lock the open file for this process alone; False when another has it and we do not ``wait``.

        Raises OSError where the file system has no locks.
        """
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True

    def release(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def _marker(ledger: Path, session: str) -> Path:
    return ledger.with_name(f".{ledger.name}.{session}.running")


class Session:
    """One run over a ledger, as a context manager: an empty file beside it, locked for as long as the run lives.

    Raises OutputError when that file cannot be made.
    """

    def __init__(self, ledger: Path) -> None:
        self.id: Final = secrets.token_hex(8)
        self._path = _marker(ledger, self.id)
        try:
            self._descriptor = os.open(self._path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
            acquire(self._descriptor, wait=True)
        except OSError:
            raise OutputError(
                "The folder of the ledger cannot be written, or gives no locks.", hint="Keep the ledger elsewhere."
            ) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if os.name == "nt":  # Windows removes no open file
            os.close(self._descriptor)
        with suppress(OSError):
            self._path.unlink()
        if os.name != "nt":
            os.close(self._descriptor)


def is_alive(ledger: Path, session: str) -> bool:
    """Whether the run of that id still holds its lock; the file that a killed one left is removed."""
    path = _marker(ledger, session)
    try:
        descriptor = os.open(path, _FLAGS)
    except FileNotFoundError:
        return False
    except OSError:  # it is there, but not for us: another account's, most likely
        return True
    try:
        if not acquire(descriptor, wait=False):
            return True
        with suppress(OSError):
            path.unlink()
        return False
    finally:
        os.close(descriptor)
