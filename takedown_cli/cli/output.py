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

from takedown_cli.cli.interrupts import Interrupted
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
def written(target: Path, data: bytes, *, force: bool, void: str | None = None) -> Iterator[None]:
    """Write ``data`` to ``target`` if the block succeeds; it gets its name last, so whatever fails, the old file stays.

    The block is for what has to succeed together with the file, such as showing the only key to it; ``void`` is the
    sentence for the case that it did and the file then did not get its name. Raises OutputError.
    """
    check(target, force=force)
    with _on_disk(target, data) as file:
        try:
            yield
            _put_in_place(file, force=force, void=void)
        except Interrupted as end:
            end.sentence = void or end.sentence
            raise
    _flush_folder(target.parent)


def write(target: Path, data: bytes, *, force: bool) -> None:
    """Write beside, flush to the disk, put in place in one step. Raises OutputError."""
    with written(target, data, force=force):
        pass


def _put_in_place(file: _Unnamed | _Named, *, force: bool, void: str | None) -> None:
    try:
        file.put_in_place(force=force)
    except FileExistsError:
        _exists(void)
    except (OSError, ValueError):
        raise OutputError(void) from None


class _Unnamed:
    """A written file without a name: nothing of it is left when this process ends, however it ends (Linux)."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self.descriptor = os.open(target.parent, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        self._self = f"/proc/self/fd/{self.descriptor}"
        if not Path(self._self).exists():  # no /proc, no way to give it a name
            self.discard()
            raise OSError

    def put_in_place(self, *, force: bool) -> None:
        if not force:
            self._link(self._target)
            return
        beside = _beside(self._target)
        try:
            self._link(beside)
            beside.replace(self._target)
        finally:
            with suppress(OSError):
                beside.unlink()

    def _link(self, name: Path) -> None:
        # Given a folder, which an absolute name does not need, Python calls linkat, which can follow the link in /proc.
        os.link(self._self, name, src_dir_fd=self.descriptor, follow_symlinks=True)

    def discard(self) -> None:
        os.close(self.descriptor)


class _Named:
    """A written file under a name of its own beside the target, for systems without nameless files."""

    def __init__(self, target: Path) -> None:
        self._target, self._beside = target, _beside(target)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
        self.descriptor = os.open(self._beside, flags, 0o600)

    def put_in_place(self, *, force: bool) -> None:
        os.close(self.descriptor)  # Windows renames no open file
        self.descriptor = -1
        if force:
            self._beside.replace(self._target)
            return
        try:
            os.link(self._beside, self._target)  # unlike a rename, fails when somebody made the file in the meantime
        except FileExistsError:
            raise
        except (OSError, NotImplementedError):  # a file system without hard links
            if os.path.lexists(self._target):
                raise FileExistsError from None
            self._beside.rename(self._target)

    def discard(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
        with suppress(OSError):
            self._beside.unlink()


@contextmanager
def _on_disk(target: Path, data: bytes) -> Iterator[_Unnamed | _Named]:
    """``data`` flushed to the disk that ``target`` is on, and gone afterwards unless it was put in place."""
    try:
        file: _Unnamed | _Named = _new(target)
    except (OSError, ValueError):
        raise OutputError from None
    try:
        try:
            with os.fdopen(file.descriptor, "wb", closefd=False) as stream:
                stream.write(data)
            os.fsync(file.descriptor)
        except OSError:
            raise OutputError from None
        yield file
    finally:
        file.discard()


def _new(target: Path) -> _Unnamed | _Named:
    if hasattr(os, "O_TMPFILE"):
        with suppress(OSError):  # a file system or a kernel without
            return _Unnamed(target)
    return _Named(target)


def _beside(target: Path) -> Path:
    return target.with_name(f".takedown-{secrets.token_hex(8)}.part")


def _flush_folder(folder: Path) -> None:
    """The new name is on the disk as well; where folders cannot be opened (Windows), the system sees to it."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _exists(sentence: str | None = None) -> NoReturn:
    hint = "Choose another name, or add --force to replace it."
    raise OutputError(sentence or "The output file exists already.", hint=hint)
