"""An intake of one test's own, with the settings that the test is about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from takedown_cli.intake import running
from takedown_cli.intake.http.server import Running
from takedown_cli.intake.service import make_intake
from takedown_cli.intake.settings import Home, Settings
from tests.intake.person import Person


def new_intake(folder: Path, **settings: Any) -> None:
    """Make what ``takedown intake init`` makes, without a process for it."""
    make_intake(Home(folder), Settings(name="Test intake", **settings))


@contextmanager
def intake_with(folder: Path, **settings: Any) -> Iterator[Running]:
    new_intake(folder, test=True, **settings)
    with running(folder) as server:
        yield server


def somebody(server: Running) -> Person:
    return Person(server.origin, server.card)


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
