"""What has expired is deleted, from the file and from its log."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import pytest

from takedown_cli.core.clock import Clock
from takedown_cli.intake import running
from takedown_cli.intake.cases import review
from takedown_cli.intake.http import app
from takedown_cli.intake.operations import retention
from takedown_cli.intake.runtime import events
from takedown_cli.intake.settings import Home
from takedown_cli.protocol.wire import LAST_DAY
from tests.intake.person import Person, Platform, balanced, picture
from tests.intake.process import run
from tests.intake.served import everything_in, intake_with, new_intake, somebody
from tests.intake.steps import RecordedEvents, item, withdraw


def test_purge_fails_when_what_it_deleted_may_be_in_the_log(home: Path) -> None:
    new_intake(home, test=True)
    with closing(sqlite3.connect(home / "intake.db", isolation_level=None)) as reading:
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM hashes").fetchone()
        run("participant", "add", str(home), "Example Platform")
        assert run("purge", str(home), code=2)["cases"] == 0
    assert run("purge", str(home))["cases"] == 0


def test_what_was_withdrawn_of_a_case_that_goes_on_is_gone_after_its_days(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, single, copy = balanced("goes on"), balanced("single"), balanced("only a copy")
    with intake_with(home) as server:
        person = Person(server.origin, server.card)
        person.submit(item(("upright", kept), ("crop:left:6", copy)), picture(single))
        person.withdraw(single)
        withdraw(person, ("crops",))
        assert server.intake.purge() == retention.Purged(cases=0, hashes=0)
        for value in (kept, single, copy):
            assert bytes.fromhex(value) in everything_in(home)
        monkeypatch.setattr(retention, "WITHDRAWN_DAYS", 0)
        monkeypatch.setattr(retention, "TOMBSTONE_DAYS", -1)
        assert server.intake.purge() == retention.Purged(cases=0, hashes=2)
        left = everything_in(home)
        assert bytes.fromhex(kept) in left
        for value in (single, copy):
            assert bytes.fromhex(value) not in left
            assert value.encode() not in left
        assert sorted(one.state for one in person.status().items) == ["listed", "withdrawn"]
        assert server.intake.check_integrity().wrong == ()


def test_what_was_held_and_is_dropped_or_withdrawn_ends_as_well(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = [balanced(("held", n)) for n in range(2)]
    with intake_with(home, items_per_submission=1) as server:
        dropped, person = (Person(server.origin, server.card) for _ in range(2))
        dropped.submit(picture(values[0]), picture(balanced("held too")))
        [held] = server.intake.read(review.list_held)
        server.intake.operate(partial(review.drop_held, case_ids=[held.case]))
        person.submit(picture(values[1]), picture("f" * 64))
        server.intake.operate(review.release_held)
        person.withdraw(values[1])
        assert [one.state for one in person.status().items].count("held") == 1, "too poor to be listed, or withdrawn"
        assert server.intake.purge().cases == 0
        monkeypatch.setattr(retention, "WITHDRAWN_DAYS", 0)
        monkeypatch.setattr(retention, "TOMBSTONE_DAYS", -1)
        assert server.intake.purge().cases == 2
        left = everything_in(home)
        for value in values:
            assert bytes.fromhex(value) not in left


def test_an_expired_case_is_gone_from_the_file_and_its_log(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret, kept = balanced("expired"), balanced("kept")
    with intake_with(home, retention_days=30) as server:
        person, other = somebody(server), somebody(server)
        platform = Platform(server.origin, server.add_participant("Platform"))
        person.submit(picture(secret), picture(kept))
        lookup = server.identity.keyring.lookup_hmac(*person.place)
        assert bytes.fromhex(secret) in everything_in(home)
        monkeypatch.setattr(Clock, "day", lambda _: "2031-01-01")
        other.submit(picture(kept))
        monkeypatch.setattr(retention, "TOMBSTONE_DAYS", -1)
        assert server.intake.purge() == retention.Purged(cases=1, hashes=1)
        assert not person.status().known
        assert other.status().items[0].state == "listed"
        assert platform.pull()[kept]["hashStatus"] == "Active"
        assert server.intake.check_integrity().wrong == ()
        left = everything_in(home)
        assert bytes.fromhex(kept) in left
        for gone in (bytes.fromhex(secret), lookup, person.number.signing_key().public_key().public_bytes_raw()):
            assert gone not in left


@pytest.mark.parametrize("days", [20_000, 36_500])
def test_a_case_is_kept_no_longer_than_a_receipt_can_say(home: Path, days: int) -> None:
    with intake_with(home, retention_days=days) as server:
        person = somebody(server)
        assert person.submit(picture(balanced("kept for decades"))).status_code == 200
        status = person.status()
        assert status.known
        assert status.received is not None
        assert status.expires == min(
            str(date.fromisoformat(status.received) + timedelta(days=days)), LAST_DAY.isoformat()
        )


@contextmanager
def somebody_reads(home: Path) -> Iterator[None]:
    """Another process's look at the database, which keeps the log as it is for as long as it lasts."""
    with closing(sqlite3.connect(Home(home).database, isolation_level=None)) as reading:
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM hashes").fetchone()
        yield


