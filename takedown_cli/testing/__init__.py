"""A pytest plugin for those who test an intake, or what talks to one: ``pytest_plugins = ["takedown_cli.testing"]``.

It gives a real intake over HTTP, real bundles and media; all are made up, and bundles are marked as tests.
It is loaded only on request: it is no entry point of the package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from takedown_cli.fixtures import library
from takedown_cli.fixtures.bundles import Made
from takedown_cli.intake import running
from takedown_cli.protocol.addresses import IntakeAddress
from takedown_cli.testing.clock import FrozenClock
from takedown_cli.testing.intake import IntakeUnderTest, Person

__all__ = ["FrozenClock", "IntakeUnderTest", "Person"]

MEDIA_SEED = 1


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("takedown")
    group.addoption(
        "--takedown-intake",
        metavar="URL#KEY",
        help="Test this intake, which must be in test mode, instead of starting one.",
    )


@pytest.fixture
def takedown_clock() -> FrozenClock:
    """The clock of the intake that is started; it stands still until a test moves it."""
    return FrozenClock()


@pytest.fixture
def takedown_intake(
    request: pytest.FixtureRequest, tmp_path: Path, takedown_clock: FrozenClock
) -> Iterator[IntakeUnderTest]:
    """The intake named by ``--takedown-intake``; otherwise one in test mode, on a free port, with SQLite."""
    named: str | None = request.config.getoption("--takedown-intake")
    if named is not None:
        with IntakeUnderTest(IntakeAddress.parse(named)) as other:
            yield other
        return
    with (
        running(tmp_path / "takedown-intake", name="Test intake", test=True, clock=takedown_clock.clock) as server,
        IntakeUnderTest(IntakeAddress.parse(server.address), server) as own,
    ):
        yield own


@pytest.fixture
def takedown_person(takedown_intake: IntakeUnderTest) -> Callable[[], Person]:
    """A function that makes a person with a new case number at the intake."""
    return takedown_intake.person


@pytest.fixture
def takedown_bundle(takedown_intake: IntakeUnderTest) -> Callable[[str], Made]:
    """A function that makes a bundle by its name in ``fixtures.bundles.NAMES``; those of one test belong together."""
    return takedown_intake.bundle


@pytest.fixture(scope="session")
def takedown_media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as ``takedown fixtures make`` makes it, once a session; ``fixtures.library.read`` gives its manifest."""
    folder = tmp_path_factory.mktemp("takedown") / "fixtures"
    library.make(folder, MEDIA_SEED)
    return folder
