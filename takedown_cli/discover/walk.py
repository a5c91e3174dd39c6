"""Lists what the person named: every regular file once, in an order that depends on the names alone.

It guarantees one value per file, link, device or unreadable folder, in bounded memory and without blocking.
It must never open a file, and never follow a link other than one that the person named.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from takedown_cli.discover.folders import Folder, Identity, identity_of, is_link, lstat, open_folder, reason_of
from takedown_cli.model import Failed, Found, Limits, Skipped
from takedown_cli.reasons import Reason

#: Folders held open at a time: descriptors are few (256 on macOS), trees may be 10,000 deep.
_OPEN_FOLDERS = 32


def walk(paths: Iterable[Path], limits: Limits) -> Iterator[Found | Skipped | Failed]:
    """Every regular file at or below ``paths``, each once; what is not one is a *Skipped* or *Failed*.

    Arguments keep their order; inside a folder the order is that of the names' bytes, depth first. An argument that
    is a link is resolved, links met on the way are *Skipped*. A second hard link to a file is *Skipped* as a duplicate;
    the very same entry reached again through overlapping arguments says nothing, for it already has its outcome.
    Never raises for anything on the disk.
    """
    seen = _Seen()
    for path in paths:
        yield from _argument(path, limits, seen)


@dataclass(slots=True)
class _Seen:
    """What was already reported, without remembering every file.

    A file with one link can be met twice only through its folder, or as an argument; so folders, arguments and files
    with several links are all that has to be kept.
    """

    folders: set[Identity] = field(default_factory=set)
    inodes: set[Identity] = field(default_factory=set)
    entries: set[tuple[Identity, str]] = field(default_factory=set)

    def file(
        self, path: Path, folder: Identity, info: os.stat_result, *, depth: int, argument: bool = False
    ) -> Found | Skipped | None:
        entry, inode = (folder, path.name), (info.st_dev, info.st_ino)
        if entry in self.entries or (argument and folder in self.folders):
            return None
        again = inode in self.inodes
        if (argument or info.st_nlink > 1) and info.st_ino:  # some network file systems number nothing: 0
            self.entries.add(entry)
            self.inodes.add(inode)
        return Skipped(path, Reason.DUPLICATE, info.st_size) if again else Found(path, info.st_size, depth)


def _argument(path: Path, limits: Limits, seen: _Seen) -> Iterator[Found | Skipped | Failed]:
    try:
        info = lstat(path)
        if is_link(info):
            target = Path(os.path.realpath(path, strict=True))
            info = lstat(target)
            # A folder keeps the name the person gave; a file has to be opened without following links.
            path = path if stat.S_ISDIR(info.st_mode) else target
        if stat.S_ISDIR(info.st_mode):
            yield from _tree(path, limits, seen)
        elif stat.S_ISREG(info.st_mode):
            found = seen.file(path, identity_of(path.parent), info, depth=0, argument=True)
            if found is not None:
                yield found
        else:
            yield Skipped(path, Reason.NOT_REGULAR)
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno == errno.ELOOP:
            yield Skipped(path, Reason.SYMLINK)  # links that lead to each other
        else:
            yield Failed(path, reason_of(error))


def _tree(root: Path, limits: Limits, seen: _Seen) -> Iterator[Found | Skipped | Failed]:
    descent = _Descent(root, seen)
    try:
        yield from descent.enter("")
        while descent.levels:
            level = descent.levels[-1]
            if not level.names:
                descent.leave()
                continue
            try:
                folder = descent.folder()
            except OSError as error:  # the tree was moved or the stick pulled out while it was walked
                yield Failed(descent.path(), reason_of(error))
                descent.leave()
                continue
            name = level.names.pop()
            try:
                info = folder.stat(name)
            except (OSError, ValueError) as error:
                yield Failed(descent.path() / name, reason_of(error))
                continue
            if stat.S_ISDIR(info.st_mode) and not is_link(info):
                if len(descent.levels) > limits.depth:
                    yield Skipped(descent.path() / name, Reason.TOO_DEEP)
                else:
                    yield from descent.enter(name)
            else:
                yield from _entry(descent, name, info, seen)
    finally:
        descent.close()


def _entry(descent: _Descent, name: str, info: os.stat_result, seen: _Seen) -> Iterator[Found | Skipped]:
    path = descent.path() / name
    if is_link(info):
        yield Skipped(path, Reason.SYMLINK)
    elif not stat.S_ISREG(info.st_mode):
        yield Skipped(path, Reason.NOT_REGULAR)
    else:
        found = seen.file(path, descent.levels[-1].identity, info, depth=len(descent.levels) - 1)
        if found is not None:
            yield found


@dataclass(slots=True)
class _Level:
    """One folder of the way down: its name, the names in it still to visit (last first), and its handle if open."""

    name: str
    names: list[str]
    identity: Identity
    folder: Folder | None


class _Descent:
    """The way from the argument down to the current folder. Keeps the deepest folders open, reopens the others."""

    def __init__(self, root: Path, seen: _Seen) -> None:
        self._root = root
        self._seen = seen
        self._path: Path | None = None
        self.levels: list[_Level] = []

    def path(self) -> Path:
        """The current folder; built once per folder, for a path per level would grow with the square of the depth."""
        if self._path is None:
            self._path = self._root.joinpath(*(level.name for level in self.levels[1:]))
        return self._path

    def enter(self, name: str) -> Iterator[Failed]:
        """Go down into ``name`` (or open the root); says *Failed* when it cannot be listed, nothing if seen before."""
        folder: Folder | None = None
        try:
            folder = self.folder().child(name) if self.levels else open_folder(self._root)
            identity = folder.identity()
            if identity in self._seen.folders:  # overlapping arguments, or a mount that loops
                folder.close()
                return
            names = sorted(folder.names(), key=os.fsencode, reverse=True)
        except (OSError, ValueError) as error:
            if folder is not None:
                folder.close()
            yield Failed(self.path() / name, reason_of(error))
            return
        if identity[1]:
            self._seen.folders.add(identity)
        self.levels.append(_Level(name, names, identity, folder))
        self._path = None
        if len(self.levels) > _OPEN_FOLDERS:
            _shut(self.levels[-_OPEN_FOLDERS - 1])

    def leave(self) -> None:
        _shut(self.levels.pop())
        self._path = None

    def folder(self) -> Folder:
        """The current folder, opened again if it was closed on the way down; ``OSError`` if it is another one now."""
        top = self.levels[-1]
        if top.folder is None:
            self._reopen()
        if top.folder is None:
            raise FileNotFoundError(errno.ENOENT, "the folder is gone")
        return top.folder

    def _reopen(self) -> None:
        # Reopening a whole window of levels on the way keeps climbing out of a deep tree from costing its square.
        start = max(0, len(self.levels) - _OPEN_FOLDERS)
        self.close()
        folder = open_folder(self._root, (level.name for level in self.levels[1 : start + 1]))
        for number in range(start, len(self.levels)):
            level = self.levels[number]
            level.folder = folder = folder.child(level.name) if number > start else folder
            if folder.identity() != level.identity:
                _shut(level)
                raise FileNotFoundError(errno.ENOENT, "another folder took the place of this one")

    def close(self) -> None:
        for level in self.levels:
            _shut(level)


def _shut(level: _Level) -> None:
    if level.folder is not None:
        level.folder.close()
        level.folder = None
