"""Files whose status says what only Windows or macOS can say: reparse tags, attributes, flags."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

JUNCTION: Final = {"st_reparse_tag": 0xA0000003, "st_file_attributes": 0x410}
ONEDRIVE: Final = {"st_reparse_tag": 0x9000601A, "st_file_attributes": 0x400400}
ON_OPEN: Final = {"st_file_attributes": 0x40000}
OFFLINE: Final = {"st_file_attributes": 0x1000}
DATALESS: Final = {"st_flags": 0x40000000}
IN_CLOUD: Final = {"OneDrive": ONEDRIVE, "recall on open": ON_OPEN, "offline": OFFLINE, "iCloud": DATALESS}


class _Status:
    """A status with more fields than this system has."""

    def __init__(self, real: os.stat_result, more: dict[str, int]) -> None:
        self._real, self._more = real, more

    def __getattr__(self, name: str) -> Any:
        return self._more[name] if name in self._more else getattr(self._real, name)


class MarkedFiles:
    """``mark`` says what the system shall report of a path, by whatever name and handle it is asked about.

    ``opened`` are the marked paths that were opened or listed.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._marks: dict[tuple[int, int], tuple[Path, dict[str, int]]] = {}
        self.opened: set[Path] = set()
        self._lstat = os.lstat
        for name in ("stat", "lstat", "fstat"):
            monkeypatch.setattr(os, name, self._reporting(getattr(os, name)))
        for name in ("open", "scandir", "listdir"):
            monkeypatch.setattr(os, name, self._noting(getattr(os, name)))

    def mark(self, path: Path, more: dict[str, int]) -> Path:
        info = self._lstat(path)
        self._marks[info.st_dev, info.st_ino] = path, more
        return path

    def _reporting(self, real: Callable[..., os.stat_result]) -> Callable[..., Any]:
        def report(*arguments: Any, **options: Any) -> Any:
            info = real(*arguments, **options)
            _, more = self._marks.get((info.st_dev, info.st_ino), (None, None))
            return info if more is None else _Status(info, more)

        return report

    def _noting(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def note(path: Any = ".", *arguments: Any, **options: Any) -> Any:
            folder = options.get("dir_fd")
            whole = path if folder is None or isinstance(path, int) else f"/proc/self/fd/{folder}/{os.fsdecode(path)}"
            try:
                info = os.stat(whole)  # noqa: PTH116 - a number too
            except OSError:
                pass
            else:
                marked, _ = self._marks.get((info.st_dev, info.st_ino), (None, None))
                if marked is not None:
                    self.opened.add(marked)
            return real(path, *arguments, **options)

        return note
