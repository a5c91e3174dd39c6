"""Opens folders one component at a time, so that no path is too long and no link met on the walk is followed.

It guarantees that every name is looked up inside a folder that is already held open, where the system allows that.
It must never follow a link below the folder that the person named.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol, Self

from takedown_cli.reasons import Reason

#: Below PATH_MAX of every supported system (1,024 bytes on macOS, 4,096 on Linux).
_CHUNK = 1000
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_DIRECTORY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
)
_NOFOLLOW: int = getattr(os, "O_NOFOLLOW", 0)
#: A descriptor that only serves for lookups: it works in folders that may be searched but not listed.
_LOOKUP: int = getattr(os, "O_PATH", 0)
#: Windows: the reparse tags that stand for another place (symbolic links, junctions), [MS-FSCC] 2.1.2.1.
_NAME_SURROGATE = 0x20000000

_REASONS = {
    errno.ENOENT: Reason.MISSING,
    errno.ENAMETOOLONG: Reason.MISSING,
    errno.ESTALE: Reason.MISSING,
    errno.ENOTDIR: Reason.CHANGED,
    errno.ELOOP: Reason.CHANGED,
    errno.EACCES: Reason.NO_PERMISSION,
    errno.EPERM: Reason.NO_PERMISSION,
    errno.EMFILE: Reason.INTERNAL,
    errno.ENFILE: Reason.INTERNAL,
}

Identity = tuple[int, int]


class Folder(Protocol):
    """A folder held open. Every method raises ``OSError``; names are as the system gives them (surrogateescape)."""

    @classmethod
    def at(cls, path: Path, *, lookup: bool = False) -> Self:
        """Open ``path`` as the person typed it: links in it are followed."""
        ...

    def child(self, name: str, *, lookup: bool = False) -> Self:
        """Open the folder ``name`` inside, never through a link; with ``lookup`` it cannot be listed."""
        ...

    def names(self) -> list[str]: ...
    def stat(self, name: str) -> os.stat_result: ...
    def open(self, name: str, flags: int) -> int: ...
    def identity(self) -> Identity: ...
    def close(self) -> None: ...


class DescriptorFolder:
    """A folder held by its descriptor: nothing that happens to the path above it can redirect a lookup."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def at(cls, path: Path, *, lookup: bool = False) -> Self:
        *uppers, last = _pieces(os.fspath(path))
        descriptor: int | None = None
        for piece in uppers:
            descriptor = _step(piece, _FLAGS | _LOOKUP, descriptor)
        return cls(_step(last, _FLAGS | (_LOOKUP if lookup else 0), descriptor))

    def child(self, name: str, *, lookup: bool = False) -> Self:
        flags = _FLAGS | _NOFOLLOW | (_LOOKUP if lookup else 0)
        return type(self)(os.open(name, flags, dir_fd=self._descriptor))

    def names(self) -> list[str]:
        with os.scandir(self._descriptor) as entries:
            return [entry.name for entry in entries]

    def stat(self, name: str) -> os.stat_result:
        return os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)

    def open(self, name: str, flags: int) -> int:
        return os.open(name, flags, dir_fd=self._descriptor)

    def identity(self) -> Identity:
        info = os.fstat(self._descriptor)
        return info.st_dev, info.st_ino

    def close(self) -> None:
        os.close(self._descriptor)


class PathFolder:
    """A folder known by its path only, for systems without lookups relative to a descriptor (Windows)."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    def at(cls, path: Path, *, lookup: bool = False) -> Self:
        if not stat.S_ISDIR(path.stat().st_mode):
            raise NotADirectoryError(errno.ENOTDIR, "not a folder")
        return cls(path)

    def child(self, name: str, *, lookup: bool = False) -> Self:
        info = self.stat(name)
        if is_link(info) or not stat.S_ISDIR(info.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, "not a folder")
        return type(self)(self._path / name)

    def names(self) -> list[str]:
        return [entry.name for entry in self._path.iterdir()]

    def stat(self, name: str) -> os.stat_result:
        return (self._path / name).lstat()

    def open(self, name: str, flags: int) -> int:
        # Without O_NOFOLLOW the check and the opening are two steps; a link put in between is the accepted rest.
        if is_link(self.stat(name)):
            raise OSError(errno.ELOOP, "a link")
        return os.open(self._path / name, flags)

    def identity(self) -> Identity:
        info = self._path.stat()
        return info.st_dev, info.st_ino

    def close(self) -> None:
        pass


_ABLE = os.supports_dir_fd >= {os.open, os.stat} and os.scandir in os.supports_fd
#: The safest kind of folder on this system.
best: type[Folder] = DescriptorFolder if _ABLE else PathFolder


def open_folder(root: Path, inside: Iterable[str] = (), *, lookup: bool = False) -> Folder:
    """The folder ``inside`` (names of nested folders, none of them a link) below ``root`` (links allowed).

    Raises ``OSError``; ``ValueError`` for a path that no system can hold (a NUL in it).
    """
    folder = best.at(root, lookup=lookup)
    for name in inside:
        upper = folder
        try:
            folder = upper.child(name, lookup=lookup)
        finally:
            upper.close()
    return folder


def lstat(path: Path) -> os.stat_result:
    """As ``Path.lstat``, for paths of any length."""
    try:
        return path.lstat()
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG or not path.name:
            raise
    folder = open_folder(path.parent, lookup=True)
    try:
        return folder.stat(path.name)
    finally:
        folder.close()


def identity_of(path: Path) -> Identity:
    """Device and inode of the folder ``path``, of any length, links in it followed."""
    try:
        info = path.stat()
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
    else:
        return info.st_dev, info.st_ino
    folder = open_folder(path, lookup=True)
    try:
        return folder.identity()
    finally:
        folder.close()


def is_link(info: os.stat_result) -> bool:
    """Whether a lookup through this entry would end somewhere else: a symbolic link, or a Windows junction."""
    return stat.S_ISLNK(info.st_mode) or bool(getattr(info, "st_reparse_tag", 0) & _NAME_SURROGATE)


def reason_of(error: OSError | ValueError) -> Reason:
    """The reason for a failure of the system; its text is foreign and may hold the path, so it is dropped."""
    if isinstance(error, OSError):
        return _REASONS.get(error.errno or 0, Reason.READ_ERROR)
    return Reason.MISSING  # a NUL or an unencodable character: no such file can exist


def _step(piece: str, flags: int, upper: int | None) -> int:
    """Open ``piece`` inside ``upper``, which is closed in any case."""
    try:
        return os.open(piece, flags, dir_fd=upper)
    finally:
        if upper is not None:
            os.close(upper)


def _pieces(path: str) -> list[str]:
    """``path`` cut at separators into pieces short enough for one lookup each."""
    if len(path) < _CHUNK:
        return [path]
    pieces: list[str] = []
    piece = "/" if path.startswith("/") else "."
    for name in filter(None, path.split("/")):
        if len(piece) + len(name) >= _CHUNK:
            pieces.append(piece)
            piece = "."
        piece = f"{piece}/{name}"
    return [*pieces, piece]
