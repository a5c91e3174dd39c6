"""A browser and an intake for each module, and a new window for each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from takedown_cli.intake import running
from takedown_cli.intake.http.server import Running
from tests.intake.page.browser import Caller, launched
from tests.intake.person import Person


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("intake") / "home") as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched() as browser_:
        yield browser_


@pytest.fixture
def caller(browser: Any) -> Iterator[Caller]:
    context = browser.new_context(viewport={"width": 360, "height": 740})
    yield Caller(context.new_page())
    context.close()


@pytest.fixture
def person(intake: Running) -> Person:
    return Person(intake.origin, intake.card)
