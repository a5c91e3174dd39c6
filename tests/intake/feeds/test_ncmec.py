"""The NCMEC-shaped feed."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest

from takedown_cli.intake.feeds import cursor
from tests.intake.person import HTTP, Person, Platform, balanced, picture, video
from tests.intake.served import intake_with, somebody
from tests.intake.steps import SPACE


def changes(platform: Platform, since: int, until: int) -> list[str]:
    """The names of the entries of one range, in order."""
    stamps = {"from": since, "to": until}
    query = {name: datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for name, at in stamps.items()}
    login = (platform.keys.username, platform.keys.endpoints["ncmec"])
    answer = HTTP.get(f"{platform.origin}/hashsharing/v2/entries", params=query, auth=login)
    assert answer.status_code == 200, answer.content
    groups = ElementTree.fromstring(answer.content)
    return [entry.tag.removeprefix(SPACE) for group in groups for entry in group]


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_a_reader_whose_clock_is_ahead_misses_nothing(store: str, home: Path, request: pytest.FixtureRequest) -> None:
    """It has read up to a second that is still to come here; what happens meanwhile has to be dated after it.

    The intake is its own: a reader of the other tests may be further ahead.
    """
    database = request.getfixturevalue("database_server").new_database() if store == "postgresql" else None
    with intake_with(home, database=database) as server:
        person, since = somebody(server), int(time.time()) - 2
        platform = Platform(server.origin, server.intake.add_participant("Ahead", "both"))
        for ahead in (2, 10, 20, 28):
            value = balanced(("ahead", ahead))
            person.submit(picture(value), adds=ahead > 2)
            until = int(time.time()) + ahead
            assert changes(platform, since, until) == ["image"], ahead
            person.withdraw(value)
            since, until = until, max(until + 3, int(time.time()) + 2)
            assert changes(platform, since, until) == ["deletedImage"], ahead
            since = until


def test_pages_that_end_early_are_followed_by_the_others(
    person: Person, new_platform: Callable[..., Platform], monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {balanced(("large page of entries", n)) for n in range(8)}
    person.submit(*(picture(value) for value in values), video("cd" * 16))
    platform = new_platform()
    login = (platform.keys.username, platform.keys.endpoints["ncmec"])

    def pages() -> list[ElementTree.Element]:
        found, link = [], "/v2/entries?to=2090-01-01T00:00:00Z"
        while link:
            answer = HTTP.get(f"{platform.origin}/hashsharing{link}", auth=login)
            assert answer.status_code == 200
            found.append(ElementTree.fromstring(answer.content))
            link = found[-1].findtext(f"{SPACE}paging/{SPACE}next") or ""
        return found

    def ids(some: list[ElementTree.Element]) -> list[str | None]:
        return [one.text for page in some for one in page.iter(f"{SPACE}id")]

    [whole] = pages()
    monkeypatch.setattr(cursor, "MAX_BYTES", 1000)
    several = pages()
    assert len(several) > 2
    assert sorted(ids(several), key=str) == sorted(ids([whole]), key=str)
    assert set(person.answers().values()) == {"seen"}
