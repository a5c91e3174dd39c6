"""A helpline's desk with a real intake on loopback, before and after its first run."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from takedown_cli import fixtures
from takedown_cli.intake import running
from takedown_cli.intake.service import make_intake
from takedown_cli.intake.settings import Home, Settings
from tests.cli.commands.batch.desk import LEDGER, Desk, with_key
from tests.cli.runner import COMMAND, environment, run
from tests.helpline.caller_files import as_csv, row
from tests.helpline.manifest.faulty_rows import make_office


@pytest.fixture
def desk(served_desk: Desk, tmp_path: Path) -> Desk:
    """A copy of the desk for one test, at the same intake: what a test does to the ledger is seen by no other."""
    folder = tmp_path / "desk"
    shutil.copytree(served_desk.folder, folder, ignore=shutil.ignore_patterns("home"))
    return Desk(folder, served_desk.address)


@pytest.fixture(scope="module")
def served_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    place = tmp_path_factory.mktemp("desk")
    for number in (1, 2, 3):
        (place / "callers" / f"{number}").mkdir(parents=True)
        fixtures.picture(number, (320, 240)).save(place / "callers" / f"{number}" / "x.png")
    (place / "callers" / "4").mkdir()
    (place / "callers" / "4" / "notes.txt").write_text("nothing to protect\n")
    rows = [row(f"2026/{n}", f"callers/{n}", language=tag) for n, tag in enumerate(("en", "ar", "uk", "de"), start=1)]
    (place / "callers.csv").write_bytes(as_csv(rows, ";", "\r\n"))
    with_key(place)
    assert run("intake", "init", "home", "--name", "Example", cwd=place).code == 0
    serving = subprocess.Popen(
        [*COMMAND, "intake", "serve", "home", "--port", "0", "--json"],
        cwd=place, env=environment(place), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert serving.stdout is not None
        here = Desk(place, json.loads(serving.stdout.readline())["address"])
        ran = here("batch", "run", "callers.csv", "--yes", *LEDGER)
        assert ran.code == 3, ran.said  # the fourth has nothing to protect
        yield here
    finally:
        serving.kill()
        serving.communicate()


@pytest.fixture
def shift(tmp_path: Path) -> Iterator[Desk]:
    """Three callers before their first run: two pictures; one and what is no good; no picture. And the intake."""
    with_key(tmp_path)
    for name in ("1", "2", "3"):
        (tmp_path / "callers" / name).mkdir(parents=True)
    for number, place in enumerate(("1/a.png", "1/b.png", "2/a.png")):
        fixtures.picture(60 + number, (320, 240)).save(tmp_path / "callers" / place)
    (tmp_path / "callers" / "2" / "cut.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(200))
    (tmp_path / "callers" / "2" / "link.jpg").symlink_to("a.png")
    (tmp_path / "callers" / "3" / "notes.txt").write_text("no picture\n")
    (tmp_path / "callers.csv").write_bytes(as_csv(row(f"2026/{n}", f"callers/{n}") for n in (1, 2, 3)))
    make_intake(Home(tmp_path / "home"), Settings(name="Example"))
    with running(tmp_path / "home") as intake:
        yield Desk(tmp_path, intake.address)


@pytest.fixture
def office(tmp_path: Path) -> Path:
    return make_office(tmp_path)
