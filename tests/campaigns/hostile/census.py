"""Counts what a folder holds without any code of the project, so that the project's own sums can be held against it.

It gives one count per file, link, device, unreadable folder and folder below the depth limit, at any depth.
It does not open a file.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from takedown_cli.core.model import Limits

_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)


def entries(root: Path, depth: int) -> int:
    """How many outcomes ``root`` must have when folders below ``depth`` levels are passed over.

    A second name of a file (a hard link) counts too: it is an outcome, "duplicate".
    """
    if not stat.S_ISDIR(root.stat().st_mode):
        return 1
    return _below(os.open(root, _FOLDER), 1, depth)


def _below(folder: int, level: int, depth: int) -> int:
    """Consumes the descriptor. The recursion is bounded by ``depth``, never by the tree."""
    count = 0
    try:
        for name in os.listdir(folder):
            try:
                info = os.stat(name, dir_fd=folder, follow_symlinks=False)
            except PermissionError:  # a folder that may be listed but not searched
                count += 1
                continue
            if not stat.S_ISDIR(info.st_mode) or level > depth:
                count += 1
                continue
            try:
                inner = os.open(name, _FOLDER, dir_fd=folder)
            except PermissionError:
                count += 1
                continue
            count += _below(inner, level + 1, depth)
    finally:
        os.close(folder)
    return count


if __name__ == "__main__":
    sys.stdout.write(str(entries(Path(sys.argv[1]), Limits().depth)))
