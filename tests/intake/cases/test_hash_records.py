"""Withdrawing predicted copies of pictures, and what stays."""

from __future__ import annotations

from takedown_cli.intake.http.server import Running
from tests.intake.person import Person, balanced, picture
from tests.intake.steps import NewPlatform, item, states, withdraw


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
    assert intake.intake.check_integrity().wrong == ()


def test_what_hma_reads_of_the_picture_itself_is_no_predicted_copy(person: Person, new_platform: NewPlatform) -> None:
    upright, misread, flip = (balanced(("hma", n)) for n in range(3))
    platform = new_platform()
    person.submit(item(("upright", upright), ("hma", misread), ("flipx", flip)))
    withdraw(person, ("all",))
    assert states(platform, upright, misread, flip) == ["Active", "Active", "Withdrawn"]


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
    assert intake.intake.check_integrity().wrong == ()


def test_an_item_that_had_copies_only_is_withdrawn_with_them(person: Person) -> None:
    person.submit(item(("flipx", balanced("copy only"))))
    assert [(one.state, one.fingerprints) for one in withdraw(person, ("flips",)).items] == [("withdrawn", 0)]
