"""What goes wrong with an operator's machine: each fault has a sentence, advice and a code, and is survived."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from takedown_cli.core.clock import SYSTEM, Clock
from takedown_cli.core.errors import ConfigError
from takedown_cli.intake import running
from takedown_cli.intake.http import gauges
from takedown_cli.intake.operations import upkeep
from takedown_cli.intake.operations.inspection import inspect_intake
from takedown_cli.intake.runtime import events
from takedown_cli.intake.settings import Home, read_settings
from takedown_cli.intake.store.engine import open_engine, translate_errors
from tests.docs.markdown import DOCS
from tests.intake.person import HTTP, Person, balanced, picture
from tests.intake.postgres import postgres
from tests.intake.process import TAKEDOWN, run, served
from tests.intake.served import intake_with, new_intake, somebody
from tests.intake.steps import RecordedEvents
from tests.waiting import PATIENCE, wait_until

PAGE = " ".join((DOCS / "how-to/when-an-intake-does-not-start.md").read_text(encoding="utf-8").split())


def said(sentence: str, hint: str, in_page: str) -> None:
    """The page for operators has the beginning of the sentence, and there is advice."""
    assert in_page in sentence
    assert in_page in PAGE
    assert len(hint) > 10


def test_half_written_settings_name_the_place() -> None:
    whole = 'name = "Example"\norigin = "https://intake.example"\n'
    assert read_settings(whole.encode()).name == "Example"
    for text, sentence in (
        ("", "has no line for 'name'"),
        ('name = "Exam', "has a fault at its end"),
        (f"{whole}test = maybe\n", "has a fault at line 3"),
        (whole + "retention_da", "has a fault at"),
        (whole + "retention_days = 0\n", "has a value for 'retention_days' that cannot be used"),
        (whole + "retention = 5\n", "has an unknown setting: retention"),
    ):
        with pytest.raises(ConfigError) as raised:
            read_settings(text.encode())
        assert sentence in raised.value.sentence
        assert "latest backup" in raised.value.hint


def test_half_written_settings_end_a_command_with_2(home: Path) -> None:
    new_intake(home)
    settings = home / "intake.toml"
    settings.write_bytes(settings.read_bytes()[:30])
    for command in ("serve", "status"):
        refused = run(command, str(home), code=2)
        said(refused["sentence"], refused["hint"], "intake.toml")


def test_a_port_that_is_taken_is_named(home: Path) -> None:
    new_intake(home)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        refused = run("serve", str(home), "--port", str(port), code=2)
    assert refused["sentence"] == f"The intake cannot listen on 127.0.0.1, port {port}: another program does."
    said(refused["sentence"], refused["hint"], "another program does")


def test_an_address_that_is_not_ours_is_named(home: Path) -> None:
    new_intake(home)
    refused = run("serve", str(home), "--host", "192.0.2.1", "--port", "0", code=2)
    assert "192.0.2.1" in refused["sentence"]
    assert "no such address" in refused["sentence"]


def test_a_database_file_that_cannot_be_opened_names_the_account(home: Path, tmp_path: Path) -> None:
    """The system's administrator may open everything, so the file is in a folder that is not there."""
    new_intake(home)
    with (home / "intake.toml").open("a") as settings:
        settings.write(f'database = "sqlite:///{tmp_path / "nowhere" / "intake.db"}"\n')
    for command in ("status", "verify", "serve"):
        refused = run(command, str(home), code=2)
        assert "This account may not use its file." in refused["sentence"], command
        assert "account that serves" in refused["hint"]


def test_a_folder_that_cannot_be_written_to_is_not_served(home: Path) -> None:
    new_intake(home)
    (home / "serving").mkdir()  # what cannot be opened as a file, for the administrator too
    refused = run("serve", str(home), "--port", "0", code=2)
    said(refused["sentence"], refused["hint"], "The intake's folder cannot be written to.")


