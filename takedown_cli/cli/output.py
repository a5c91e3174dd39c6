"""Writing a file that was asked for with ``-o``: whole or not at all, for this user only.

It guarantees that the old file or the new one is there at every moment, never half of one, with mode 0600.
It must never replace a file without ``--force``, nor anything that is not an ordinary file.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from takedown_cli.errors import OutputError


def check(target: Path, *, force: bool) -> None:
    """Find out before the work begins what would stop the writing at its end. Raises OutputError."""
    try:
        info = target.lstat()
    except FileNotFoundError:
        info = None
    except (OSError, ValueError):
        raise OutputError from None
    if info is not None and not (stat.S_ISREG(info.st_mode) or stat.S_ISLNK(info.st_mode)):
        raise OutputError("The place named with -o is a folder or a device, not a file.")
    if info is not None and not force:
        _exists()
    if not target.parent.is_dir():
        raise OutputError("The folder of the output file does not exist.", hint="Make it first, or choose another.")
    if not os.access(target.parent, os.W_OK):
        raise OutputError("The folder of the output file cannot be written to.", hint="Choose another place with -o.")


@contextmanager
def written(target: Path, data: bytes, *, force: bool) -> Iterator[None]:
    """Write ``data`` to ``target``; if the block then fails, the file is taken away again.

    The block is for what has to succeed together with the file, such as showing the only key to it.
    Raises OutputError; nothing is left behind then.
    """
    write(target, data, force=force)
    try:
        yield
    except BaseException:
        with suppress(OSError):
            target.unlink()
        raise


def write(target: Path, data: bytes, *, force: bool) -> None:
    """Write beside, flush to the disk, put in place in one step. Raises OutputError."""
    check(target, force=force)
    beside = target.with_name(f".takedown-{secrets.token_hex(8)}.part")
    try:
        _write_new(beside, data)
        _put_in_place(beside, target, force=force)
    except FileExistsError:
        _exists()
    except (OSError, ValueError):
        raise OutputError from None
    finally:
        with suppress(OSError):
            beside.unlink()
    _flush_folder(target.parent)


def _write_new(path: Path, data: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    with os.fdopen(os.open(path, flags, 0o600), "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _put_in_place(beside: Path, target: Path, *, force: bool) -> None:
    if force:
        beside.replace(target)
        return
    try:
        os.link(beside, target)  # unlike a rename, fails when somebody made the file in the meantime
    except FileExistsError:
        raise
    except (OSError, NotImplementedError):  # a file system without hard links
        if os.path.lexists(target):
            _exists()
        beside.rename(target)


def _flush_folder(folder: Path) -> None:
    """The new name is on the disk as well; where folders cannot be opened (Windows), the system sees to it."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _exists() -> NoReturn:
    raise OutputError("The output file exists already.", hint="Choose another name, or add --force to replace it.")
