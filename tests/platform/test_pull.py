"""Pulling the local list: it follows the intake's, and whatever goes wrong, the old list stays whole and in force."""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from takedown_cli.core.clock import Clock
from takedown_cli.core.errors import (
    ConfigError,
    ListError,
    OutputError,
    StaleListError,
    TakedownError,
    UntrustedIntakeError,
)
from takedown_cli.intake.http.server import Running
from takedown_cli.platform.home import Home, make_settings
from takedown_cli.platform.local_list import LocalList
from takedown_cli.protocol.addresses import IntakeAddress
from tests.intake.person import Person, balanced, picture, video
from tests.platform.conftest import Site
from tests.platform.tampering import Answer, tampering


def test_the_list_follows_the_intake(person: Person, intake: Running, site: Site) -> None:
    stays, goes, comes = (balanced((word, "pulled")) for word in ("stays", "goes", "comes"))
    person.submit(picture(stays), picture(goes), video("cd" * 16, balanced("frame pulled")))
    first = site.pull()
    assert (first.kind, first.refused) == ("snapshot", False)
    assert {stays, goes, "cd" * 16} <= site.held().keys()
    assert first.active == len(site.held())
    Person(intake.origin, intake.card).submit(picture(comes))
    person.withdraw(goes)
    second = site.pull()
    assert (second.kind, second.removed) == ("delta", 1)
    held = site.held()
    assert {stays, comes} <= held.keys()
    assert goes not in held
    third = site.pull()
    assert (third.kind, third.changed, third.removed, third.active) == ("delta", 0, 0, len(held))
    whole = site.pull(afresh=True)
    assert whole.kind == "snapshot"
    assert site.held() == held


def test_what_is_known_of_a_record_is_kept(person: Person, site: Site) -> None:
    value = balanced("known of a record")
    person.submit(picture(value, age="adult"))
    site.pull()
    with LocalList(site.home.list_file) as local, local.reading():
        kinds = local.kinds()
        [kind] = [kinds[number] for _, raw, number in local.rows() if raw.hex() == value]
    assert (kind.signal, kind.list, kind.tier, kind.distance) == ("pdq", "adult", "provisional", 31)
    assert (kind.classes, kind.media) == ("original", "image")


def test_only_the_chosen_lists_are_pulled(person: Person, new_site: Callable[..., Site]) -> None:
    young, grown = balanced("young pulled"), balanced("grown pulled")
    person.submit(picture(young), picture(grown, age="adult"))
    site = new_site("adults", lists=("adult",), tiers=("provisional",))
    site.pull()
    assert {young, grown} & site.held().keys() == {grown}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")
def test_every_file_is_for_the_owner_alone(site: Site) -> None:
    site.pull()
    with LocalList(site.home.list_file) as local, local.changing(afresh=False):  # files beside it exist meanwhile
        modes = {path.name: path.stat().st_mode & 0o777 for path in site.home.path.iterdir()}
    assert len(modes) > 2
    assert set(modes.values()) == {0o600}
    assert site.home.path.stat().st_mode & 0o777 == 0o700


# ------------------------------------------------------------------------------------------------ what somebody forges


def _wrong_signature(path: str, answer: Answer) -> Answer:
    return answer.with_header("takedown-signature", "A" * 86 + "==") if "/feed" in path else answer


def _no_signature(path: str, answer: Answer) -> Answer:
    kept = {name: value for name, value in answer.headers.items() if name != "takedown-signature"}
    return replace(answer, headers=kept)


def _other_bytes(path: str, answer: Answer) -> Answer:
    return replace(answer, body=answer.body.replace(b'"provisional"', b'"confirmed"')) if "/feed" in path else answer


