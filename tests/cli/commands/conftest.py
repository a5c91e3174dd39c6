"""A real intake on loopback, and a case at it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from takedown_cli import fixtures
from tests.cli.commands.helpline import Helpline
from tests.cli.runner import run


@pytest.fixture(scope="module")
def helpline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Helpline]:
    folder = tmp_path_factory.mktemp("helpline")
    (folder / "photos").mkdir()
    for seed in (1, 2):
        fixtures.picture(seed, (400, 300)).save(folder / "photos" / f"secret-name-{seed}.png")
    assert run("intake", "init", folder / "home", "--name", "Helpline", cwd=folder).code == 0
    line = Helpline(folder)
    line.start()
    yield line
    line.kill()


@pytest.fixture(scope="module")
def number(helpline: Helpline) -> str:
    """The number of a case of two pictures, submitted as a script does it."""
    ended = helpline("submit", "photos", "--age", "adult", "--for", "self", "--yes", "--json")
    assert ended.code == 0, ended.said
    document = ended.document()
    assert set(document["receipt"]) == {"day", "expires"}
    return str(document["case_number"])
