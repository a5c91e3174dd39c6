"""How macOS runs decoders, as far as Linux can imitate it: another name, no fork server, no memory limit.

``python -m pytest -p tests.portability.mac_process`` runs tests so, and every command that they start. What the package
asks ``sys.platform`` is answered "darwin", here and in decoders; other libraries are loaded before.
"""

from __future__ import annotations

import os
import pkgutil
import sys
import types
from importlib import import_module
from typing import Final

import takedown_cli
from takedown_cli.hashing.pool import interpreter
from tests.cli import runner

_FIRST: Final = "from tests.portability.mac_process import imitate; imitate()"
#: Runs in a decoder before anything of ours: the kernel refuses every limit of the address space.
_IN_A_DECODER: Final = """
import resource, sys
sys.platform = "darwin"
set_any_limit = resource.setrlimit
def setrlimit(what, limits):
    if what == resource.RLIMIT_AS:
        raise ValueError("current limit exceeds maximum limit")
    set_any_limit(what, limits)
resource.setrlimit = setrlimit
"""


def imitate() -> None:
    """Make this process, and the decoders it starts, take themselves for a Mac's, for good."""
    import_module("asyncio")  # what chooses by the platform when it is imported has chosen by then
    for info in pkgutil.walk_packages(takedown_cli.__path__, "takedown_cli."):
        # Python-threatexchange is not there, which the last two want.
        if not info.name.endswith(("__main__", ".migrations.env", "platform.extension")) and (
            "platform.threatexchange." not in info.name
        ):
            import_module(info.name)
    # The proxies of the system's settings, which the standard library asks of a Mac.
    proxies = types.ModuleType("_scproxy")
    vars(proxies).update(_get_proxy_settings=dict, _get_proxies=dict)
    sys.modules["_scproxy"] = proxies
    if hasattr(os, "sched_getaffinity"):
        del os.sched_getaffinity
    interpreter._BOOT = _IN_A_DECODER + interpreter._BOOT
    sys.platform = "darwin"


def pytest_configure() -> None:
    imitate()
    runner.COMMAND[:] = [sys.executable, "-c", f"{_FIRST}; from takedown_cli.cli.app import main; main()"]


def pytest_report_header() -> str:
    return "as on macOS: no fork server, no memory limit"
