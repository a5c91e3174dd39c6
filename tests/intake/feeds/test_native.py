"""The native feed: a snapshot, what changed since, and what a platform answers, in signed pages."""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from takedown_cli.core.clock import Clock
from takedown_cli.core.errors import SignatureError
from takedown_cli.intake.cases.participants import Keys
from takedown_cli.intake.feeds import native
from takedown_cli.intake.http.server import Running
from takedown_cli.intake.messages.signals import classes_for
from takedown_cli.intake.operations import retention
from takedown_cli.protocol.feed import (
    MAX_RECORDS,
    PAGE_BYTES,
    SIGNATURE_HEADER,
    ActiveRecord,
    FeedPage,
    RemovedRecord,
    read_page,
)
from tests.intake.person import HTTP, Person, Platform, balanced, picture, reason, video
from tests.intake.served import everything_in, intake_with, somebody
from tests.intake.steps import NewPlatform, countersigned, item
from tests.waiting import PATIENCE


@dataclass
class Feed:
    """A participant that reads the native feed and keeps a list, as the specification says."""

    origin: str
    keys: Keys
    signing_key: bytes
    cursor: str | None = None

    def __post_init__(self) -> None:
        self.held: dict[str, ActiveRecord] = {}

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.keys.endpoints['feed']}"}

    def get(self, path: str = "", headers: dict[str, str] | None = None, **query: Any) -> httpx.Response:
        return HTTP.get(f"{self.origin}/v1/feed{path}", params=query, headers={**self.headers, **(headers or {})})

    def page(self, **query: Any) -> FeedPage:
        response = self.get(**query)
        assert response.status_code == 200, response.content
        return read_page(FeedPage, response.content, response.headers[SIGNATURE_HEADER], self.signing_key)

    def pull(self, **query: Any) -> dict[str, ActiveRecord]:
        """Follow the pages to their end: value → record."""
        while True:
            page = self.page(**({} if self.cursor is None else {"cursor": self.cursor}), **query)
            assert page.start == self.cursor
            for record in page.records:
                if isinstance(record, RemovedRecord):
                    self.held.pop(record.id, None)
                else:
                    self.held[record.id] = record
            self.cursor = page.cursor
            if not page.more:
                return {record.value: record for record in self.held.values()}

    def say(self, *verdicts: tuple[str, str], **headers: str) -> httpx.Response:
        body = {
            "schema": "takedown.verdicts",
            "version": 1,
            "verdicts": [{"id": record, "verdict": verdict} for record, verdict in verdicts],
        }
        return HTTP.post(
            f"{self.origin}/v1/feed/verdicts", json=body, headers={**self.headers, **headers}, timeout=PATIENCE
        )


def feed_of(platform: Platform, person: Person) -> Feed:
    return Feed(platform.origin, platform.keys, bytes.fromhex(person.intake.signing_key))


@pytest.fixture
def feed(new_platform: NewPlatform, person: Person) -> Feed:
    return feed_of(new_platform("Native"), person)


def test_a_snapshot_has_what_is_active_and_a_delta_what_changed(person: Person, another: Person, feed: Feed) -> None:
    stays, goes, comes = (balanced((word, "native")) for word in ("stays", "goes", "comes"))
    person.submit(picture(stays), picture(goes))
    before = feed.pull()
    assert {stays, goes} <= before.keys()
    another.submit(picture(comes))
    person.withdraw(goes)
    page = feed.page(cursor=feed.cursor)
    assert page.kind == "delta"
    assert {record.id for record in page.records} == {before[goes].id} | {
        record.id for record in page.records if isinstance(record, ActiveRecord)
    }
    after = feed.pull()
    assert {stays, comes} <= after.keys()
    assert goes not in after


def test_a_record_says_what_its_hash_is_of_and_how_near_is_near(person: Person, feed: Feed) -> None:
    upright, crop, md5 = balanced("upright n"), balanced("crop n"), "ad" * 16
    person.submit(item(("upright", upright), ("crop:left:6", crop)), video(md5, balanced("frame n"), age="adult"))
    found = feed.pull()
    assert (found[upright].classes, found[upright].distance, found[upright].media) == (("original",), 31, ("image",))
    assert (found[crop].classes, found[crop].tier, found[crop].list) == (("crops",), "provisional", "under-18")
    assert (found[md5].signal, found[md5].distance, found[md5].list) == ("video-md5", 0, "adult")
    assert found[balanced("frame n")].media == ("video",)


