"""What an operator does: review, organisations, keys, purge, backup; and that nothing outlives its day."""

from __future__ import annotations

import logging
import queue
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from takedown_cli.bundle import envelope
from takedown_cli.bundle.document import Bundle
from takedown_cli.clock import Clock
from takedown_cli.errors import ConfigError
from takedown_cli.intake import app, database, events, organisations, participants, review, running, upkeep
from takedown_cli.intake.backup import backup, restore
from takedown_cli.intake.denylist import DenyList
from takedown_cli.intake.server import Running
from takedown_cli.intake.service import make_intake
from takedown_cli.intake.settings import Home, Settings
from takedown_cli.intake.signals import classes_for
from takedown_cli.wire import Copies, encode
from tests.intake.person import HTTP, Person, Platform, balanced, picture, video


@contextmanager
def intake_with(folder: Path, **settings: Any) -> Iterator[Running]:
    make_intake(Home(folder), Settings(name="Test intake", test=True, **settings))
    with running(folder) as server:
        yield server


def somebody(server: Running) -> Person:
    return Person(server.origin, server.card)


# ------------------------------------------------------------------------------------------- quarantine and review


def test_a_flood_is_held_until_it_is_released(home: Path) -> None:
    with intake_with(home, flood_per_hour=2) as server:
        platform = Platform(server.origin, server.add_participant("Platform"))
        people = [somebody(server) for _ in range(4)]
        for n, person in enumerate(people):
            assert person.submit(picture(balanced(("flood", n)))).status_code == 200
        assert [person.status().items[0].state for person in people] == ["listed", "listed", "held", "held"]
        assert set(platform.pull()) == {balanced(("flood", 0)), balanced(("flood", 1))}
        waiting = server.intake.read(review.held)
        assert [(one.reason, one.items, one.list) for one in waiting] == [("flood", 1, "under-18")] * 2
        assert server.intake.operate(partial(review.release, case_ids=[waiting[0].case])) == 1
        assert server.intake.operate(partial(review.drop, case_ids=[waiting[1].case])) == 1
        assert server.intake.read(review.held) == []
        assert [person.status().items[0].state for person in people] == ["listed", "listed", "listed", "withdrawn"]
        assert balanced(("flood", 2)) in platform.pull()
        assert balanced(("flood", 3)) not in platform.pull()
        assert server.intake.examine().wrong == ()


def test_a_held_report_neither_lists_nor_keeps_what_another_case_lists(home: Path) -> None:
    value = balanced("both")
    with intake_with(home, flood_per_hour=1) as server:
        platform = Platform(server.origin, server.add_participant("Platform"))
        first, second = somebody(server), somebody(server)
        first.submit(picture(value))
        second.submit(picture(value))
        assert second.status().items[0].state == "held"
        assert platform.pull()[value]["hashStatus"] == "Active"
        first.withdraw()
        assert platform.pull()[value]["hashStatus"] == "Withdrawn"
        server.intake.operate(review.release)
        assert platform.pull()[value]["hashStatus"] == "Active"
        assert server.intake.examine().wrong == ()


def test_a_submission_of_too_many_items_is_held(home: Path) -> None:
    with intake_with(home, items_per_submission=2) as server:
        person = somebody(server)
        person.submit(*(picture(balanced(("budget", n))) for n in range(3)))
        assert {item.state for item in person.status().items} == {"held"}
        assert [one.reason for one in server.intake.read(review.held)] == ["budget"]


def countersigned(person: Person, key: Ed25519PrivateKey) -> bytes:
    signed = envelope.sign(Bundle.TYPE, encode(person.bundle()), person.number.signing_key())
    return person.sealed(envelope.countersign(signed, Bundle.TYPE, key), "bundle")


def test_a_known_organisation_is_not_held_up_to_its_quota(home: Path) -> None:
    helpline, stranger = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    public = helpline.public_key().public_bytes_raw()
    with intake_with(home, flood_per_hour=0) as server:
        server.intake.operate(partial(organisations.add, name="Helpline", key=public, quota=2))
        people = [somebody(server) for _ in range(5)]
        for person, key in zip(people[:3], (helpline, helpline, stranger), strict=True):
            assert person.post("submit", countersigned(person, key)).status_code == 200
        assert [person.status().items[0].state for person in people[:3]] == ["listed", "listed", "held"]
        refused = people[3].post("submit", countersigned(people[3], helpline))
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "3600")
        assert not people[3].status().known
        server.intake.operate(partial(organisations.revoke, name="Helpline"))
        assert people[4].post("submit", countersigned(people[4], helpline)).status_code == 200
        assert people[4].status().items[0].state == "held"


