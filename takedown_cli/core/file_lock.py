"""Locks an open file among processes and computers. The system frees the lock when the file is closed.

On a shared disk, the file system must share locks with the other computers.
"""

from __future__ import annotations

import errno
import os
import time
from importlib import import_module
from typing import Any, Final

#: Windows locks bytes, and nobody can then read them: so one far beyond the end of any file.
_FAR: Final = 1 << 40
_PAUSE: Final = 0.05
#: What Windows answers when somebody else has the lock. Every other error would stay.
_HELD: Final = frozenset({errno.EACCES, errno.EDEADLK, errno.EAGAIN})


def acquire_lock(descriptor: int, *, wait: bool) -> bool:
    """Lock the open file for this process alone; False when another has it and we do not ``wait``.

    Raise OSError where the file system has no locks.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        return _acquire_byte(descriptor, wait=wait)
    try:
        how = fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB)  # type: ignore[attr-defined, unused-ignore]
        fcntl.flock(descriptor, how)  # type: ignore[attr-defined, unused-ignore]
    except BlockingIOError:
        return False
    return True


def _acquire_byte(descriptor: int, *, wait: bool) -> bool:
    msvcrt: Any = import_module("msvcrt")
    while True:
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            if error.errno not in _HELD:
                raise
        else:
            return True
        if not wait:
            return False
        time.sleep(_PAUSE)
