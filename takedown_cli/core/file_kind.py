"""What a lookup found, beyond file and folder: a link to another place, or something that is only in the cloud."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

#: Windows: the bit of a reparse tag that says that it stands for another place ([MS-FSCC] 2.1.2.1).
_NAME_SURROGATE: Final = 0x20000000
#: Windows: tags without that bit for what is no plain file either: a link, device or pipe of a network file system
#: (NFS) or of WSL (AF_UNIX, LX_FIFO, LX_CHR, LX_BLK), and an app that is started by this name (APPEXECLINK).
_OTHER_SURROGATES: Final = frozenset({0x80000014, 0x80000023, 0x80000024, 0x80000025, 0x80000026, 0x8000001B})
#: Windows: FILE_ATTRIBUTE_OFFLINE, _RECALL_ON_OPEN and _RECALL_ON_DATA_ACCESS.
_RECALLED: Final = 0x1000 | 0x40000 | 0x400000
#: macOS, sys/stat.h: SF_DATALESS.
_DATALESS: Final = 0x40000000


def is_link(info: os.stat_result) -> bool:
    """Return whether a lookup through this entry would end somewhere else: a symbolic link, or a Windows junction."""
    tag = getattr(info, "st_reparse_tag", 0)
    return stat.S_ISLNK(info.st_mode) or bool(tag & _NAME_SURROGATE) or tag in _OTHER_SURROGATES


def is_link_at(path: Path) -> bool:
    """Return whether there is a link at ``path``. Where nothing can be looked up there is none."""
    try:
        return is_link(path.lstat())
    except (OSError, ValueError):
        return False


def is_in_cloud(info: os.stat_result) -> bool:
    """Return whether reading this file, or listing this folder, would first download it (OneDrive, iCloud, tape)."""
    attributes, flags = getattr(info, "st_file_attributes", 0), getattr(info, "st_flags", 0)
    return bool(attributes & _RECALLED or flags & _DATALESS)


def entries_below(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield everything below a folder with its own status, through no link and into nothing that is in the cloud.

    A folder that cannot be listed gives nothing, except that the first one raises OSError.
    """
    waiting = [folder]
    while waiting:
        listed = waiting.pop()
        try:
            with os.scandir(listed) as entries:
                for entry in entries:
                    path, info = Path(entry.path), _status(entry)
                    yield path, info
                    if stat.S_ISDIR(info.st_mode) and not is_link(info) and not is_in_cloud(info):
                        waiting.append(path)
        except OSError:
            if listed == folder:
                raise


def _status(entry: os.DirEntry[str]) -> os.stat_result:
    # Windows shows in the listing what a lookup of the entry itself would already begin to download.
    if os.name == "nt" and is_in_cloud(info := entry.stat(follow_symlinks=False)):
        return info
    return Path(entry.path).lstat()
