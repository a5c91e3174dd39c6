"""Platforms' own software, unmodified, against a real intake; skipped where it is not installed (``make interop``)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from takedown_cli.intake import running
from takedown_cli.intake.cases.participants import Lists
from takedown_cli.intake.http.server import Running
from tests.intake.person import Person, Platform

pytest.importorskip("threatexchange", reason="the interop group is not installed: make interop")


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("intake") / "home", name="Test intake") as server:
        yield server


@pytest.fixture
def person(intake: Running) -> Person:
    return Person(intake.origin, intake.card)


@pytest.fixture
def new_platform(intake: Running) -> Callable[..., Platform]:
    def make(name: str = "Platform", lists: Lists = "both") -> Platform:
        return Platform(intake.origin, intake.add_participant(f"{name} {uuid4().hex[:6]}", lists))

    return make


def _kept(*names: str) -> dict[str, str]:
    return {name: os.environ[name] for name in names if name in os.environ}


@dataclass
class Tx:
    """The ``threatexchange`` command with a home of its own."""

    home: Path
    environment: dict[str, str]

    def __call__(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "threatexchange.cli.main", *arguments],
            env={**_kept("PATH", "PYTHONPATH"), "HOME": str(self.home), "TZ": "UTC", **self.environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def tx(tmp_path: Path) -> Callable[..., Tx]:
    return lambda **environment: Tx(tmp_path, environment)
