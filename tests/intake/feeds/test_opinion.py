"""What platforms report about a hash."""

from __future__ import annotations

import pytest

from tests.intake.person import Person, balanced, picture
from tests.intake.steps import NewPlatform


@pytest.mark.parametrize(
    ("said", "state"),
    [("Blocked", "blocked"), ("NotBlocked", "not-blocked"), ("PendingReview", "under-review"), ("Unknown", "seen")],
)
def test_feedback_becomes_status(said: str, state: str, person: Person, new_platform: NewPlatform) -> None:
    value = balanced(("feedback", said))
    person.submit(picture(value), picture(balanced(("other", said))))
    platform = new_platform("Platform")
    order = [item.fingerprints for item in person.status().items]
    assert order == [1, 1]
    assert person.answers(1) == person.answers(2) == {}
    platform.pull(size=3)
    name = next(iter(person.answers(1)))
    assert person.answers(1)[name] == person.answers(2)[name] == "seen"
    assert platform.say(value, said, "Nude") == 1
    assert sorted([person.answers(1)[name], person.answers(2)[name]]) == sorted([state, "seen"])
    record = platform.pull()[value]
    assert {"source": name, "feedbackValue": said, "tags": ["Nude"]} in record["CSPFeedbacks"]


def test_a_repeated_word_does_not_move_the_record(person: Person, new_platform: NewPlatform) -> None:
    value = balanced("said twice")
    person.submit(picture(value))
    platform = new_platform("Twice")
    platform.say(value, "Blocked")
    first = [record["hashValue"] for record in platform.page(startTimestamp=10, pageSize=5000)["hashRecords"]]
    platform.say(value, "Blocked")
    assert first == [r["hashValue"] for r in platform.page(startTimestamp=10, pageSize=5000)["hashRecords"]]
