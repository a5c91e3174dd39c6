"""How Windows reads folders and runs decoders, as far as Linux can imitate it.

``python -m pytest -p tests.portability.windows_process`` runs tests so, and every command that they start: folders are
known by their path only, every decoder is a new interpreter, nothing is started ahead, and no wait is for nothing.
"""

from __future__ import annotations

import errno
import os
import selectors
import signal
import sys
from typing import Final

from takedown_cli.hashing.discover import folders, opening
from takedown_cli.hashing.pool import launch, prestart, supervisor
from tests.cli import runner

_FIRST: Final = "from tests.portability.windows_process import imitate; imitate()"


class StrictSelector(selectors.SelectSelector):
    """``select`` of Windows, which answers error 10022 when there is no socket to wait for."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if not self.get_map():
            raise OSError(errno.EINVAL, "WinError 10022")
        return super().select(timeout)


def imitate() -> None:
    """Make this process read folders and run decoders as on Windows, for good."""
    selectors.DefaultSelector = StrictSelector  # type: ignore[assignment, misc]
    folders.best = folders.PathFolder
    opening._NOATIME = 0
    vars(supervisor)["choose_launcher"] = launch.FreshInterpreters
    prestart.prestart_fork_server = lambda: None
    for module, name in ((os, "sched_getaffinity"), (signal, "SIGXCPU")):
        if hasattr(module, name):
            delattr(module, name)


def pytest_configure() -> None:
    imitate()
    runner.COMMAND[:] = [sys.executable, "-c", f"{_FIRST}; from takedown_cli.cli.app import main; main()"]


def pytest_report_header() -> str:
    return "as on Windows: folders by their path, a new interpreter for each decoder, no wait for nothing"
