"""Opens folders one component at a time, so that no path is too long and no link inside them is followed.

If the system allows it, every name is looked up inside a folder that is already open.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Self

from takedown_cli.core.file_kind import is_in_cloud, is_link
from takedown_cli.core.file_names import literal_path
from takedown_cli.core.reasons import Reason

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

_REASONS = {
    errno.ENOENT: Reason.MISSING,
    errno.ENAMETOOLONG: Reason.MISSING,
    errno.ESTALE: Reason.MISSING,
    errno.ENOTDIR: Reason.CHANGED,
    errno.ELOOP: Reason.CHANGED,
    errno.EACCES: Reason.NO_PERMISSION,
    errno.EPERM: Reason.NO_PERMISSION,
    errno.EDEADLK: Reason.IN_CLOUD,  # macOS, where nothing may be downloaded
    errno.EMFILE: Reason.INTERNAL,
    errno.ENFILE: Reason.INTERNAL,
}

Identity = tuple[int, int]


class DescriptorFolder:
    """A folder held by its descriptor: nothing that happens to the path above it can redirect a lookup.

    Every method raises ``OSError``; names are as the system gives them (surrogateescape).
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def open_path(cls, path: Path, *, lookup: bool = False) -> Self:
        """Open ``path`` as the person typed it: links in it are followed. With ``lookup`` it cannot be listed."""
        *uppers, last = _split_path(os.fspath(path))
        descriptor: int | None = None
        for piece in uppers:
            descriptor = _open_piece(piece, _FLAGS | _LOOKUP, descriptor)
        return cls(_open_piece(last, _FLAGS | (_LOOKUP if lookup else 0), descriptor))

    def open_child(self, name: str, *, lookup: bool = False) -> Self:
        """Open the folder ``name`` inside, never through a link; with ``lookup`` it cannot be listed."""
        flags = _FLAGS | _NOFOLLOW | (_LOOKUP if lookup else 0)
        return type(self)(os.open(name, flags, dir_fd=self._descriptor))

    def list_names(self) -> list[str]:
        with os.scandir(self._descriptor) as entries:
            return [entry.name for entry in entries]

    def stat(self, name: str) -> os.stat_result:
        return os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)

    def open_file(self, name: str, flags: int) -> int:
        return os.open(name, flags, dir_fd=self._descriptor)

    def read_identity(self) -> Identity:
        info = os.fstat(self._descriptor)
        return info.st_dev, info.st_ino

    def close(self) -> None:
        os.close(self._descriptor)


class PathFolder:
    """A folder known by its path only, for systems without lookups relative to a descriptor (Windows)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._in_cloud: dict[str, os.stat_result] = {}

    @classmethod
    def open_path(cls, path: Path, *, lookup: bool = False) -> Self:
        path = literal_path(path)
        if not stat.S_ISDIR(path.stat().st_mode):
            raise NotADirectoryError(errno.ENOTDIR, "not a folder")
        return cls(path)

    def open_child(self, name: str, *, lookup: bool = False) -> Self:
        info = self.stat(name)
        if is_link(info) or not stat.S_ISDIR(info.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, "not a folder")
        return type(self)(self._path / name)

    def list_names(self) -> list[str]:
        names = []
        with os.scandir(self._path) as entries:
            for entry in entries:
                names.append(entry.name)
                # Windows shows here what a lookup of the entry itself would already begin to download.
                if is_in_cloud(info := entry.stat(follow_symlinks=False)):
                    self._in_cloud[entry.name] = info
        return names

    def stat(self, name: str) -> os.stat_result:
        return self._in_cloud.get(name) or (self._path / name).lstat()

    def open_file(self, name: str, flags: int) -> int:
        # Without O_NOFOLLOW the check and the opening are two steps; a link put in between is a risk that is accepted.
        info = self.stat(name)
        if is_link(info):
            raise OSError(errno.ELOOP, "a link")
        if is_in_cloud(info):
            raise OSError(errno.EDEADLK, "in the cloud")
        return os.open(self._path / name, flags)

    def read_identity(self) -> Identity:
        info = self._path.stat()
        return info.st_dev, info.st_ino

    def close(self) -> None:
        pass


Folder = DescriptorFolder | PathFolder
_ABLE = os.supports_dir_fd >= {os.open, os.stat} and os.scandir in os.supports_fd
#: The safest kind of folder on this system.
best: type[Folder] = DescriptorFolder if _ABLE else PathFolder


def open_folder(root: Path, inside: Iterable[str] = (), *, lookup: bool = False) -> Folder:
    """Open the folder ``inside`` (names of nested folders, none of them a link) below ``root`` (links allowed).

    Raise ``OSError``; ``ValueError`` for a path that no system can hold (a NUL in it).
    """
    folder = best.open_path(root, lookup=lookup)
    for name in inside:
        with closing(folder) as upper:
            folder = upper.open_child(name, lookup=lookup)
    return folder


def lstat(path: Path) -> os.stat_result:
    """Return what ``Path.lstat`` returns, for paths of any length."""
    try:
        return literal_path(path).lstat()
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG or not path.name:
            raise
    with closing(open_folder(path.parent, lookup=True)) as folder:
        return folder.stat(path.name)


def identity_of(path: Path) -> Identity:
    """Return device and inode of the folder ``path``, of any length, links in it followed."""
    try:
        info = literal_path(path).stat()
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
    else:
        return info.st_dev, info.st_ino
    with closing(open_folder(path, lookup=True)) as folder:
        return folder.read_identity()


def reason_of(error: OSError | ValueError) -> Reason:
    """Return the reason for a failure of the system; its text may hold the path, so it is dropped."""
    if isinstance(error, OSError):
        return _REASONS.get(error.errno or 0, Reason.READ_ERROR)
    return Reason.MISSING  # a NUL or an unencodable character: no such file can exist


def _open_piece(piece: str, flags: int, upper: int | None) -> int:
    """Open ``piece`` inside ``upper``, which is closed in any case."""
    try:
        return os.open(piece, flags, dir_fd=upper)
    finally:
        if upper is not None:
            os.close(upper)


def _split_path(path: str) -> list[str]:
    """Return ``path`` cut at separators into pieces short enough for one lookup each."""
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