def _cut(path: str, answer: Answer) -> Answer:
    return replace(answer, body=answer.body[: len(answer.body) // 2]) if "/feed" in path else answer


def _no_feed(path: str, answer: Answer) -> Answer:
    return Answer(200, {"content-type": "text/html"}, b"<html>Please log in.</html>") if "/feed" in path else answer


@pytest.mark.parametrize("change", [_wrong_signature, _no_signature, _other_bytes, _cut, _no_feed])
@pytest.mark.parametrize("afresh", [False, True])
def test_a_forged_answer_changes_nothing(
    person: Person, site: Site, change: Callable[[str, Answer], Answer], afresh: bool
) -> None:
    person.submit(picture(balanced(("old", change.__name__, afresh))))
    site.pull()
    held, before = site.held(), _state(site)
    person.submit(picture(balanced(("new", change.__name__, afresh))), adds=True)
    with tampering(change) as proxy, pytest.raises(UntrustedIntakeError):
        site.pull(proxy, afresh=afresh)
    assert (site.held(), _state(site)) == (held, before)
    site.pull()
    assert balanced(("new", change.__name__, afresh)) in site.held()


def _state(site: Site) -> object:
    with LocalList(site.home.list_file) as local:
        return local.state()


def test_a_snapshot_that_breaks_off_leaves_the_old_list(
    person: Person, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first page is good, and the second one is cut."""
    person.submit_in_parts([picture(balanced(("long", n))) for n in range(30)])
    site.pull()
    held = site.held()
    monkeypatch.setattr("takedown_cli.intake.feeds.native.MAX_RECORDS", 7)
    pages = 0

    def cut_the_second(path: str, answer: Answer) -> Answer:
        nonlocal pages
        pages += "/feed" in path
        return replace(answer, body=answer.body[:-9]) if "/feed" in path and pages == 2 else answer

    with tampering(cut_the_second) as proxy:
        with pytest.raises(UntrustedIntakeError):
            site.pull(proxy, afresh=True)
        assert pages == 2
        assert site.held() == held
        assert site.pull(proxy, afresh=True).active == len(held), "and then it is fetched whole"
    assert pages > 6
    assert site.held() == held


def test_a_forged_cursor_starts_again_from_a_snapshot(person: Person, site: Site) -> None:
    value = balanced("forged cursor")
    person.submit(picture(value))
    site.pull()
    with closing(sqlite3.connect(site.home.list_file)) as database:
        [[cursor]] = database.execute("SELECT cursor FROM state")
        forged = ("B" if cursor.startswith("A") else "A") + cursor[1:]
        database.execute("UPDATE state SET cursor = ?", (forged,))
        database.execute("DELETE FROM records")
        database.commit()
    pulled = site.pull()
    assert pulled.kind == "snapshot"
    assert pulled.refused
    assert value in site.held()


def test_an_old_snapshot_that_is_replayed_brings_nothing_back(person: Person, site: Site, intake: Running) -> None:
    """Somebody kept a page from before a withdrawal, and has the platform ask for a snapshot again."""
    value = balanced("brought back")
    person.submit(picture(value))
    kept: dict[str, Answer] = {}

    def keep(path: str, answer: Answer) -> Answer:
        kept.setdefault(path, answer)
        return answer

    with tampering(keep) as proxy:
        site.pull(proxy)
    person.withdraw()
    later = Clock(lambda: time.time() + 86_400)
    site.pull()
    with closing(sqlite3.connect(site.home.list_file)) as database:  # as if a day had gone by since
        database.execute("UPDATE state SET made = made + 86400")
        database.commit()
    held = site.held()
    assert value not in held

    def replay(path: str, answer: Answer) -> Answer:
        if "cursor=" in path:
            return Answer(409, {}, b'{"reason":"conflict"}')
        return kept.get(path, answer)

    with tampering(replay) as proxy, pytest.raises(UntrustedIntakeError, match="older than the local list"):
        site.pull(proxy, clock=later)
    assert site.held() == held


def test_an_intake_that_stands_still_is_noticed(person: Person, site: Site) -> None:
    person.submit(picture(balanced("stands still")))
    with pytest.raises(UntrustedIntakeError, match="more than 7 days old"):
        site.pull(clock=Clock(lambda: time.time() + 8 * 86_400))


def test_a_page_from_the_future_is_not_taken(person: Person, site: Site) -> None:
    """A list of that day would never be too old to be used, and all later pages would be older than it."""
    person.submit(picture(balanced("before the jump")))
    site.pull()
    held, before = site.held(), _state(site)
    person.submit(picture(balanced("after the jump")), adds=True)
    behind = Clock(lambda: time.time() - 86_400)
    for afresh in (False, True):
        with pytest.raises(UntrustedIntakeError, match="later than this computer's clock"):
            site.pull(afresh=afresh, clock=behind)
    assert (site.held(), _state(site)) == (held, before)
    site.pull()
    assert balanced("after the jump") in site.held()


def test_the_age_of_a_list_from_the_future_is_not_known(site: Site) -> None:
    site.pull()
    with LocalList(site.home.list_file) as local:
        state = local.require(site.settings.source(), 7)
    state.check_age(7, state.made - 60)
    with pytest.raises(StaleListError, match="later than this computer's clock"):
        state.check_age(7, state.made - 86_400)


def test_another_key_than_the_pinned_one_ends_the_pull(site: Site, intake: Running) -> None:
    site.pull()
    held = site.held()
    other = make_settings(f"{intake.origin}#{'0' * 40}", site.token, (), (), (), 7)
    with pytest.raises(UntrustedIntakeError):
        replace(site, settings=other).pull()
    assert site.held() == held


def test_the_token_is_not_sent_to_a_server_without_the_key(site: Site, intake: Running) -> None:
    asked: list[str] = []

    def note(path: str, answer: Answer) -> Answer:
        asked.append(path)
        return answer

    other = make_settings(f"{intake.origin}#{'0' * 40}", site.token, (), (), (), 7)
    with tampering(note) as proxy, pytest.raises(UntrustedIntakeError):
        replace(site, settings=other).pull(proxy)
    assert asked == ["/v1/keys"]


# ----------------------------------------------------------------------------------------------- what happens to a disk


def test_a_list_that_is_read_is_not_held_up_by_a_pull(person: Person, site: Site, intake: Running) -> None:
    value, later = balanced("read meanwhile"), balanced("pulled meanwhile")
    person.submit(picture(value))
    site.pull()
    with LocalList(site.home.list_file) as local, local.reading():
        before = {raw.hex() for _, raw, _ in local.rows()}
        Person(intake.origin, intake.card).submit(picture(later))
        site.pull()
        assert {raw.hex() for _, raw, _ in local.rows()} == before
    assert later in site.held()


def test_two_pulls_do_not_mix(site: Site) -> None:
    site.pull()
    with LocalList(site.home.list_file) as local, local.changing(afresh=True), pytest.raises(OutputError):
        site.pull()
    assert site.pull().kind == "delta"


@pytest.mark.parametrize("damage", [b"", b"no database at all" * 300])
def test_a_damaged_list_is_named(site: Site, damage: bytes) -> None:
    site.pull()
    for path in site.home.path.glob("list.db*"):
        path.write_bytes(damage)
    with pytest.raises(ListError), LocalList(site.home.list_file) as local:
        local.require(site.settings.source(), 7)
    with suppress(TakedownError):
        site.home.list_file.unlink()
    site.pull()
    assert site.held() is not None


# ---------------------------------------------------------------------------------------------------- before it is used


def test_a_list_is_refused_that_is_old_or_of_another_source(
    person: Person, site: Site, new_site: Callable[..., Site]
) -> None:
    person.submit(picture(balanced("of an age")))
    with pytest.raises(ListError), LocalList(site.home.list_file):
        pass
    site.pull()
    with LocalList(site.home.list_file) as local:
        state = local.require(site.settings.source(), 7)
        state.check_age(7, time.time() + 6 * 86_400)
        with pytest.raises(StaleListError, match="8 days old"):
            state.check_age(7, time.time() + 8.1 * 86_400)
        with pytest.raises(ListError):
            local.require(new_site("other", lists=("adult",)).settings.source(), 7)


def test_settings_name_what_is_wrong(tmp_path: Path, intake: Running) -> None:
    with pytest.raises(ConfigError, match="joined no intake"):
        Home(tmp_path / "nowhere").load()
    wrong: list[dict[str, tuple[str, ...]]] = [
        {"classes": ("UP",)}, {"lists": ("grown-ups",)}, {"tiers": ("sure",)},
    ]  # fmt: skip
    for words in wrong:
        lists, tiers, classes = (words.get(name, ()) for name in ("lists", "tiers", "classes"))
        with pytest.raises(ConfigError):
            make_settings(intake.address, "token", lists, tiers, classes, 7)
    home = Home(tmp_path / "there")
    home.save(make_settings(intake.address, "token", (), (), (), 7))
    assert home.load().address == IntakeAddress.parse(intake.address)
    (home.path / "platform.toml").write_text("version = 2\n")
    with pytest.raises(ConfigError):
        home.load()


# --------------------------------------------------------------------------------------------------------------- clips


def test_clips_are_kept_if_the_platform_wants_them_and_go_with_their_frames(
    person: Person, new_site: Callable[..., Site]
) -> None:
    frames = [balanced(("frame of a kept clip", n)) for n in range(3)]
    person.submit(video("ce" * 16, *frames))
    plain, site = new_site("without"), new_site("with", clips=True)
    assert plain.pull().clips is None
    assert plain.clips() == {}
    assert site.pull().clips == len(site.clips())
    [(key, kind)] = [(key, kind) for key, (held, kind) in site.clips().items() if held == {*frames}]
    assert (kind.signal, kind.list, kind.tier, kind.distance) == ("clip", "under-18", "provisional", 31)
    before = site.clips()
    assert site.pull().kind == "delta"
    assert site.clips() == before
    person.withdraw()
    site.pull()
    assert key not in site.clips()
    assert not {*frames} & site.held().keys()


def test_a_platform_may_begin_and_cease_to_keep_clips(person: Person, new_site: Callable[..., Site]) -> None:
    person.submit(video("cf" * 16, *(balanced(("frame of a clip for later", n)) for n in range(3))))
    site = new_site()
    site.pull()
    site.settings = site.settings.model_copy(update={"clips": True})
    assert site.pull().kind == "delta", "the hashes need not be fetched again"
    held = site.clips()
    assert held
    assert site.pull(afresh=True).clips == len(held)
    assert site.clips() == held
    site.settings = site.settings.model_copy(update={"clips": False})
    assert site.pull().clips is None
    assert site.clips() == {}


def test_a_cursor_of_clips_that_is_refused_begins_them_anew(person: Person, new_site: Callable[..., Site]) -> None:
    person.submit(video("d0" * 16, *(balanced(("frame after a restore", n)) for n in range(3))))
    site = new_site(clips=True)
    site.pull()
    held = site.clips()
    with closing(sqlite3.connect(site.home.list_file)) as database:
        database.execute("UPDATE state SET clips = '1.forged'")
        database.execute("INSERT INTO clips SELECT randomblob(16), frames, kind FROM clips LIMIT 1")
        database.commit()
    assert site.pull().kind == "delta"
    assert site.clips() == held


#: How version 1 made its tables.
BEFORE_CLIPS = """
CREATE TABLE kinds (kind INTEGER PRIMARY KEY, signal TEXT NOT NULL, list TEXT NOT NULL, tier TEXT NOT NULL,
        classes TEXT NOT NULL, media TEXT NOT NULL, distance INTEGER NOT NULL);
CREATE TABLE records (id BLOB PRIMARY KEY, value BLOB NOT NULL, kind INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE state (one INTEGER PRIMARY KEY CHECK (one = 1), source TEXT NOT NULL, cursor TEXT NOT NULL,
        made INTEGER NOT NULL, pulled INTEGER NOT NULL);
PRAGMA application_id = 1952738409;
PRAGMA user_version = 1;
"""


def test_a_list_from_before_clips_stays_in_force_and_is_continued(
    person: Person, new_site: Callable[..., Site]
) -> None:
    frames = [balanced(("frame of an old list", n)) for n in range(3)]
    person.submit(video("d1" * 16, *frames))
    site = new_site()
    site.pull()
    held = site.held()
    with LocalList(site.home.list_file) as local, local.reading():
        state, kinds, rows = local.state(), local.kinds(), list(local.rows())
    assert state is not None
    site.home.list_file.unlink()
    with closing(sqlite3.connect(site.home.list_file)) as database:
        database.executescript(BEFORE_CLIPS)
        database.executemany(
            "INSERT INTO kinds VALUES (?, ?, ?, ?, ?, ?, ?)", [(n, *kind) for n, kind in kinds.items()]
        )
        database.executemany("INSERT INTO records VALUES (?, ?, ?)", rows)
        database.execute(
            "INSERT INTO state VALUES (1, ?, ?, ?, ?)", (state.source, state.cursor, state.made, state.pulled)
        )
        database.commit()
    assert site.held() == held
    assert site.clips() == {}
    with LocalList(site.home.list_file) as local:
        assert local.require(site.settings.source(), 7) == state
    site.settings = site.settings.model_copy(update={"clips": True})
    assert site.pull().kind == "delta"
    assert {*frames} in [held for held, _ in site.clips().values()]


def test_a_list_of_a_later_version_is_refused_and_not_changed(site: Site) -> None:
    site.pull()
    with closing(sqlite3.connect(site.home.list_file)) as database:
        database.execute("PRAGMA user_version = 3")
    with pytest.raises(ListError):
        LocalList(site.home.list_file)
    with closing(sqlite3.connect(site.home.list_file)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (3,)