def test_a_removal_holds_no_hash_and_ids_are_not_made_from_hashes(person: Person, another: Person, feed: Feed) -> None:
    value = balanced("comes back")
    person.submit(picture(value))
    first = feed.pull()[value].id
    person.withdraw()
    body = feed.get(cursor=feed.cursor).content
    assert first.encode() in body
    assert value.encode() not in body
    feed.pull()
    another.submit(picture(value))
    assert feed.pull()[value].id == first, "the record was not deleted yet"


def test_pages_are_bounded_in_bytes_and_give_everything_once(
    person: Person, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {balanced(("bounded", n)) for n in range(30)}
    person.submit(*(picture(value) for value in values))
    whole = feed.pull()
    monkeypatch.setattr(native, "PAGE_BYTES", 700)
    feed.cursor, feed.held = None, {}
    assert feed.pull() == whole
    page = feed.page()
    assert page.more
    assert len(page.records) <= 4
    assert len(feed.get().content) < 700 + 1024 + 600


def test_what_changes_during_a_snapshot_is_in_the_delta_after_it(
    person: Person, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, later = balanced("before the snapshot"), balanced("during it")
    person.submit(picture(first))
    monkeypatch.setattr(native, "MAX_RECORDS", 1)
    page = feed.page()
    feed.cursor = page.cursor
    feed.held = {record.id: record for record in page.records if isinstance(record, ActiveRecord)}
    person.submit(picture(later), adds=True)
    person.withdraw(first)
    found = feed.pull()
    assert later in found
    assert first not in found


@pytest.mark.parametrize("change", [lambda c: c[:-1] + ("0" if c[-1] != "0" else "1"), lambda c: "x" + c, lambda _: ""])
def test_a_forged_cursor_is_refused(change: Callable[[str], str], feed: Feed) -> None:
    feed.pull()
    assert feed.cursor is not None
    response = feed.get(cursor=change(feed.cursor))
    assert response.status_code == 400
    assert reason(response) == "invalid"


def test_a_cursor_of_somebody_else_or_of_another_selection_is_refused(
    feed: Feed, new_platform: NewPlatform, person: Person
) -> None:
    feed.pull()
    other = feed_of(new_platform("Other"), person)
    assert other.get(cursor=feed.cursor).status_code == 400
    assert feed.get(cursor=feed.cursor, tiers="confirmed").status_code == 400


def test_a_cursor_never_goes_back(person: Person, feed: Feed) -> None:
    places = []
    for n in range(3):
        person.submit(picture(balanced(("forward", n))), **({"adds": True} if n else {}))
        feed.pull()
        assert feed.cursor is not None
        places.append(int(feed.cursor.split(".")[2]))
    assert places == sorted(set(places))


def test_nothing_new_is_304_and_costs_no_page(feed: Feed, person: Person) -> None:
    feed.pull()
    first = feed.get(cursor=feed.cursor)
    assert first.json()["records"] == []
    assert first.json()["cursor"] == feed.cursor
    again = feed.get(cursor=feed.cursor, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    person.submit(picture(balanced("something new")))
    assert feed.get(cursor=feed.cursor, headers={"if-none-match": first.headers["etag"]}).status_code == 200


def test_a_page_is_sent_compressed_to_who_asks_for_it(feed: Feed, person: Person) -> None:
    person.submit(*(picture(balanced(("gzip", n))) for n in range(40)))
    plain = feed.get(headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    with HTTP.stream("GET", f"{feed.origin}/v1/feed", headers={**feed.headers, "accept-encoding": "gzip"}) as response:
        raw = b"".join(response.iter_raw())
    assert response.headers["content-encoding"] == "gzip"
    assert len(raw) < len(plain.content) * 2 / 3
    assert [one["id"] for one in httpx.Response(200, content=gzip.decompress(raw)).json()["records"]] == [
        one["id"] for one in plain.json()["records"]
    ]


def test_a_page_that_somebody_changed_is_not_believed(feed: Feed) -> None:
    response = feed.get()
    changed = response.content.replace(b'"more":false', b'"more":true')
    with pytest.raises(SignatureError):
        read_page(FeedPage, changed, response.headers[SIGNATURE_HEADER], feed.signing_key)
    with pytest.raises(SignatureError):
        read_page(FeedPage, response.content[:-1], response.headers[SIGNATURE_HEADER], feed.signing_key)
    with pytest.raises(SignatureError):
        read_page(FeedPage, response.content, "", feed.signing_key)


def test_tiers_can_be_pulled_apart(intake: Running, person: Person, another: Person, new_platform: NewPlatform) -> None:
    anonymous, signed = balanced("anonymous tier"), balanced("signed tier")
    person.submit(picture(anonymous))
    countersigned(intake, "Tier helpline", another, picture(signed))
    platform = new_platform("Tiers")
    sure, unsure = feed_of(platform, person), feed_of(platform, person)
    assert signed in sure.pull(tiers="confirmed")
    assert anonymous not in sure.pull(tiers="confirmed")
    assert anonymous in unsure.pull(tiers="provisional")
    assert signed not in unsure.pull(tiers="provisional")
    for n in range(2):
        voter = feed_of(new_platform(f"Voter {n}"), person)
        assert voter.say((voter.pull()[anonymous].id, "Blocked")).json() == {"count": 1}
    assert anonymous in sure.pull(tiers="confirmed")
    assert anonymous not in unsure.pull(tiers="provisional"), "it moved to the other exchange"


def test_lists_and_classes_can_be_chosen_within_the_subscription(
    intake: Running, person: Person, new_platform: NewPlatform
) -> None:
    upright, flipped, adult = (balanced((word, "chosen")) for word in ("upright", "flipped", "adult"))
    person.submit(item(("upright", upright), ("flipx", flipped)), picture(adult, age="adult"))
    platform = feed_of(new_platform("Chooser"), person)
    found = feed_of(Platform(platform.origin, platform.keys), person).pull(lists="under-18", classes="original")
    assert upright in found
    assert {flipped, adult}.isdisjoint(found)
    only_adult = feed_of(new_platform("Adult", "adult"), person)
    assert adult in only_adult.pull()
    assert upright not in only_adult.pull()
    assert only_adult.get(lists="under-18").status_code == 400
    for parameter, wrong in (("lists", "all"), ("tiers", ""), ("classes", "crop"), ("pageSize", "5")):
        query: dict[str, Any] = {parameter: wrong}
        assert platform.get(**query).status_code == 400
    keys = intake.intake.add_participant("Sure and still", "both", classes=classes_for("image", []), confirmed=True)
    assert Feed(platform.origin, keys, platform.signing_key).get(tiers="provisional").status_code == 400


def test_a_verdict_counts_only_on_a_record_that_was_given(person: Person, feed: Feed) -> None:
    value = balanced("verdict")
    person.submit(picture(value))
    record = feed.pull()[value].id
    assert feed.say((record, "Blocked"), ("0" * 32, "Blocked")).json() == {"count": 1}
    assert next(iter(person.answers().values())) == "blocked"
    assert feed.say((record, "Blocked"), (record, "NotBlocked")).json() == {"count": 1}, "the last one counts"
    assert next(iter(person.answers().values())) == "not-blocked"
    assert feed.say((record, "Withdrawn")).status_code == 400
    body: dict[str, Any] = {"schema": "takedown.verdicts", "version": 1}
    for names, met in (({"value": value}, 1), ({"value": balanced("nobody's")}, 0)):
        body["verdicts"] = [{**names, "verdict": "Blocked"}]
        answer = HTTP.post(f"{feed.origin}/v1/feed/verdicts", json=body, headers=feed.headers)
        assert answer.json() == {"count": met}
    for names in ({"value": value, "id": record}, {}):
        body["verdicts"] = [{**names, "verdict": "Blocked"}]
        assert HTTP.post(f"{feed.origin}/v1/feed/verdicts", json=body, headers=feed.headers).status_code == 400


def test_who_has_no_token_learns_nothing(feed: Feed) -> None:
    for token in ("", "Bearer", "Bearer wrong", f"Basic {feed.keys.endpoints['feed']}",
                  f"Bearer {feed.keys.endpoints['fetch']}"):  # fmt: skip
        for answer in (
            feed.get(headers={"authorization": token}),
            feed.get("/negative", headers={"authorization": token}),
            feed.say(("0" * 32, "Blocked"), authorization=token),
        ):
            assert answer.status_code == 401
            assert answer.json()["message"] == "Access denied."


def test_the_deletion_of_a_hash_leaves_its_random_id_for_years(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    value, kept = balanced("deleted"), balanced("kept native")
    with intake_with(home) as server:
        person, other = somebody(server), somebody(server)
        feed = Feed(server.origin, server.add_participant("P"), bytes.fromhex(person.intake.signing_key))
        person.submit(picture(value))
        other.submit(picture(kept))
        record = feed.pull()[value].id
        person.withdraw()
        monkeypatch.setattr(retention, "WITHDRAWN_DAYS", 0)
        monkeypatch.setattr(retention, "TOMBSTONE_DAYS", -1)
        assert server.intake.purge() == retention.Purged(cases=1, hashes=1)
        left = everything_in(home)
        assert bytes.fromhex(value) not in left
        assert bytes.fromhex(record) in left
        assert feed.pull().keys() == {kept}
        late = Feed(server.origin, server.add_participant("Late"), feed.signing_key)
        assert late.pull().keys() == {kept}
        assert late.page(cursor=late.cursor).records == ()
        monkeypatch.setattr(Clock, "day", lambda _: "2099-01-01")
        server.intake.purge()
        assert bytes.fromhex(record) not in everything_in(home)


def test_who_was_away_longer_than_removals_are_kept_has_to_start_again(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with intake_with(home, retention_days=36_500) as server:
        person = somebody(server)
        feed = Feed(server.origin, server.add_participant("P"), bytes.fromhex(person.intake.signing_key))
        person.submit()
        feed.pull()
        monkeypatch.setattr(Clock, "day", lambda _: "2098-01-01")
        response = feed.get(cursor=feed.cursor)
        assert (response.status_code, reason(response)) == (409, "conflict")
        feed.cursor, feed.held = None, {}
        assert len(feed.pull()) == 1


def test_after_a_restore_every_cursor_ends(home: Path, tmp_path: Path) -> None:
    """The places after the backup are given again, to other changes, which a platform would never read."""
    from takedown_cli.intake import running
    from takedown_cli.intake.operations.backup import backup_intake, read_backup, restore_intake
    from takedown_cli.intake.settings import Home

    with intake_with(home) as server:
        person = somebody(server)
        feed = Feed(server.origin, server.add_participant("P"), bytes.fromhex(person.intake.signing_key))
        backup_intake(Home(home), tmp_path / "backup")
        person.submit()
        feed.pull()
    restore_intake(read_backup(tmp_path / "backup"), Home(tmp_path / "restored"))
    with running(tmp_path / "restored") as server:
        other = somebody(server)
        feed.origin = server.origin
        other.submit()
        assert feed.get(cursor=feed.cursor).status_code == 409
    with closing(sqlite3.connect(tmp_path / "restored" / "intake.db")) as database:
        assert database.execute("SELECT length(era) FROM clock").fetchone() == (8,)


def test_the_negative_list_is_an_exchange_of_its_own(home: Path) -> None:
    values = [balanced(("negative", n)) for n in range(5)]
    with intake_with(home):
        pass
    (home / "deny.txt").write_text("".join(f"poster {value}\n" for value in (*values, values[0])))
    from takedown_cli.intake import running

    with running(home) as server:
        key = bytes.fromhex(somebody(server).intake.signing_key)
        feed = Feed(server.origin, server.add_participant("P"), key)
        response = feed.get("/negative")
        page = read_page(FeedPage, response.content, response.headers[SIGNATURE_HEADER], key)
        records = [record for record in page.records if isinstance(record, ActiveRecord)]
        assert [record.value for record in records] == values
        assert {record.list for record in records} == {"negative"}
        assert not page.more
        nothing = feed.get("/negative", cursor=page.cursor)
        assert nothing.json()["records"] == []
        tag = {"if-none-match": nothing.headers["etag"]}
        assert feed.get("/negative", headers=tag, cursor=page.cursor).status_code == 304
        assert feed.get("/negative", cursor=page.cursor[:-1]).status_code == 400
    (home / "deny.txt").write_text(f"poster {values[0]}\n")
    with running(home) as server:
        feed.origin = server.origin
        assert feed.get("/negative", cursor=page.cursor).status_code == 409


def test_a_page_is_not_larger_than_a_client_reads() -> None:
    record = native._record_json("0" * 32, "provisional", "under-18", "pdq", b"\xff" * 32, (1 << 24) - 1)
    assert len(record) < 1024
    assert PAGE_BYTES + 1024 + 1024 < 9 << 20
    assert MAX_RECORDS * 100 < PAGE_BYTES
