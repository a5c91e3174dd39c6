"""The census counts what the operator would count, on both databases."""

from __future__ import annotations

from pathlib import Path

from takedown_cli.intake.http.server import Running
from takedown_cli.intake.operations.census import ListSize
from tests.intake.person import Person, balanced, picture
from tests.intake.served import intake_with, somebody
from tests.intake.steps import NewPlatform, countersigned


def test_lists_held_cases_and_pulls_are_counted(
    intake: Running, person: Person, another: Person, new_platform: NewPlatform
) -> None:
    before = intake.intake.take_census()
    assert before.lists == (ListSize("adult", 0, 0, 0), ListSize("under-18", 0, 0, 0))
    assert (before.held_cases, before.held_hashes, before.platforms) == (0, 0, ())
    person.submit(picture(balanced("a"), balanced("b")), picture(balanced("c"), age="adult"))
    person.withdraw(balanced("c"))
    countersigned(intake, "Helpline", another, picture(balanced("d")))
    platform = new_platform("Reader")
    new_platform("Silent")
    platform.pull()
    after = intake.intake.take_census()
    assert after.lists == (ListSize("adult", 0, 0, 1), ListSize("under-18", 3, 2, 0))
    today = intake.intake.clock.day()
    assert [(one.name.split()[0], one.since, one.last_pull) for one in after.platforms] == [
        ("Reader", today, today), ("Silent", today, None),
    ]  # fmt: skip
    assert after.modified >= before.modified
    assert after.size > 0


def test_what_is_held_for_review_is_counted_in_cases_items_and_hashes(home: Path) -> None:
    with intake_with(home, items_per_case=1) as server:
        held = somebody(server)
        held.submit(picture(balanced("listed")))
        for number in (1, 2):
            held.submit(picture(balanced((number, "a")), balanced((number, "b"))), adds=True)
        census = server.intake.take_census()
        assert (census.held_cases, census.held_items, census.held_hashes) == (1, 2, 4)