def test_what_is_on_the_deny_list_is_never_listed(home: Path) -> None:
    famous = balanced("a famous picture")
    near = f"{int(famous, 16) ^ 0b11:064x}" if int(famous, 16) & 3 in {1, 2} else famous
    make_intake(Home(home), Settings(name="Test intake", test=True))
    Home(home).deny_list.write_text(f"# well known\npdq {famous}\n")
    with running(home) as server:
        person = somebody(server)
        assert person.submit(picture(near)).status_code == 422
        assert person.submit(picture(near), picture(balanced("mine"))).status_code == 200
        assert sorted(item.state for item in person.status().items) == ["held", "listed"]


def test_a_deny_list_that_cannot_be_read_stops_the_intake(tmp_path: Path) -> None:
    (tmp_path / "deny.txt").write_text("pdq 1234\n")
    with pytest.raises(ConfigError):
        DenyList.load(tmp_path / "deny.txt")


def test_platforms_that_agree_take_a_hash_off_and_put_it_back(
    intake: Running, person: Person, new_platform: Callable[..., Platform]
) -> None:
    value = balanced("disputed")
    person.submit(picture(value))
    first, second, third = (new_platform(name) for name in ("First", "Second", "Third"))
    first.say(value, "NotBlocked")
    assert third.pull()[value]["hashStatus"] == "Active", "one platform alone takes nothing off"
    second.say(value, "NotBlocked")
    assert third.pull()[value]["hashStatus"] == "Withdrawn"
    assert person.status().items[0].state == "held"
    second.say(value, "Blocked")
    assert third.pull()[value]["hashStatus"] == "Active"
    assert person.status().items[0].state == "listed"
    assert intake.intake.examine().wrong == ()


# ---------------------------------------------------------------------------------------------------- participants


def test_rotated_and_revoked_keys_open_nothing(intake: Running) -> None:
    keyring = intake.identity.keyring
    old = Platform(intake.origin, intake.add_participant("Rotating"))
    new = Platform(intake.origin, intake.intake.operate(lambda t: participants.rotate(t, keyring, "Rotating")))
    mixed = {**new.headers("fetch"), "Ocp-Apim-Subscription-Key": old.keys.subscription}

    def codes() -> list[int]:
        shapes = (old.headers("fetch"), mixed, new.headers("fetch"))
        stop = [HTTP.get(f"{intake.origin}/v1/FetchHashes", headers=headers).status_code for headers in shapes]
        logins = [(one.keys.username, one.keys.endpoints["ncmec"]) for one in (old, new)]
        return stop + [HTTP.get(f"{intake.origin}/hashsharing/v2/status", auth=a).status_code for a in logins]

    assert codes() == [401, 401, 200, 401, 200]
    intake.intake.operate(lambda turn: participants.revoke(turn, "Rotating"))
    assert codes() == [401] * 5
    with pytest.raises(ConfigError):
        intake.intake.operate(lambda turn: participants.revoke(turn, "Rotating"))


def test_a_subscription_to_classes_leaves_the_others_out(intake: Running, person: Person) -> None:
    values = {
        name: balanced(("class", name)) for name in ("upright", "flipx", "crop:left:6", "tilt:+1.2:black", "unheard-of")
    }
    frame, md5 = balanced("a frame"), "12" * 16
    person.submit(*(picture(value, variant=name) for name, value in values.items()), video(md5, frame))
    names = {value: name for name, value in values.items()} | {frame: "frame", md5: "md5"}

    def pulled(media: str, *kinds: Copies) -> set[str]:
        keys = intake.intake.add_participant(f"{media} {kinds}", "both", classes=classes_for(media, kinds))
        return {names[value] for value in Platform(intake.origin, keys).pull() if value in names}

    assert pulled("image") == {"upright"}
    assert pulled("image", "flips") == {"upright", "flipx"}
    assert pulled("image", "crops", "tilts") == {"upright", "crop:left:6", "tilt:+1.2:black"}
    assert pulled("image", "all") == {*values}
    assert pulled("video", "crops") == {"frame", "md5"}
    assert pulled("all", "screens") == {"upright", "frame", "md5"}


