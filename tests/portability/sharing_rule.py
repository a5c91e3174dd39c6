"""Windows' rule about open files: nobody renames, replaces or removes a file that is open, or a folder with one in it.

``python -m pytest -p tests.portability.sharing_rule`` runs tests under this rule, and every command that they start.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from tests.cli import runner

OPEN: Final = Path("/proc/self/fd")
#: Functions of ``os`` with the number of paths they begin with.
_RULED: Final = {"rename": 2, "replace": 2, "unlink": 1, "remove": 1, "rmdir": 1}
_SHARING_VIOLATION: Final = 32
_UNDER_THE_RULE: Final = "from tests.portability.sharing_rule import obey; obey()"


class SharingError(PermissionError):
    """What Windows raises, with its own number."""

    winerror = _SHARING_VIOLATION


def obey(replace: Callable[[Any, str, Any], None] = setattr) -> None:
    """Hold this process to the rule, until it ends or until what ``replace`` did is undone."""
    for name, paths in _RULED.items():
        replace(os, name, _ruled(getattr(os, name), paths))


def _ruled(real: Callable[..., None], paths: int) -> Callable[..., None]:
    def call(*arguments: Any, **options: Any) -> None:
        folders = [options.get("dir_fd")] if paths == 1 else [options.get("src_dir_fd"), options.get("dst_dir_fd")]
        for path, folder in zip(arguments[:paths], folders, strict=True):
            if is_open(os.fsdecode(path) if folder is None else f"/proc/self/fd/{folder}/{os.fsdecode(path)}"):
                raise SharingError(13, "the file is used by a process")
        real(*arguments, **options)

    return call


def is_open(path: str) -> bool:
    """Return whether this process has the file open, or a file in the folder."""
    try:
        wanted = os.lstat(path)
        whole = os.path.realpath(path)
    except (OSError, ValueError):
        return False
    for name in os.listdir(OPEN):  # noqa: PTH208 - pathlib would call what is replaced here
        try:
            found, place = os.stat(OPEN / name), os.readlink(OPEN / name)  # noqa: PTH115, PTH116
        except OSError:  # closed in the meantime
            continue
        if stat.S_ISREG(found.st_mode):
            inside = stat.S_ISDIR(wanted.st_mode) and place.startswith(f"{whole}/") and not place.endswith("(deleted)")
            if inside or (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino):
                return True
    return False


def pytest_configure() -> None:
    obey()
    runner.COMMAND[:] = [sys.executable, "-c", f"{_UNDER_THE_RULE}; from takedown_cli.cli.app import main; main()"]


def pytest_report_header() -> str:
    return "under Windows' rule: no open file is renamed, replaced or removed"
