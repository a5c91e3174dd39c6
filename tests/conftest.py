"""What every part of the tests shares: markers, and what the tests must not inherit from the terminal they run in."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest
from hypothesis import HealthCheck, settings

from takedown_cli.cli.options import settings as settings_file
from takedown_cli.cli.terminal import signals
from takedown_cli.cli.terminal.console import Console, console
from takedown_cli.hashing.pool import prestart
from takedown_cli.intake import running
from takedown_cli.intake.runtime.events import log

# How long an example takes says how busy the machine is, not whether the program is right.
settings.register_profile("takedown", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("takedown")

#: A module that has one of these at hand can start a process, a server or a thread, or wait for one.
_CAN_WAIT: Final = frozenset({subprocess, socket, threading, multiprocessing, asyncio, time})
#: What is handed out from these starts one too.
_STARTERS: Final = (
    "docs.tools", "takedown_cli.demo", "takedown_cli.hashing.cluster", "takedown_cli.hashing.pool",
    "takedown_cli.intake.http.server", "takedown_cli.testing", "tests.benchmarks", "tests.campaigns",
    "tests.cli.runner", "tests.client.hma_server", "tests.client.hostile", "tests.compatibility.kept",
    "tests.hashing.cluster.machines", "tests.helpline.browser", "tests.intake.page.browser", "tests.intake.postgres",
    "tests.intake.process", "tests.intake.served", "tests.intake.sockets", "tests.proof.household",
)  # fmt: skip


@cache
def _can_wait(name: str) -> bool:
    """Whether the module of that name has something at hand that starts a process, a server or a thread."""
    for value in vars(sys.modules[name]).values():
        if isinstance(value, ModuleType):
            if value in _CAN_WAIT:
                return True
        elif str(getattr(value, "__module__", "")).startswith(_STARTERS) or value is running:
            return True
    return False


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of inputs that are not part of the project, beside it; tests that want it are skipped without."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("the folder of shared inputs is not here")
    return folder


@pytest.fixture(autouse=True)
def _program_as_started() -> Iterator[None]:
    """Forget what a command that ran in this process asked for, so that no test depends on those before it."""
    complain, handlers, level = sys.unraisablehook, log.handlers[:], log.level
    yield
    vars(console).update(vars(Console()))
    signals.disarm()
    while prestart._started:  # by ``hash`` with a mistake; the pool of another test would take it over
        control, process = prestart._started.pop()
        with control, process:
            process.kill()
    settings_file._read_file.cache_clear()  # by its path, which another test may use for another file
    sys.unraisablehook, log.handlers[:] = complain, handlers
    log.setLevel(level)


def pytest_configure(config: pytest.Config) -> None:
    """Let the commands under test be interrupted, also when the tests run in the background with Ctrl-C ignored."""
    # pytest-xdist would begin with the files of most tests; ours come in the order of what they take.
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return one worker more than there are processors: a third of the tests' time is spent waiting."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Mark the tests, and begin with the files that take longest: a worker left with one would keep all waiting."""
    _mark(items)
    yield
    weights: Counter[Path] = Counter()
    for item in items:
        weights[item.path] += 200 if item.get_closest_marker("slow") else 10 if item.get_closest_marker("waits") else 1
    items.sort(key=lambda item: -weights[item.path])


def _mark(items: list[pytest.Item]) -> None:
    """Mark what waits, and what needs a program beside Python, so that no test has to be marked by hand for it."""
    for item in items:
        if not isinstance(item, pytest.Function):
            continue
        fixtures = item._fixtureinfo.name2fixturedefs
        modules = {item.module.__name__, *(each.func.__module__ for defs in fixtures.values() for each in defs)}
        if any(_can_wait(name) for name in modules if name.startswith("tests.")):
            item.add_marker("waits")
        if "database_server" in fixtures or "postgresql" in item.name:
            item.add_marker("postgres")
        if item.module.__name__.startswith("tests.hashing.cluster."):
            item.add_marker("cluster")
        by_us = ("tests.helpline.browser", "tests.intake.page.browser")
        if any(getattr(value, "__module__", "") in by_us for value in vars(item.module).values()):
            item.add_marker("browser")
        if any("strace" in str(mark.kwargs.get("reason")) for mark in item.iter_markers("skipif")):
            item.add_marker("strace")
