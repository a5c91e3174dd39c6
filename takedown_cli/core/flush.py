"""Flushes files and folders to the disk, past every cache that a power cut would empty."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def flush_file(descriptor: int) -> None:
    """Return when the content of the open file is on the disk. Raise OSError."""
    # On macOS fsync(2) ends when the drive has the data, which may still be in the drive's own cache.
    try:
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)  # type: ignore[attr-defined, unused-ignore]
    except (ImportError, AttributeError, OSError):  # another system, or a file system that refuses it
        os.fsync(descriptor)


def flush_folder(folder: Path) -> None:
    """Flush the names in a folder to the disk, where that is possible.

    Windows cannot open folders and does this by itself. Some file systems, such as FAT, refuse it.
    """
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            flush_file(descriptor)
        finally:
            os.close(descriptor)
