"""Lists the files that the person named: every regular file once, in an order that depends only on the names.

There is one value for each file, link, device or unreadable folder, in bounded memory and without blocking. No file is
opened. Only links that the person named are followed.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from takedown_cli.core.file_kind import is_in_cloud, is_link
from takedown_cli.core.model import Failed, Found, Limits, Skipped
from takedown_cli.core.reasons import Reason
from takedown_cli.hashing.discover.folders import Folder, Identity, identity_of, lstat, open_folder, reason_of

#: How the Photos app names its library: a folder full of previews and of pictures that are only in the cloud.
_PHOTOS = ".photoslibrary"
#: Folders held open at a time: descriptors are few (256 on macOS), trees may be 10,000 deep.
_OPEN_FOLDERS = 32


def walk(paths: Iterable[Path], limits: Limits) -> Iterator[Found | Skipped | Failed]:
    """Yield every regular file at or below ``paths`` once; what is not one is a *Skipped* or *Failed*.

    Arguments keep their order; inside a folder the order is that of the names' bytes, depth first. An argument that
    is a link is resolved, links met on the way are *Skipped*. A second hard link to a file is *Skipped* as a duplicate;
    the very same entry reached again through overlapping arguments gives nothing, for it already has its outcome.
    Never raise for anything on the disk.
    """
    seen = _Seen()
    for path in paths:
        yield from _walk_argument(path, limits, seen)


@dataclass(slots=True)
class _Seen:
    """The files that were already reported, without remembering every one.

    A file with one link can be found twice only through its folder, or as an argument. So it is enough to remember
    folders, arguments, and files with several links.
    """

    folders: set[Identity] = field(default_factory=set)
    inodes: set[Identity] = field(default_factory=set)
    entries: set[tuple[Identity, str]] = field(default_factory=set)

    def note_file(
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


def _walk_argument(path: Path, limits: Limits, seen: _Seen) -> Iterator[Found | Skipped | Failed]:
    try:
        info = lstat(path)
        if is_link(info):
            target = Path(os.path.realpath(path, strict=True))
            info = lstat(target)
            # A folder keeps the name the person gave; a file has to be opened without following links.
            path = path if stat.S_ISDIR(info.st_mode) else target
        if is_in_cloud(info):
            yield Failed(path, Reason.IN_CLOUD)
        elif stat.S_ISDIR(info.st_mode):
            yield from _walk_tree(path, limits, seen)
        elif stat.S_ISREG(info.st_mode):
            found = seen.note_file(path, identity_of(path.parent), info, depth=0, argument=True)
            if found is not None:
                yield found
        else:
            yield Skipped(path, Reason.NOT_REGULAR)
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno == errno.ELOOP:
            yield Skipped(path, Reason.SYMLINK)  # links that lead to each other
        else:
            yield Failed(path, reason_of(error))


def _walk_tree(root: Path, limits: Limits, seen: _Seen) -> Iterator[Found | Skipped | Failed]:
    descent = _Descent(root, seen)
    try:
        yield from descent.enter("")
        while descent.levels:
            level = descent.levels[-1]
            if not level.names:
                descent.leave()
                continue
            try:
                folder = descent.open_current()
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
            yield from _note_entry(descent, name, info, seen, limits)
    finally:
        descent.close()


def _note_entry(
    descent: _Descent, name: str, info: os.stat_result, seen: _Seen, limits: Limits
) -> Iterator[Found | Skipped | Failed]:
    path = descent.path() / name
    if is_link(info):
        yield Skipped(path, Reason.SYMLINK)
    elif is_in_cloud(info):
        yield Failed(path, Reason.IN_CLOUD, info.st_size)
    elif stat.S_ISDIR(info.st_mode):
        if len(descent.levels) > limits.depth:
            yield Skipped(path, Reason.TOO_DEEP)
        elif name.casefold().endswith(_PHOTOS):
            yield Skipped(path, Reason.PHOTOS_LIBRARY)
        else:
            yield from descent.enter(name)
    elif not stat.S_ISREG(info.st_mode):
        yield Skipped(path, Reason.NOT_REGULAR)
    else:
        found = seen.note_file(path, descent.levels[-1].identity, info, depth=len(descent.levels) - 1)
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
        """Return the path of the current folder."""
        # Built once per folder, for a path per level would grow with the square of the depth.
        if self._path is None:
            self._path = self._root.joinpath(*(level.name for level in self.levels[1:]))
        return self._path

    def enter(self, name: str) -> Iterator[Failed]:
        """Go down into ``name`` (or open the root); yield *Failed* when it cannot be listed, nothing if seen before."""
        folder: Folder | None = None
        try:
            folder = self.open_current().open_child(name) if self.levels else open_folder(self._root)
            identity = folder.read_identity()
            if identity in self._seen.folders:  # overlapping arguments, or a mount that loops
                folder.close()
                return
            names = sorted(folder.list_names(), key=os.fsencode, reverse=True)
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
            _close_level(self.levels[-_OPEN_FOLDERS - 1])

    def leave(self) -> None:
        _close_level(self.levels.pop())
        self._path = None

    def open_current(self) -> Folder:
        """Return the current folder, reopened if it was closed; raise ``OSError`` if it is another one now."""
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
            level.folder = folder = folder.open_child(level.name) if number > start else folder
            if folder.read_identity() != level.identity:
                _close_level(level)
                raise FileNotFoundError(errno.ENOENT, "another folder took the place of this one")

    def close(self) -> None:
        for level in self.levels:
            _close_level(level)


def _close_level(level: _Level) -> None:
    if level.folder is not None:
        level.folder.close()
        level.folder = None