def test_keys_that_others_can_read_are_not_used(home: Path) -> None:
    if os.name == "nt":
        pytest.skip("Windows has no modes")
    new_intake(home)
    (home / "keys" / "pepper").chmod(0o644)
    for command in ("serve", "status", "upgrade"):
        refused = run(command, str(home), code=2)
        said(refused["sentence"], refused["hint"], "Others can read a key of the intake.")


def test_a_missing_key_and_a_missing_database_are_named(home: Path) -> None:
    new_intake(home)
    (home / "intake.db").rename(home / "elsewhere")
    refused = run("serve", str(home), code=2)
    said(refused["sentence"], refused["hint"], "The intake's database is missing")
    assert not (home / "intake.db").exists(), "no empty one is made"
    (home / "elsewhere").rename(home / "intake.db")
    (home / "keys" / "pepper").unlink()
    refused = run("serve", str(home), code=2)
    said(refused["sentence"], refused["hint"], "A key of the intake is missing or damaged.")


def test_a_postgresql_that_is_not_there_is_named(home: Path, tmp_path: Path) -> None:
    pytest.importorskip("psycopg", reason="the extra 'postgres' is not installed")
    new_intake(home)
    with (home / "intake.toml").open("a") as settings:
        settings.write(f'database = "postgresql+psycopg://intake@/intake?host={tmp_path}"\n')
    for command in ("serve", "status", "verify"):
        refused = run(command, str(home), code=2)
        said(refused["sentence"], refused["hint"], "The PostgreSQL database does not answer")


def test_a_postgresql_that_dies_and_comes_back_loses_no_case(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gauges, "CENSUS_SECONDS", 0.0)
    with postgres() as database, intake_with(home, database=database.new_database()) as server:
        first, second = somebody(server), somebody(server)
        assert first.submit().status_code == 200
        message = second.message(second.bundle())
        database.stop("immediate")
        try:
            assert second.post("submit", message).status_code == 503
            assert "takedown_intake_database_up 0" in metrics(server.origin, server.intake.metrics_token)
        finally:
            database.start()
        wait_until(lambda: second.post("submit", message).status_code == 200)
        wait_until(lambda: "takedown_intake_database_up 1" in metrics(server.origin, server.intake.metrics_token))
        assert first.status().known
        assert len(second.status().items) == 1


def metrics(origin: str, token: str) -> str:
    return HTTP.get(f"{origin}/metrics", headers={"authorization": f"Bearer {token}"}).text


# --------------------------------------------------------------------------------------------------------- a full disk


def no_file_grows_beyond(size: int) -> Callable[[], None]:
    """What a process does before it starts, so that every write beyond ``size`` bytes of a file fails."""

    def limit() -> None:
        if sys.platform != "win32":
            import resource

            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
            os.environ["PYTHONDONTWRITEBYTECODE"] = "1"  # compiled modules would be cut off too

    return limit


@pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no file")
@pytest.mark.parametrize("command", ["init", "backup"])
def test_a_full_disk_ends_a_command_with_2_and_leaves_nothing_half_done(command: str, tmp_path: Path) -> None:
    home, target = tmp_path / "home", tmp_path / "target"
    new_intake(home)
    arguments = [str(target)] if command == "init" else [str(home), str(target)]
    ended = subprocess.run(
        [*TAKEDOWN, command, *arguments], capture_output=True, text=True, timeout=PATIENCE, check=False,
        preexec_fn=no_file_grows_beyond(60_000),
    )  # fmt: skip
    assert ended.returncode == 2, ended.stderr
    assert "space" in ended.stderr or "full" in ended.stderr
    assert not (target / "intake.toml").exists()
    assert not target.with_name("target.part").exists()


