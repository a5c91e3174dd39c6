"""What is held for the operator, and what disputes do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from takedown_cli.intake.cases import review
from takedown_cli.intake.http.server import Running
from tests.intake.person import Person, Platform, balanced, picture
from tests.intake.served import intake_with, somebody
from tests.intake.steps import NewPlatform


def test_the_operator_sees_how_much_is_provisional(intake: Running, person: Person, new_platform: NewPlatform) -> None:
    def count() -> int:
        return {one.list: one.hashes for one in intake.intake.read(review.count_provisional)}.get("adult", 0)

    before, values = count(), [balanced(("operator", n)) for n in range(3)]
    person.submit(*(picture(value, age="adult") for value in values))
    assert count() == before + 3
    for name in ("A", "B"):
        new_platform(name).say(values[0], "Blocked")
    assert count() == before + 2


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
        server.intake.operate(review.release_held)
        assert platform.pull()[value]["hashStatus"] == "Active"
        assert server.intake.check_integrity().wrong == ()


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
    assert intake.intake.check_integrity().wrong == ()