def test_a_hash_leaves_no_subscription_that_it_was_in_before_its_end(intake: Running) -> None:
    """Otherwise who pulled it there would never meet the tombstone."""
    value = balanced("of two kinds")
    copy, original = somebody(intake), somebody(intake)
    platform = Platform(
        intake.origin, intake.intake.add_participant("No copies", "both", classes=classes_for("image", ()))
    )
    copy.submit(picture(value, variant="flipx"))
    assert value not in platform.pull()
    original.submit(picture(value))
    assert platform.pull()[value]["hashStatus"] == "Active"
    original.withdraw()
    assert platform.pull()[value]["hashStatus"] == "Active"
    copy.withdraw()
    assert platform.pull()[value]["hashStatus"] == "Withdrawn"


def test_the_audit_says_who_pulled_how_much_on_which_day(intake: Running, person: Person) -> None:
    person.submit(*(picture(balanced(("audit", n))) for n in range(3)))
    platform = Platform(intake.origin, intake.add_participant("Audited"))
    count = len(platform.pull(size=2))
    [pull] = [one for one in intake.intake.read(participants.audit) if one.participant == "Audited"]
    assert pull.records == count


# ------------------------------------------------------------------------------------------------- retention and copies


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_an_expired_case_is_gone_from_the_file_and_its_log(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret, kept = balanced("expired"), balanced("kept")
    with intake_with(home, retention_days=30) as server:
        person, other = somebody(server), somebody(server)
        platform = Platform(server.origin, server.add_participant("Platform"))
        person.submit(picture(secret), picture(kept))
        lookup = server.identity.keyring.lookup(*person.place)
        assert bytes.fromhex(secret) in everything_in(home)
        monkeypatch.setattr(Clock, "day", lambda _: "2031-01-01")
        other.submit(picture(kept))
        monkeypatch.setattr(upkeep, "TOMBSTONE_DAYS", -1)
        assert server.intake.purge() == upkeep.Purged(cases=1, hashes=1)
        assert not person.status().known
        assert other.status().items[0].state == "listed"
        assert platform.pull()[kept]["hashStatus"] == "Active"
        assert server.intake.examine().wrong == ()
        left = everything_in(home)
        assert bytes.fromhex(kept) in left
        for gone in (bytes.fromhex(secret), lookup, person.number.signing_key().public_key().public_bytes_raw()):
            assert gone not in left


@contextmanager
def somebody_reads(home: Path) -> Iterator[None]:
    """Another process's look at the database, which keeps the log as it is for as long as it lasts."""
    with closing(sqlite3.connect(Home(home).database, isolation_level=None)) as reading:
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM hashes").fetchone()
        yield


def test_a_purge_that_could_not_empty_the_log_says_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = balanced("read meanwhile")
    monkeypatch.setattr(upkeep, "TOMBSTONE_DAYS", -1)
    monkeypatch.setattr(upkeep, "_WAIT", 50)
    with intake_with(home, retention_days=30) as server:
        somebody(server).submit(picture(secret))
        with somebody_reads(home):
            monkeypatch.setattr(Clock, "day", lambda _: "2031-01-01")
            assert server.intake.purge() == upkeep.Purged(cases=1, hashes=1, erased=False)
            assert bytes.fromhex(secret) in everything_in(home)
            assert somebody(server).submit().status_code == 200, "it goes on taking submissions"
        assert server.intake.purge() == upkeep.Purged(cases=0, hashes=0)
        assert bytes.fromhex(secret) not in everything_in(home)


class Told(logging.Handler):
    """The names of the events that the intake tells."""

    def __init__(self) -> None:
        super().__init__()
        self.names: queue.SimpleQueue[str] = queue.SimpleQueue()

    def emit(self, record: logging.LogRecord) -> None:
        self.names.put(record.msg)

    def wait_for(self, name: str) -> None:
        while self.names.get(timeout=60) != name:
            pass


def test_a_serving_intake_tells_of_a_log_that_is_not_empty_and_tries_again(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Told()
    monkeypatch.setattr(app, "_AGAIN_SECONDS", 0.05)
    monkeypatch.setattr(upkeep, "_WAIT", 50)
    monkeypatch.setattr(upkeep, "TOMBSTONE_DAYS", -1)
    secret = balanced("read for long")
    events.log.addHandler(told)
    events.log.setLevel(logging.INFO)
    try:
        with intake_with(home, retention_days=30) as server:
            somebody(server).submit(picture(secret))
        monkeypatch.setattr(Clock, "day", lambda _: "2031-01-01")
        with somebody_reads(home), running(home):
            told.wait_for("log-not-emptied")
            assert bytes.fromhex(secret) in everything_in(home)
            told.wait_for("log-not-emptied")
        assert bytes.fromhex(secret) not in everything_in(home)
    finally:
        events.log.removeHandler(told)
        events.log.setLevel(logging.NOTSET)


def test_an_operator_is_told_once_that_nothing_can_be_stored(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told()
    pragmas = tuple(one for one in database._PRAGMAS if not one.startswith("busy_timeout"))
    monkeypatch.setattr(database, "_PRAGMAS", (*pragmas, "busy_timeout=50"))
    with intake_with(home) as server, closing(sqlite3.connect(Home(home).database, isolation_level=None)) as other:
        events.log.addHandler(told)
        try:
            for _ in range(2):
                other.execute("BEGIN IMMEDIATE")
                assert [somebody(server).submit().status_code for _ in range(3)] == [503] * 3
                other.execute("ROLLBACK")
                assert somebody(server).submit().status_code == 200
        finally:
            events.log.removeHandler(told)
    assert [told.names.get(timeout=1) for _ in range(told.names.qsize())] == ["commit-failed"] * 2


def test_a_tombstone_outlives_its_case(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    value = balanced("tombstone")
    with intake_with(home, retention_days=30) as server:
        somebody(server).submit(picture(value))
        platform = Platform(server.origin, server.add_participant("Platform"))
        monkeypatch.setattr(Clock, "day", lambda _: "2031-01-01")
        assert server.intake.purge() == upkeep.Purged(cases=1, hashes=0)
        assert platform.pull()[value]["hashStatus"] == "Withdrawn"


def test_a_withdrawn_case_is_kept_for_a_while_then_deleted(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with intake_with(home) as server:
        person = somebody(server)
        person.submit()
        person.withdraw()
        assert server.intake.purge().cases == 0
        assert person.status().known
        monkeypatch.setattr(upkeep, "WITHDRAWN_DAYS", 0)
        assert server.intake.purge().cases == 1
        assert not person.status().known


def test_a_backup_taken_while_it_serves_is_a_whole_intake(home: Path, tmp_path: Path) -> None:
    with intake_with(home) as server:
        person = somebody(server)
        person.submit()
        backup(Home(home), tmp_path / "copy")
        later = somebody(server)
        later.submit()
    for path in [tmp_path / "copy", *(tmp_path / "copy").rglob("*")]:
        assert not path.stat().st_mode & 0o077
    restore(tmp_path / "copy", Home(tmp_path / "restored"))
    with running(tmp_path / "restored") as server:
        moved = Person(server.origin, server.card, person.number)
        assert moved.status().known
        assert not Person(server.origin, server.card, later.number).status().known
        assert server.intake.examine().wrong == ()


def test_a_damaged_backup_is_not_restored(home: Path, tmp_path: Path) -> None:
    make_intake(Home(home), Settings(name="Test intake"))
    backup(Home(home), tmp_path / "copy")
    pepper = tmp_path / "copy" / "keys" / "pepper"
    pepper.write_bytes(pepper.read_bytes()[::-1])
    with pytest.raises(ConfigError):
        restore(tmp_path / "copy", Home(tmp_path / "restored"))
    assert not (tmp_path / "restored").exists()


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE hashes SET state = 'withdrawn'",
        "UPDATE items SET state = 'withdrawn'",
        "DELETE FROM listings",
        "UPDATE submissions SET item_count = item_count + 1",
        "UPDATE clock SET seq = 0",
        "UPDATE cases SET lookup = zeroblob(32) WHERE expires = '2099-12-31'",
    ],
)
def test_the_check_up_finds_what_is_wrong(harm: str, home: Path) -> None:
    with intake_with(home) as server:
        somebody(server).submit()
        assert server.intake.examine().wrong == ()
        server.intake.operate(lambda turn: turn.connection.execute(text(harm)))
        assert server.intake.examine().wrong != ()
