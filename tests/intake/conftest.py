"""A real intake per module and database: uvicorn on loopback, SQLite in a file or a PostgreSQL of the tests' own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from takedown_cli.intake import running
from takedown_cli.intake.cases.participants import Lists
from takedown_cli.intake.http import work_demand
from takedown_cli.intake.http.server import Running
from takedown_cli.intake.service import make_intake
from takedown_cli.intake.settings import Home, Settings
from tests.intake.person import Person, Platform
from tests.intake.postgres import Postgres, postgres


@pytest.fixture(scope="session")
def database_server() -> Iterator[Postgres]:
    with postgres() as server:
        yield server


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def intake(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    database = None
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("database_server")
        database = server.new_database()
    home = Home(tmp_path_factory.mktemp("intake") / "home")
    make_intake(home, Settings(name="Test intake", test=True, database=database))
    with running(home.path) as server_:
        yield server_


@pytest.fixture
def person(intake: Running) -> Person:
    return Person(intake.origin, intake.card)


@pytest.fixture
def another(intake: Running) -> Person:
    return Person(intake.origin, intake.card)


@pytest.fixture
def new_platform(intake: Running) -> Callable[..., Platform]:
    """Takes in a participant of a fresh name that starts with the given one."""

    def make(name: str = "Platform", lists: Lists = "both") -> Platform:
        return Platform(intake.origin, intake.add_participant(f"{name} {uuid4().hex[:6]}", lists))

    return make


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def easy_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two tries on average solve a challenge."""
    monkeypatch.setattr(work_demand, "EASY", 1)
