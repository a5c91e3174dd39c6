"""An upgrade does all of it or nothing, a rehearsal nothing, and every case is there afterwards."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import func, select, text

from takedown_cli.core.errors import ConfigError
from takedown_cli.intake import running
from takedown_cli.intake.cases.cases import find_case
from takedown_cli.intake.cases.hash_state import CLIP_FRAMES
from takedown_cli.intake.operations import upgrade
from takedown_cli.intake.operations.integrity_check import Health
from takedown_cli.intake.operations.upgrade import upgrade_database
from takedown_cli.intake.service import Intake, make_intake
from takedown_cli.intake.settings import Home, Settings
from takedown_cli.intake.store import migrations
from takedown_cli.intake.store.engine import open_engine
from takedown_cli.intake.store.tables import clips
from takedown_cli.protocol.case_number import CaseNumber
from tests.intake.person import HTTP
from tests.intake.postgres import Postgres
from tests.intake.process import run

KEPT: Final = Path(__file__).parents[2] / "compatibility"
#: Folders of earlier versions, and the revision of each.
FOLDERS: Final = {"before_house": "0002", "before_fair": "0002", "before_deploy": "0009"}


def kept(name: str, home: Path) -> Home:
    """A copy of a kept folder, with the rights that it had; git keeps none."""
    shutil.copytree(KEPT / name / "home", home)
    for path in (home, *home.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    return Home(home)


def revision(home: Home) -> str | None:
    engine = open_engine(home.database_url(home.load()))
    try:
        return migrations.revision_of(engine)
    finally:
        engine.dispose()


@pytest.mark.parametrize("name", FOLDERS)
def test_the_folder_of_an_earlier_version_is_rehearsed_and_upgraded(name: str, home: Path) -> None:
    old = kept(name, home)
    tried = upgrade_database(old, rehearse=True)
    assert (tried.before, tried.wrong) == (FOLDERS[name], ())
    assert revision(old) == FOLDERS[name], "a rehearsal changes nothing"
    assert [step for step, _ in tried.steps] == [
        f"{n:04}" for n in range(int(FOLDERS[name]) + 1, int(migrations.HEAD) + 1)
    ]
    assert upgrade_database(old, rehearse=False) == tried
    assert revision(old) == migrations.HEAD
    assert upgrade_database(old, rehearse=False).steps == ()
    assert run("verify", str(home))["wrong"] == []


def test_an_upgrade_that_dies_half_way_changes_nothing(home: Path) -> None:
    old = kept("before_house", home)
    dying = (
        "import os, sys; from pathlib import Path; from takedown_cli.intake.operations import upgrade;"
        "from takedown_cli.intake.settings import Home; upgrade.prepare_database = lambda *_: os._exit(77);"
        "upgrade.upgrade_database(Home(Path(sys.argv[1])), rehearse=False)"
    )
    assert subprocess.run([sys.executable, "-c", dying, str(home)], check=False).returncode == 77
    assert revision(old) == FOLDERS["before_house"]
    assert upgrade_database(old, rehearse=False).wrong == ()
    assert revision(old) == migrations.HEAD


@pytest.mark.parametrize("name", ["before_house", "before_deploy"])
def test_every_case_of_an_earlier_version_is_found_after_the_upgrade(name: str, home: Path) -> None:
    numbers: dict[str, Any] = json.loads((KEPT / name / "answers.json").read_text(encoding="utf-8"))["cases"]
    old = kept(name, home)
    upgrade_database(old, rehearse=False)
    intake = Intake.open(old)
    try:
        for which, written in numbers.items():
            number = CaseNumber.parse(written)
            key = number.signing_key().public_key().public_bytes_raw()
            lookup = intake.identity.keyring.lookup_hmac(number.lookup_id(), key)
            assert intake.read(partial(find_case, lookup=lookup)) is not None, which
    finally:
        intake.close()


@pytest.mark.parametrize("name", ["before_house", "before_deploy"])
def test_the_videos_of_an_earlier_version_become_clips(name: str, home: Path) -> None:
    """One of its items is a video with four frames."""
    old = kept(name, home)
    upgrade_database(old, rehearse=False)
    intake = Intake.open(old)
    try:
        [(listed, frames)] = intake.read(
            lambda connection: connection.execute(
                select(clips.c.listed, func.count()).select_from(CLIP_FRAMES).group_by(clips.c.id, clips.c.listed)
            ).all()
        )
    finally:
        intake.close()
    assert (listed, frames) == (True, 4)


def test_a_postgresql_database_is_rehearsed_and_upgraded(
    home: Path, database_server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr(migrations, "HEAD", "0001")
        engine = open_engine(database_server.new_database(), writer=True)
        migrations.upgrade(engine)
        url = engine.url.render_as_string()
        engine.dispose()
    make_intake(Home(home), Settings(name="Test intake", test=True))
    with (home / "intake.toml").open("a") as settings:
        settings.write(f'database = "{url}"\n')
    old = Home(home)
    assert upgrade_database(old, rehearse=True).before == revision(old) == "0001"
    assert upgrade_database(old, rehearse=False).wrong == ()
    assert revision(old) == migrations.HEAD
    with running(home) as server:
        assert HTTP.get(f"{server.origin}/healthz").status_code == 200


def test_a_database_with_faults_is_not_upgraded(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = kept("before_house", home)
    monkeypatch.setattr(upgrade, "check_integrity", lambda *_: Health(1, 1, 1, ("A listed item has no hash.",)))
    assert upgrade_database(old, rehearse=False).wrong == ("A listed item has no hash.",)
    assert revision(old) == "0002"


def test_a_server_that_runs_is_not_disturbed(home: Path) -> None:
    make_intake(Home(home), Settings(name="Test intake", test=True))
    with running(home), pytest.raises(ConfigError, match="A server is running"):
        upgrade_database(Home(home), rehearse=True)


def test_a_newer_database_is_refused_by_every_command(home: Path) -> None:
    make_intake(Home(home), Settings(name="Test intake", test=True))
    engine = open_engine(Home(home).database_url(Home(home).load()), writer=True)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    before = (home / "intake.db").read_bytes()
    for command in ("upgrade", "status", "verify", "purge", "serve"):
        refused = run(command, str(home), code=2)
        assert refused["sentence"].startswith("The intake's database was made by a newer version"), command
        assert "Install the newer version again" in refused["hint"]
    assert (home / "intake.db").read_bytes() == before
