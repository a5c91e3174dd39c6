"""A real intake per module: uvicorn on loopback, SQLite in a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from takedown_cli.intake import running
from takedown_cli.intake.participants import Lists
from takedown_cli.intake.server import Running
from tests.intake.person import Person, Platform


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("intake") / "home", name="Test intake") as server:
        yield server


@pytest.fixture
def person(intake: Running) -> Person:
    return Person(intake.origin, intake.card)


@pytest.fixture
def another(intake: Running) -> Person:
    return Person(intake.origin, intake.card)


@pytest.fixture
def new_platform(intake: Running) -> Callable[[str, Lists], Platform]:
    """Takes in a participant of a fresh name that starts with the given one."""

    def make(name: str, lists: Lists = "both") -> Platform:
        return Platform(intake.origin, intake.add_participant(f"{name} {uuid4().hex[:6]}", lists))

    return make


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"
