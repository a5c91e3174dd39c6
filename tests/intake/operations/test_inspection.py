"""What needs the operator's attention is found, and looking changes nothing."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import text

from takedown_cli.core.clock import SYSTEM, Clock
from takedown_cli.core.errors import ConfigError, IntakeDatabaseError
from takedown_cli.intake.http.server import Running
from takedown_cli.intake.operations import inspection, upkeep
from takedown_cli.intake.operations.inspection import Inspection, inspect_intake
from takedown_cli.intake.operations.serving_lock import hold_folder
from takedown_cli.intake.service import make_intake
from takedown_cli.intake.settings import Home, Settings
from takedown_cli.intake.store import migrations
from takedown_cli.intake.store.engine import open_engine
from tests.intake.person import balanced, picture
from tests.intake.served import intake_with, somebody


def after(days: float) -> Clock:
    return Clock(lambda: SYSTEM.seconds() + days * 86_400)


def ids(found: Inspection) -> list[str]:
    return [one.id for one in found.attention]


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.fixture(autouse=True)
def room(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk that the tests run on may be nearly full."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 0, 10**12))


@pytest.fixture
def quiet(home: Path) -> Home:
    """An intake that was purged and backed up today, and that nobody serves."""
    made = Home(home)
    make_intake(made, Settings(name="Test intake", test=True))
    for chore in upkeep.CHORES:
        upkeep.note_done(made, chore, SYSTEM.day())
    return made


def test_a_serving_intake_is_looked_over_on_both_databases(intake: Running) -> None:
    found = inspect_intake(intake.home)
    assert found.server is not None
    assert (found.server.host, found.server.load is not None) == ("127.0.0.1", True)
    assert (found.test, found.revision) == (True, migrations.HEAD)
    assert found.census is not None
    assert "not-serving" not in ids(found)
    assert "not-answering" not in ids(found)


def test_what_is_late_is_found(quiet: Home) -> None:
    assert ids(inspect_intake(quiet)) == ["not-serving"]
    assert ids(inspect_intake(quiet, after(inspection.PURGE_DAYS + 1))) == ["not-serving", "purge-late"]
    assert ids(inspect_intake(quiet, after(inspection.BACKUP_DAYS + 1))) == ["not-serving", "purge-late", "backup-old"]
    (quiet.path / "last-backup").write_text("someday")
    assert ids(inspect_intake(quiet)) == ["not-serving", "no-backup"]


def test_a_platform_that_stays_away_and_cases_that_are_held_are_found(home: Path) -> None:
    with intake_with(home, items_per_case=1) as server:
        person = somebody(server)
        person.submit(picture(balanced("one")))
        person.submit(picture(balanced("two")), adds=True)
        server.add_participant("Silent")
        assert ids(inspect_intake(server.home)) == ["held", "no-backup"]
        late = inspect_intake(server.home, after(inspection.PULL_DAYS + 1))
        [silent] = [one for one in late.attention if one.id == "platform-silent"]
        assert silent.platform == "Silent"
        behind = inspect_intake(server.home, after(-2))
        assert "clock-behind" in ids(behind)
        assert "clock-behind" not in ids(inspect_intake(server.home, after(-0.5)))


def test_a_disk_that_is_nearly_full_is_found(quiet: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 10**12 - 5, 5))
    assert ids(inspect_intake(quiet)) == ["not-serving", "disk-low"]


def test_a_server_that_hangs_or_says_nonsense_is_found(quiet: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspection, "_PATIENCE", 0.2)
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        hold_folder(quiet, "127.0.0.1", silent.getsockname()[1], alone=True),
    ):
        assert ids(inspect_intake(quiet)) == ["not-answering"]


def test_a_busy_server_is_found(quiet: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    busy = inspection.Server("127.0.0.1", 1, 0.1, 1.0)
    monkeypatch.setattr(inspection, "find_server", lambda _: ("127.0.0.1", 1))
    monkeypatch.setattr(inspection, "_ask_server", lambda *_: busy)
    assert ids(inspect_intake(quiet)) == ["busy"]


def test_looking_changes_nothing(quiet: Home) -> None:
    before = {path: path.stat().st_mtime_ns for path in quiet.path.rglob("*") if "-shm" not in path.name}
    inspect_intake(quiet)
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_database_of_an_earlier_version_is_only_looked_at(home: Path) -> None:
    shutil.copytree(Path(__file__).parents[2] / "compatibility" / "before_house" / "home", home)
    for path in (home, *home.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    found = inspect_intake(Home(home))
    assert (found.revision, found.census) == ("0002", None)
    assert ids(found) == ["not-serving", "database-old", "no-backup"]
    assert inspect_intake(Home(home)).revision == "0002"


def test_a_database_that_cannot_be_used_is_an_error(quiet: Home) -> None:
    engine = open_engine(quiet.database_url(quiet.load()), writer=True)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(ConfigError, match="newer version of takedown: it has revision 9999"):
        inspect_intake(quiet)
    quiet.database.write_bytes(b"nonsense" * 1000)
    with pytest.raises(IntakeDatabaseError):
        inspect_intake(quiet)
    quiet.database.unlink()
    with pytest.raises(ConfigError, match=r"no intake\.db"):
        inspect_intake(quiet)
    assert not quiet.database.exists()
