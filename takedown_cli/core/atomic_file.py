"""Writes a private file whole or not at all, with mode 0600.

At every moment either the old file or the new one exists, never half of one.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from takedown_cli.core.errors import Interrupted, OutputError
from takedown_cli.core.file_names import is_lost_on_windows, literal_path
from takedown_cli.core.flush import flush_file, flush_folder


def check_target(target: Path, *, force: bool) -> None:
    """Raise OutputError now, before the work begins, if the file could not be written at its end."""
    if os.name == "nt" and is_lost_on_windows(target.name):
        raise OutputError("Windows does not keep a file of this name.", hint="Choose another name.")
    target = literal_path(target)
    try:
        info = target.lstat()
    except FileNotFoundError:
        info = None
    except (OSError, ValueError):
        raise OutputError from None
    if info is not None and not (stat.S_ISREG(info.st_mode) or stat.S_ISLNK(info.st_mode)):
        raise OutputError("-o names a folder or a device, not a file.")
    if info is not None and not force:
        raise _exists_error()
    if not target.parent.is_dir():
        raise OutputError("The folder of the output file does not exist.", hint="Make it first, or choose another.")
    if not os.access(target.parent, os.W_OK):
        raise OutputError("The folder of the output file cannot be written to.", hint="Choose another place with -o.")


@contextmanager
def writing_file(target: Path, data: bytes, *, force: bool, void: str | None = None) -> Iterator[None]:
    """Write ``data`` to ``target`` if the block succeeds; if anything fails, the old file stays.

    The block does what must succeed together with the file, such as showing the only key to it. If the block succeeds
    but the file cannot get its name, ``void`` is the sentence of the error. Raise OutputError.
    """
    check_target(target, force=force)
    target = literal_path(target)
    with _on_disk(target, data) as file:
        try:
            yield
            _put_in_place(file, force=force, void=void)
        except Interrupted as end:
            end.sentence = void or end.sentence
            raise
    flush_folder(target.parent)


def write_file(target: Path, data: bytes, *, force: bool) -> None:
    """Write a new file, flush it to the disk, and put it in place in one step. Raise OutputError."""
    with writing_file(target, data, force=force):
        pass


def _put_in_place(file: _Unnamed | _Named, *, force: bool, void: str | None) -> None:
    try:
        file.put_in_place(force=force)
    except FileExistsError:
        raise _exists_error(void) from None
    except PermissionError:
        raise OutputError(
            void or "The output file cannot be replaced: another program has it open, or it is write-protected.",
            hint="Close the other program and run this again, or choose another place with -o. The old file stays.",
        ) from None
    except (OSError, ValueError):
        raise OutputError(void) from None


class _Unnamed:
    """A written file without a name: the system deletes it when this process ends, however it ends (Linux)."""

    def __init__(self, target: Path) -> None:
        self._target = target
        flags = os.O_WRONLY | os.O_TMPFILE | os.O_CLOEXEC  # type: ignore[attr-defined, unused-ignore]
        self.descriptor = os.open(target.parent, flags, 0o600)
        self._self = f"/proc/self/fd/{self.descriptor}"
        if not Path(self._self).exists():  # no /proc, no way to give it a name
            self.discard()
            raise OSError

    def put_in_place(self, *, force: bool) -> None:
        if not force:
            self._link(self._target)
            return
        beside = _name_beside(self._target)
        try:
            self._link(beside)
            self.discard()  # Windows replaces no open file; closed ones are replaced everywhere
            beside.replace(self._target)
        finally:
            with suppress(OSError):
                beside.unlink()

    def _link(self, name: Path) -> None:
        # An absolute name needs no folder, but with one Python calls linkat, which can follow the link in /proc.
        os.link(self._self, name, src_dir_fd=self.descriptor, follow_symlinks=True)

    def discard(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


class _Named:
    """A written file under a temporary name beside the target, for systems without nameless files."""

    def __init__(self, target: Path) -> None:
        self._target, self._beside = target, _name_beside(target)
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
    """Flush ``data`` to the disk of ``target``, and delete it afterwards unless it was put in place."""
    try:
        file: _Unnamed | _Named = _open_new(target)
    except (OSError, ValueError):
        raise OutputError from None
    try:
        try:
            with os.fdopen(file.descriptor, "wb", closefd=False) as stream:
                stream.write(data)
            flush_file(file.descriptor)
        except OSError:
            raise OutputError from None
        yield file
    finally:
        file.discard()


def _open_new(target: Path) -> _Unnamed | _Named:
    if hasattr(os, "O_TMPFILE"):
        with suppress(OSError):  # a file system or a kernel without
            return _Unnamed(target)
    return _Named(target)


def _name_beside(target: Path) -> Path:
    return target.with_name(f".takedown-{secrets.token_hex(8)}.part")


def _exists_error(sentence: str | None = None) -> OutputError:
    hint = "Choose another name, or add --force to replace it."
    return OutputError(sentence or "The output file already exists.", hint=hint)
