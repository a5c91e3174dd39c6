"""The NCMEC shape byte by byte: ranges of time, whatever the reader's clock says."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from xml.etree import ElementTree

from tests.intake.person import HTTP, Person, Platform, balanced, picture

SPACE = "{https://hashsharing.ncmec.org/hashsharing/v2}"


def changes(platform: Platform, since: int, until: int) -> list[str]:
    """The names of the entries of one range, in order."""
    stamps = {"from": since, "to": until}
    query = {name: datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for name, at in stamps.items()}
    login = (platform.keys.username, platform.keys.endpoints["ncmec"])
    answer = HTTP.get(f"{platform.origin}/hashsharing/v2/entries", params=query, auth=login)
    assert answer.status_code == 200, answer.content
    groups = ElementTree.fromstring(answer.content)
    return [entry.tag.removeprefix(SPACE) for group in groups for entry in group]


def test_a_reader_whose_clock_is_ahead_misses_nothing(person: Person, new_platform: Callable[..., Platform]) -> None:
    """It has read up to a second that is still to come here; what happens meanwhile has to be dated after it."""
    platform, since = new_platform(), int(time.time()) - 2
    for ahead in (2, 10, 20, 28):
        until = int(time.time()) + ahead
        value = balanced(("ahead", ahead))
        person.submit(picture(value), adds=ahead > 2)
        assert changes(platform, since, until) == ["image"], ahead
        person.withdraw(value)
        since, until = until, until + 3
        assert changes(platform, since, until) == ["deletedImage"], ahead
        since = until