def test_a_purge_that_could_not_empty_the_log_says_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = balanced("read meanwhile")
    monkeypatch.setattr(retention, "TOMBSTONE_DAYS", -1)
    monkeypatch.setattr(retention, "_WAIT", 50)
    with intake_with(home, retention_days=30) as server:
        somebody(server).submit(picture(secret))
        with somebody_reads(home):
            monkeypatch.setattr(Clock, "day", lambda _: "2031-01-01")
            assert server.intake.purge() == retention.Purged(cases=1, hashes=1, erased=False)
            assert bytes.fromhex(secret) in everything_in(home)
            assert somebody(server).submit().status_code == 200, "it goes on taking submissions"
        assert server.intake.purge() == retention.Purged(cases=0, hashes=0)
        assert bytes.fromhex(secret) not in everything_in(home)


def test_a_serving_intake_tells_of_a_log_that_is_not_empty_and_tries_again(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = RecordedEvents()
    monkeypatch.setattr(app, "_RETRY_SECONDS", 0.05)
    monkeypatch.setattr(retention, "_WAIT", 50)
    monkeypatch.setattr(retention, "TOMBSTONE_DAYS", -1)
    secret = balanced("read for long")
    events.log.addHandler(recorded)
    events.log.setLevel(logging.INFO)
    try:
        with intake_with(home, retention_days=30) as server:
            somebody(server).submit(picture(secret))
        monkeypatch.setattr(Clock, "day", lambda _: "2031-01-01")
        (home / "last-purge").unlink()  # so that nothing speaks against this clock
        with somebody_reads(home), running(home):
            recorded.wait_for("log-not-emptied")
            assert bytes.fromhex(secret) in everything_in(home)
            recorded.wait_for("log-not-emptied")
        assert bytes.fromhex(secret) not in everything_in(home)
    finally:
        events.log.removeHandler(recorded)
        events.log.setLevel(logging.NOTSET)


def test_a_tombstone_outlives_its_case(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    value = balanced("tombstone")
    with intake_with(home, retention_days=30) as server:
        somebody(server).submit(picture(value))
        platform = Platform(server.origin, server.add_participant("Platform"))
        monkeypatch.setattr(Clock, "day", lambda _: "2031-01-01")
        assert server.intake.purge() == retention.Purged(cases=1, hashes=0)
        assert platform.pull()[value]["hashStatus"] == "Withdrawn"


def test_a_withdrawn_case_is_kept_for_a_while_then_deleted(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with intake_with(home) as server:
        person = somebody(server)
        person.submit()
        person.withdraw()
        assert server.intake.purge().cases == 0
        assert person.status().known
        monkeypatch.setattr(retention, "WITHDRAWN_DAYS", 0)
        assert server.intake.purge().cases == 1
        assert not person.status().known
