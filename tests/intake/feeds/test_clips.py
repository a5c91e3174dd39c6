"""The feed of clips: the frames of one video together, and no more of them than the feed of hashes gives."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import and_, select, update

from takedown_cli.core.clock import Clock
from takedown_cli.core.errors import SignatureError
from takedown_cli.intake.cases import organisations
from takedown_cli.intake.cases.hash_state import decide_clip, find_differences
from takedown_cli.intake.feeds import native
from takedown_cli.intake.http.server import Running
from takedown_cli.intake.messages.signals import classes_for
from takedown_cli.intake.operations import retention
from takedown_cli.intake.store.tables import clips, items
from takedown_cli.intake.store.writer import WriteTransaction
from takedown_cli.protocol.feed import (
    MAX_FRAMES,
    PAGE_BYTES,
    SIGNATURE_HEADER,
    ActiveClip,
    ClipPage,
    FeedPage,
    RemovedRecord,
    read_page,
)
from tests.intake.feeds.test_native import Feed, feed_of
from tests.intake.person import HTTP, Person, balanced, picture, video
from tests.intake.served import everything_in, intake_with, somebody
from tests.intake.steps import NewPlatform, countersigned


@dataclass
class ClipFeed(Feed):
    """A participant that reads the feed of clips too."""

    place: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.clips: dict[str, ActiveClip] = {}

    def ask(self, **query: Any) -> httpx.Response:
        return HTTP.get(f"{self.origin}/v1/feed/clips", params=query, headers=self.headers)

    def clip_page(self, **query: Any) -> ClipPage:
        response = self.ask(**query)
        assert response.status_code == 200, response.content
        return read_page(ClipPage, response.content, response.headers[SIGNATURE_HEADER], self.signing_key)

    def pull_clips(self, **query: Any) -> dict[frozenset[str], ActiveClip]:
        """Follow the pages to their end: frames → clip."""
        while True:
            page = self.clip_page(**({} if self.place is None else {"cursor": self.place}), **query)
            assert page.start == self.place
            for record in page.records:
                if isinstance(record, RemovedRecord):
                    self.clips.pop(record.id, None)
                else:
                    self.clips[record.id] = record
            self.place = page.cursor
            if not page.more:
                return {frozenset(clip.frames): clip for clip in self.clips.values()}


@pytest.fixture
def feed(new_platform: NewPlatform, person: Person) -> ClipFeed:
    return clip_feed(feed_of(new_platform("Clips"), person))


def clip_feed(feed: Feed) -> ClipFeed:
    return ClipFeed(feed.origin, feed.keys, feed.signing_key)


def film(name: str, frames: int = 3) -> tuple[str, ...]:
    return tuple(balanced((name, "frame", n)) for n in range(frames))


def md5(name: str) -> str:
    return balanced(name)[:32]


@pytest.fixture(autouse=True)
def _states_follow_from_the_facts(intake: Running) -> Any:
    yield
    assert intake.intake.read(lambda connection: [*find_differences(connection)]) == []


def test_a_clip_has_the_frames_of_a_video_and_leaves_with_the_last_who_reports_it(
    person: Person, another: Person, feed: ClipFeed
) -> None:
    frames = film("leaves")
    person.submit(video(md5("leaves"), *frames), picture(balanced("no clip")))
    before = feed.pull_clips()[frozenset(frames)]
    assert before.frames == tuple(sorted(frames))
    assert (before.list, before.tier, before.distance) == ("under-18", "provisional", 31)
    assert before.id not in {record.id for record in feed.pull().values()}
    assert balanced("no clip") not in {value for clip in feed.clips.values() for value in clip.frames}
    another.submit(video(md5("leaves again"), *reversed(frames)))
    person.withdraw()
    page = feed.clip_page(cursor=feed.place)
    assert page.records == (), "somebody else still reports it, and nobody learns that"
    another.withdraw()
    body = feed.ask(cursor=feed.place).content
    assert before.id.encode() in body
    assert not any(frame.encode() in body for frame in frames)
    assert frozenset(frames) not in feed.pull_clips()
    again = Person(person.origin, person.card)
    again.submit(video(md5("leaves"), *frames))
    assert feed.pull_clips()[frozenset(frames)].id != before.id


def test_only_frames_that_are_listed_appear_and_one_alone_is_no_clip(
    person: Person, feed: ClipFeed, new_platform: NewPlatform
) -> None:
    frames = film("disputed")
    person.submit(video(md5("disputed"), *frames), video(md5("one"), *film("one", 1)))
    assert frozenset(frames) in feed.pull_clips()
    assert not any(balanced(("one", "frame", 0)) in clip.frames for clip in feed.clips.values())
    record = next(clip.id for clip in feed.clips.values() if set(clip.frames) == {*frames})
    voters = [feed_of(new_platform(f"Disputes {n}"), person) for n in range(2)]

    def dispute(frame: str) -> None:
        for voter in voters:
            assert voter.say((voter.pull()[frame].id, "NotBlocked")).json() == {"count": 1}

    dispute(frames[0])
    assert feed.pull_clips()[frozenset(frames[1:])].id == record
    assert frames[0] not in feed.pull()
    dispute(frames[1])
    assert record not in {clip.id for clip in feed.pull_clips().values()}
    assert frames[2] in feed.pull(), "it is listed still, but as a hash alone"


def test_tiers_of_clips_are_those_of_their_frames(
    intake: Running, person: Person, another: Person, new_platform: NewPlatform
) -> None:
    frames = film("tiers")
    person.submit(video(md5("tiers"), *frames))
    platform = new_platform("Clip tiers")
    sure, unsure = (clip_feed(feed_of(platform, person)) for _ in range(2))
    assert frozenset(frames) not in sure.pull_clips(tiers="confirmed")
    assert unsure.pull_clips(tiers="provisional")[frozenset(frames)].tier == "provisional"
    name = f"Clips {platform.keys.subscription[:8]}"
    countersigned(intake, name, another, video(md5("tiers"), *frames[:2]), video(md5("tiers"), *frames))
    assert sure.pull_clips(tiers="confirmed")[frozenset(frames)].tier == "confirmed"
    assert frozenset(frames) not in unsure.pull_clips(tiers="provisional"), "it moved to the other exchange"
    intake.intake.operate(partial(organisations.revoke_organisation, name=name))
    assert sure.pull_clips(tiers="confirmed") == {}
    assert frozenset(frames) in unsure.pull_clips(tiers="provisional")


def test_what_is_held_shows_in_no_page(intake: Running, another: Person, person: Person, feed: ClipFeed) -> None:
    frames = film("held")
    name = f"Held {another.number.lookup_id()[:8]}"
    countersigned(intake, name, another, video(md5("held"), *frames))
    record = feed.pull_clips()[frozenset(frames)].id
    today = intake.intake.clock.day()
    intake.intake.operate(partial(organisations.revoke_organisation, name=name, since=today))
    assert [one for one in feed.clip_page(cursor=feed.place).records if one.id == record] == [
        RemovedRecord(id=record, state="removed")
    ]
    late = clip_feed(Feed(feed.origin, intake.intake.add_participant("Late to clips", "both"), feed.signing_key))
    late.pull_clips()
    assert record not in late.ask().text
    assert late.clip_page(cursor=late.place).records == ()
    person.submit(video(md5("held"), *frames))
    assert late.pull_clips()[frozenset(frames)].id == record
    assert feed.pull_clips()[frozenset(frames)].id == record


def test_a_verdict_on_a_clip_is_one_on_each_of_its_frames(person: Person, feed: ClipFeed) -> None:
    frames = film("verdict")
    person.submit(video(md5("verdict"), *frames))
    clip = feed.pull_clips()[frozenset(frames)].id
    assert feed.say((clip, "Blocked")).json() == {"count": 0}, "nothing says that it was given the hashes"
    records = {record.value: record.id for record in feed.pull().values()}
    assert feed.say((clip, "Blocked")).json() == {"count": 3}
    assert feed.say((clip, "Blocked"), (records[frames[0]], "NotBlocked")).json() == {"count": 3}
    assert next(iter(person.answers().values())) == "blocked"


def test_a_call_with_more_verdicts_than_allowed_is_refused_as_a_whole(
    person: Person, feed: ClipFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    from takedown_cli.intake.feeds import opinion

    frames = film("many verdicts")
    person.submit(video(md5("many verdicts"), *frames))
    clip = feed.pull_clips()[frozenset(frames)].id
    feed.pull()
    monkeypatch.setattr(opinion, "MAX_VERDICTS", 2)
    assert feed.say((clip, "Blocked")).status_code == 413
    assert [*person.answers().values()] == ["seen"]


def test_a_cursor_is_of_one_feed_and_selection_and_a_page_of_one_kind(person: Person, feed: ClipFeed) -> None:
    person.submit(video(md5("cursors"), *film("cursors")))
    feed.pull()
    feed.pull_clips()
    assert feed.ask(cursor=feed.cursor).status_code == 400
    assert feed.get(cursor=feed.place).status_code == 400
    assert feed.ask(cursor=feed.place, tiers="confirmed").status_code == 400
    assert feed.ask(classes="original").status_code == 400
    response = feed.ask(cursor=feed.place)
    with pytest.raises(SignatureError):
        read_page(FeedPage, response.content, response.headers[SIGNATURE_HEADER], feed.signing_key)
    tag = {"if-none-match": response.headers["etag"]}
    again = HTTP.get(f"{feed.origin}/v1/feed/clips", params={"cursor": feed.place}, headers={**feed.headers, **tag})
    assert again.status_code == 304
    denied = HTTP.get(f"{feed.origin}/v1/feed/clips", headers={"authorization": "Bearer wrong"})
    assert denied.status_code == 401


def test_who_is_given_no_frames_is_given_no_clips(intake: Running, person: Person, feed: ClipFeed) -> None:
    frames = film("subscription")
    person.submit(video(md5("subscription"), *frames))
    keys = intake.intake.add_participant("Pictures only", "both", classes=classes_for("image"))
    still = ClipFeed(feed.origin, keys, feed.signing_key)
    assert still.pull_clips() == {}
    assert frames[0] not in still.pull()
    keys = intake.intake.add_participant("Adults only", "adult")
    assert ClipFeed(feed.origin, keys, feed.signing_key).pull_clips() == {}


def test_pages_of_clips_are_bounded_and_give_everything_once(
    person: Person, feed: ClipFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    person.submit(*(video(md5(f"page {n}"), *film(f"page {n}", 2)) for n in range(20)))
    whole = feed.pull_clips()
    monkeypatch.setattr(native, "PAGE_BYTES", 1000)
    feed.place, feed.clips = None, {}
    assert feed.pull_clips() == whole
    page = feed.clip_page()
    assert page.more
    assert 1 < len(page.records) <= 4


def test_a_page_looks_at_a_bounded_number_of_clips_that_it_does_not_give(
    intake: Running, person: Person, another: Person, feed: ClipFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"Left out {another.number.lookup_id()[:8]}"
    countersigned(intake, name, another, *(video(md5(f"left {n}"), *film(f"left {n}", 2)) for n in range(6)))
    person.submit(video(md5("given"), *film("given", 2)))
    monkeypatch.setattr(native, "PAGE_BYTES", 2 * native._LEFT_OUT)
    page = feed.clip_page(tiers="provisional")
    while page.more and page.records:
        page = feed.clip_page(tiers="provisional", cursor=page.cursor)
    assert page.more, "a page ends after clips of which none is given"
    assert frozenset(film("given", 2)) in feed.pull_clips(tiers="provisional")


def test_a_video_that_lost_its_clip_is_found(intake: Running, person: Person) -> None:
    person.submit(video(md5("lost"), *film("lost")))

    def lose(transaction: WriteTransaction) -> list[str]:
        newest = select(items.c.case_id, items.c.clip_id).order_by(items.c.case_id.desc())
        row = transaction.execute(newest.where(items.c.clip_id.is_not(None))).first()
        assert row is not None
        mine = and_(items.c.case_id == row.case_id, items.c.number == 1)
        transaction.execute(update(items).where(mine).values(clip_id=None))
        found = [*find_differences(transaction.connection)]
        transaction.execute(update(items).where(mine).values(clip_id=row.clip_id))
        return [sentence for sentence in found if sentence.startswith(f"Item 1 of case {row.case_id} ")]

    assert [sentence.rpartition(" is ")[2] for sentence in intake.intake.operate(lose)] == [
        "a video with frames, but no clip."
    ]


def test_the_longest_clip_is_less_than_a_page() -> None:
    from takedown_cli.intake.feeds.clips import _clip_json

    frames = {n.to_bytes(32, "big"): False for n in range(MAX_FRAMES)}
    assert len(_clip_json(b"\xff" * 16, "under-18", frames)) < 160 << 10 < PAGE_BYTES


def test_the_id_of_a_clip_is_kept_for_years_and_nothing_of_its_hashes(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with intake_with(home) as server:
        person = somebody(server)
        feed = ClipFeed(server.origin, server.add_participant("P"), bytes.fromhex(person.intake.signing_key))
        person.submit(video(md5("years"), *film("years")))
        [clip] = feed.pull_clips().values()
        person.withdraw()
        monkeypatch.setattr(retention, "WITHDRAWN_DAYS", 0)
        monkeypatch.setattr(retention, "TOMBSTONE_DAYS", -1)
        server.intake.purge()
        left = everything_in(home)
        assert not any(bytes.fromhex(frame) in left for frame in clip.frames)
        assert feed.pull_clips() == {}
        with closing(server.intake.readers.connect()) as connection:
            [row] = connection.execute(select(clips))
            assert (bytes(row.record).hex(), row.digest, row.listed) == (clip.id, None, False)
        monkeypatch.setattr(Clock, "day", lambda _: "2099-01-01")
        server.intake.purge()
        assert bytes.fromhex(clip.id) not in everything_in(home)


def test_the_state_of_a_clip_is_decided_by_its_frames_alone() -> None:
    assert decide_clip(reported=True, active=2, confirmed=0) == (True, "provisional")
    assert decide_clip(reported=True, active=5, confirmed=1) == (True, "provisional")
    assert decide_clip(reported=True, active=5, confirmed=2) == (True, "confirmed")
    assert decide_clip(reported=True, active=1, confirmed=1) == (False, "provisional")
    assert decide_clip(reported=False, active=9, confirmed=9) == (False, "provisional")
