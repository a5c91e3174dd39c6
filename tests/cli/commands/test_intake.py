"""``takedown intake``: what an operator types and reads, without a server."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from takedown_cli.cli.app import run as run_here
from takedown_cli.core.clock import Clock
from takedown_cli.intake.service import Intake
from takedown_cli.intake.settings import Home
from takedown_cli.protocol.addresses import IntakeAddress
from tests.cli.documents import published

KEY = "ab" * 32


@pytest.fixture
def home(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert run_here(["intake", "init", str(tmp_path / "home"), "--name", "Example"]) == 0
    address = capsys.readouterr().out
    assert address.startswith("http")
    assert "#" in address
    return tmp_path / "home"


def _words(*arguments: str | Path, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    assert run_here(["intake", *map(str, arguments)]) == 0
    captured = capsys.readouterr()
    return captured.out, captured.err


def test_a_participant_is_added_listed_and_revoked(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keys, warning = _words("participant", "add", home, "Platform", "--list", "adult", "--submit", capsys=capsys)
    assert "shown only once" in warning
    assert keys.splitlines()[0].startswith("token of the native feed ")
    assert [line.split()[:2] for line in keys.splitlines()[2:5]] == [
        ["x-functions-key", endpoint] for endpoint in ("FetchHashes", "SubmitFeedback", "SubmitHashes")
    ]
    token = keys.splitlines()[0].split()[-1]
    assert f"  export TX_TAKEDOWN_TOKEN={token}" in keys.splitlines()
    address = next(line for line in keys.splitlines() if "--intake" in line).split("'")[1]
    assert IntakeAddress.parse(address).pin
    listed, _ = _words("participant", "list", home, capsys=capsys)
    assert listed.splitlines()[1].startswith("Platform  adult ")
    assert not {word for word in keys.split() if len(word) > 20 and word.isalnum()} & {*listed.split()} - {
        "Ocp-Apim-Subscription-Key"
    }
    assert "Platform is revoked" in _words("participant", "revoke", home, "Platform", "--yes", capsys=capsys)[1]
    assert "revoked" in _words("participant", "list", home, capsys=capsys)[0]


def test_rotated_keys_are_new_ones(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = [
        published(_words("participant", verb, home, "Platform", "--json", "--yes", capsys=capsys)[0])
        for verb in ("add", "rotate")
    ]
    assert made[0]["name"] == made[1]["name"] == "Platform"
    assert made[0]["feed_token"] != made[1]["feed_token"]
    assert made[0]["function_keys"].keys() == made[1]["function_keys"].keys()
    for endpoint, key in made[0]["function_keys"].items():
        assert made[1]["function_keys"][endpoint] != key


@pytest.mark.parametrize("verb", ["rotate", "revoke"])
def test_keys_are_not_ended_unasked(verb: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    token = published(_words("participant", "add", home, "Platform", "--json", capsys=capsys)[0])["feed_token"]
    assert run_here(["intake", "participant", verb, str(home), "Platform"]) != 0
    capsys.readouterr()
    with closing(Intake.open(Home(home))) as intake:
        assert intake.participant_by_token(token) is not None


@pytest.mark.parametrize("grace", ["7", "7d"])
def test_old_keys_work_on_for_the_grace_and_no_longer(
    grace: str, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def token(*arguments: str) -> str:
        found = published(_words("participant", *arguments, "--json", "--yes", capsys=capsys)[0])["feed_token"]
        assert isinstance(found, str)
        return found

    def works(token: str, days: int) -> bool:
        monkeypatch.setattr(Clock, "day", lambda _: (now + timedelta(days=days)).date().isoformat())
        with closing(Intake.open(Home(home))) as intake:
            return intake.participant_by_token(token) is not None

    now = datetime.now(UTC)
    monkeypatch.setattr(Clock, "day", lambda _: now.date().isoformat())
    first = token("add", str(home), "Platform")
    second = token("rotate", str(home), "Platform", "--grace", grace)
    assert [works(first, day) for day in (0, 6, 8)] == [True, True, False]
    assert works(second, 8)
    monkeypatch.setattr(Clock, "day", lambda _: now.date().isoformat())
    token("rotate", str(home), "Platform")
    assert not works(first, 0), "a second rotation ends the keys of the first"
    assert not works(second, 0)


@pytest.mark.parametrize("grace", ["", "d", "-1d", "1w", "91d", "٣d"])
def test_a_grace_that_is_no_number_of_days_is_refused(grace: str, home: Path) -> None:
    assert run_here(["intake", "participant", "rotate", str(home), "Platform", "--grace", grace, "--yes"]) == 2


def test_an_organisation_is_added_listed_and_revoked(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, said = _words("organisation", "add", home, "Helpline", KEY, "--quota", "1", capsys=capsys)
    assert said == "Helpline may now send 1 submission a day.\n"
    assert "0 of 1 today" in _words("organisation", "list", home, capsys=capsys)[0]
    assert "Helpline is revoked" in _words("organisation", "revoke", home, "Helpline", capsys=capsys)[1]
    assert "revoked" in _words("organisation", "list", home, capsys=capsys)[0]


@pytest.mark.parametrize("key", ["xyz", "ab"])
def test_a_key_that_is_none_is_exit_2(home: Path, key: str) -> None:
    assert run_here(["intake", "organisation", "add", str(home), "Helpline", key]) == 2


def test_a_new_intake_holds_nothing_and_is_intact(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _words("review", home, capsys=capsys) == ("", "Nothing is held.\n")
    assert _words("verify", home, capsys=capsys)[0] == "cases: 0\nitems: 0\nhashes: 0\n"
    assert _words("purge", home, capsys=capsys)[0] == "cases: 0\nhashes: 0\n"


def test_a_backup_restores_an_intake_with_the_same_token(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copied, _ = _words("backup", home, home.parent / "copy", capsys=capsys)
    assert copied.startswith("files: ")
    _words("restore", home.parent / "copy", home.parent / "again", capsys=capsys)
    tokens = {_words("metrics-token", place, capsys=capsys)[0] for place in (home, home.parent / "again")}
    assert len(tokens) == 1


def test_a_backup_without_its_database_says_so_and_is_not_restored_beside_the_old_one_unasked(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (home / "intake.toml").open("a") as settings:
        settings.write('database = "postgresql+psycopg://intake@/intake"\n')
    copy, again = home.parent / "copy", home.parent / "again"
    assert run_here(["intake", "backup", str(home), str(copy)]) == 3
    said = capsys.readouterr().err
    assert "NOT in this backup" in said
    assert "pg_dump" in said
    assert not (copy / "intake.db").exists()
    assert run_here(["intake", "restore", str(copy), str(again), "--no-input"]) == 8
    assert not again.exists()
    assert run_here(["intake", "restore", str(copy), str(again), "--yes"]) == 0
