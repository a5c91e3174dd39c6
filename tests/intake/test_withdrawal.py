"""Withdrawal of a whole case, of items and of predicted copies: what stays listed, what is told, and what is left."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from takedown_cli.bundle import seal
from takedown_cli.bundle.document import BundleFingerprint, Item
from takedown_cli.intake import review, running, upkeep
from takedown_cli.intake.server import Running
from takedown_cli.intake.service import make_intake
from takedown_cli.intake.settings import Home, Settings
from takedown_cli.wire import CaseStatus, Copies, decode
from tests.intake.person import HTTP, Person, Platform, balanced, picture

NewPlatform = Callable[..., Platform]


def item(*variants: tuple[str, str]) -> Item:
    """A picture with these (variant, value)."""
    return Item(
        media="image",
        age="under-18",
        fingerprints=tuple(
            BundleFingerprint(kind="pdq", value=value, method="full", variant=variant, quality=100)
            for variant, value in variants
        ),
    )


def withdraw(person: Person, copies: tuple[Copies, ...], *values: str) -> CaseStatus:
    reply_key = secrets.token_bytes(32)
    message = person.asked(person.request("withdraw", reply_key, values, copies=copies))
    answers = {person.post("withdraw", message).content for _ in range(3)}
    told = {decode(CaseStatus, seal.open_reply(answer, reply_key)) for answer in answers}
    assert len(told) == 1, "repeated, it acts once"
    return told.pop()


def states(platform: Platform, *values: str) -> list[str]:
    found = platform.pull()
    return [found[value]["hashStatus"] if value in found else "absent" for value in values]


def test_the_predicted_copies_of_a_kind_are_withdrawn_and_the_rest_stays(
    intake: Running, person: Person, new_platform: NewPlatform
) -> None:
    upright, crop, flip, other = (balanced(("kinds", n)) for n in range(4))
    platform = new_platform()
    person.submit(item(("upright", upright), ("crop:left:6", crop), ("flipx", flip)), item(("upright", other)))
    assert states(platform, upright, crop, flip) == ["Active"] * 3
    status = withdraw(person, ("crops", "borders"))
    assert status.withdrawn == 1
    assert sorted((one.state, one.fingerprints) for one in status.items) == [("listed", 1), ("listed", 2)]
    assert states(platform, upright, crop, flip, other) == ["Active", "Withdrawn", "Active", "Active"]
    assert withdraw(person, ("all",)).withdrawn == 1
    assert states(platform, upright, crop, flip, other) == ["Active", "Withdrawn", "Withdrawn", "Active"]
    assert withdraw(person, ("all",)).withdrawn == 0
    assert intake.intake.examine().wrong == ()


def test_only_the_copies_of_the_items_that_are_meant_are_withdrawn(person: Person, new_platform: NewPlatform) -> None:
    mine, crop, other, kept = (balanced(("item", n)) for n in range(4))
    platform = new_platform()
    person.submit(item(("upright", mine), ("crop:top:2", crop)), item(("upright", other), ("crop:top:2", kept)))
    assert withdraw(person, ("crops",), mine).withdrawn == 1
    assert states(platform, mine, crop, other, kept) == ["Active", "Withdrawn", "Active", "Active"]


def test_a_copy_that_is_also_the_picture_or_anothers_stays(
    intake: Running, person: Person, another: Person, new_platform: NewPlatform
) -> None:
    symmetric, shared, upright = (balanced(("shared", n)) for n in range(3))
    platform = new_platform()
    person.submit(item(("upright", symmetric), ("flipx", symmetric)), item(("upright", upright), ("flipx", shared)))
    another.submit(picture(shared))
    assert withdraw(person, ("flips",)).withdrawn == 1
    assert states(platform, symmetric, shared) == ["Active", "Active"]
    another.withdraw()
    assert states(platform, shared) == ["Withdrawn"]
    assert intake.intake.examine().wrong == ()


def test_an_item_that_had_copies_only_is_withdrawn_with_them(person: Person) -> None:
    person.submit(item(("flipx", balanced("copy only"))))
    assert [(one.state, one.fingerprints) for one in withdraw(person, ("flips",)).items] == [("withdrawn", 0)]


def test_who_came_later_gets_no_tombstone_of_what_it_never_had(
    person: Person, another: Person, new_platform: NewPlatform
) -> None:
    gone, kept = balanced("gone before"), balanced("there before")
    earlier = new_platform("Earlier")
    person.submit(picture(gone), picture(kept))
    first = earlier.page(startTimestamp=10, pageSize=5000)["nextSetTimestamp"]
    person.withdraw(gone)
    later = new_platform("Later")
    assert states(later, gone, kept) == ["absent", "Active"]
    assert later.pull(size=1).keys() == later.pull().keys()
    assert earlier.pull(first)[gone]["hashStatus"] == "Withdrawn"
    assert tombstones(earlier) - tombstones(later)
    person.withdraw()
    assert states(later, kept) == ["Withdrawn"], "what it had it has to be told of"


def tombstones(platform: Platform) -> set[str | None]:
    """The ids of deleted pictures in the NCMEC shape."""
    login = (platform.keys.username, platform.keys.endpoints["ncmec"])
    space = "{https://hashsharing.ncmec.org/hashsharing/v2}"
    query = {"to": "2090-01-01T00:00:00Z"}
    answer = HTTP.get(f"{platform.origin}/hashsharing/v2/entries", params=query, auth=login)
    return {one.findtext(f"{space}id") for one in ElementTree.fromstring(answer.content).iter(f"{space}deletedImage")}


# -------------------------------------------------------------------------------------------------- what is left of it


@contextmanager
def intake_with(folder: Path, **settings: Any) -> Iterator[Running]:
    make_intake(Home(folder), Settings(name="Test intake", test=True, **settings))
    with running(folder) as server:
        yield server


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_what_was_withdrawn_of_a_case_that_goes_on_is_gone_after_its_days(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, single, copy = balanced("goes on"), balanced("single"), balanced("only a copy")
    with intake_with(home) as server:
        person = Person(server.origin, server.card)
        person.submit(item(("upright", kept), ("crop:left:6", copy)), picture(single))
        person.withdraw(single)
        withdraw(person, ("crops",))
        assert server.intake.purge() == upkeep.Purged(cases=0, hashes=0)
        for value in (kept, single, copy):
            assert bytes.fromhex(value) in everything_in(home)
        monkeypatch.setattr(upkeep, "WITHDRAWN_DAYS", 0)
        monkeypatch.setattr(upkeep, "TOMBSTONE_DAYS", -1)
        assert server.intake.purge() == upkeep.Purged(cases=0, hashes=2)
        left = everything_in(home)
        assert bytes.fromhex(kept) in left
        for value in (single, copy):
            assert bytes.fromhex(value) not in left
            assert value.encode() not in left
        assert sorted(one.state for one in person.status().items) == ["listed", "withdrawn"]
        assert server.intake.examine().wrong == ()


def test_what_was_held_and_is_dropped_or_withdrawn_ends_as_well(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = [balanced(("held", n)) for n in range(2)]
    with intake_with(home, items_per_submission=1) as server:
        dropped, person = (Person(server.origin, server.card) for _ in range(2))
        dropped.submit(picture(values[0]), picture(balanced("held too")))
        [held] = server.intake.read(review.held)
        server.intake.operate(partial(review.drop, case_ids=[held.case]))
        person.submit(picture(values[1]), picture("f" * 64))
        server.intake.operate(review.release)
        person.withdraw(values[1])
        assert [one.state for one in person.status().items].count("held") == 1, "too poor to be listed, or withdrawn"
        assert server.intake.purge().cases == 0
        monkeypatch.setattr(upkeep, "WITHDRAWN_DAYS", 0)
        monkeypatch.setattr(upkeep, "TOMBSTONE_DAYS", -1)
        assert server.intake.purge().cases == 2
        left = everything_in(home)
        for value in values:
            assert bytes.fromhex(value) not in left