def test_a_database_that_cannot_grow_is_called_a_full_disk(home: Path) -> None:
    new_intake(home)
    engine = open_engine(f"sqlite:///{home / 'intake.db'}", writer=True)

    def fill() -> None:
        with translate_errors("It failed."), engine.begin() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 1")
            connection.exec_driver_sql("CREATE TABLE filler (x BLOB)")
            connection.exec_driver_sql("INSERT INTO filler VALUES (zeroblob(1000000))")

    with pytest.raises(ConfigError, match="The disk is full") as raised:
        fill()
    engine.dispose()
    said(raised.value.sentence, raised.value.hint, "The disk is full")


def test_a_full_disk_answers_busy_and_when_there_is_room_it_works_again(home: Path) -> None:
    with intake_with(home) as server:
        before = somebody(server)
        assert before.submit().status_code == 200
        [pages] = writing_pragma(server.intake, "page_count")
        writing_pragma(server.intake, f"max_page_count = {pages}")
        large = somebody(server)
        message = large.message(large.bundle(*(picture(balanced(("much", number))) for number in range(150))))
        assert large.post("submit", message).status_code == 503
        assert before.status().known
        writing_pragma(server.intake, "max_page_count = 1000000")
        assert large.post("submit", message).status_code == 200
        assert server.intake.check_integrity().wrong == ()


def writing_pragma(intake: Any, pragma: str) -> Any:
    """Set or read what holds for the one connection that writes."""
    with intake._writing.connect() as connection:
        raw = connection.connection.driver_connection
        return raw.execute(f"PRAGMA {pragma}").fetchone()


# ------------------------------------------------------------------------------------------------------ a wrong clock


def test_a_clock_that_is_years_ahead_deletes_nothing_until_it_is_confirmed(home: Path) -> None:
    with intake_with(home) as server:
        person = somebody(server)
        person.submit()
        wait_until(lambda: upkeep.last_done(Home(home), "purge"))
    ahead = Clock(lambda: SYSTEM.seconds() + 3 * 365 * 86_400)
    recorded = RecordedEvents()
    events.log.addHandler(recorded)
    try:
        with running(home, clock=ahead) as server:
            recorded.wait_for("clock-doubtful")
            assert Person(server.origin, server.card, person.number).status().known
            assert "clock-doubtful" in [one.id for one in inspect_intake(Home(home), ahead).attention]
    finally:
        events.log.removeHandler(recorded)


def test_after_a_long_pause_the_operator_confirms_the_clock(home: Path) -> None:
    new_intake(home)
    run("purge", str(home))
    long_ago = date.fromisoformat(SYSTEM.day()) - timedelta(days=upkeep.CLOCK_DAYS + 1)
    upkeep.note_done(Home(home), "purge", long_ago.isoformat())
    assert run("purge", str(home), code=8)["id"] == "declined"
    assert upkeep.last_done(Home(home), "purge") == long_ago.isoformat()
    run("purge", str(home), "--yes")
    assert upkeep.last_done(Home(home), "purge") == SYSTEM.day()


def test_a_clock_that_was_behind_for_a_while_stops_no_purge(home: Path) -> None:
    """A computer without a battery starts in the past. Were that day noted, the right one would be doubted for good."""
    new_intake(home)
    run("purge", str(home))
    behind = Clock(lambda: SYSTEM.seconds() - 3 * 365 * 86_400)
    recorded = RecordedEvents()
    events.log.addHandler(recorded)
    try:
        with running(home, clock=behind):
            recorded.wait_for("clock-doubtful")
    finally:
        events.log.removeHandler(recorded)
    assert upkeep.last_done(Home(home), "purge") == SYSTEM.day()
    assert upkeep.clock_doubt(Home(home), SYSTEM.day()) is None


def test_a_pause_of_some_weeks_needs_no_confirmation(home: Path) -> None:
    new_intake(home)
    upkeep.note_done(Home(home), "purge", (date.fromisoformat(SYSTEM.day()) - timedelta(days=30)).isoformat())
    assert upkeep.clock_doubt(Home(home), SYSTEM.day()) is None
    with served(home):
        wait_until(lambda: upkeep.last_done(Home(home), "purge") == SYSTEM.day())
