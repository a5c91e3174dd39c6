"""A hash is provisional until more than one anonymous report stands for it."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from takedown_cli.intake.cases import review
from takedown_cli.intake.cases.participants import SCOPES
from takedown_cli.intake.http.server import Running
from takedown_cli.intake.store.engine import open_engine
from takedown_cli.intake.store.migrations import upgrade
from tests.intake.cases.events import Events
from tests.intake.person import HTTP, Person, Platform, balanced, picture
from tests.intake.served import intake_with, somebody
from tests.intake.steps import SPACE, NewPlatform, countersigned, states

MARK = {"source": "Test intake", "feedbackValue": "PendingReview", "tags": ["provisional"]}


def agreed_by_us(platform: Platform) -> dict[str, bool]:
    """In the NCMEC shape: value → whether the intake itself has given affirmative feedback."""
    login = (platform.keys.username, platform.keys.endpoints["ncmec"])
    query = {"to": "2090-01-01T00:00:00Z"}
    answer = HTTP.get(f"{platform.origin}/hashsharing/v2/entries", params=query, auth=login)
    found = {}
    for entry in ElementTree.fromstring(answer.content).iter(f"{SPACE}image"):
        value = entry.findtext(f".//{SPACE}pdq")
        assert value is not None
        members = entry.findall(f"{SPACE}feedback/{SPACE}affirmativeFeedback/{SPACE}members/{SPACE}member")
        found[value] = "1" in {member.get("id") for member in members}
    return found


def standings(person: Person) -> list[str | None]:
    return [item.standing for item in person.status().items]


def test_an_anonymous_report_is_active_at_once_and_marked_until_two_platforms_block_it(
    person: Person, new_platform: NewPlatform
) -> None:
    value = balanced("two agree")
    first, second = new_platform("First"), new_platform("Second")
    person.submit(picture(value))
    record = first.pull()[value]
    assert (record["hashStatus"], record["CSPFeedbacks"]) == ("Active", [MARK])
    assert agreed_by_us(first)[value] is False
    assert standings(person) == ["provisional"]
    first.say(value, "Blocked")
    assert MARK in first.pull()[value]["CSPFeedbacks"]
    assert standings(person) == ["provisional"]
    second.say(value, "Blocked")
    record = first.pull()[value]
    assert record["hashStatus"] == "Active"
    assert MARK not in record["CSPFeedbacks"]
    assert agreed_by_us(first)[value] is True
    assert standings(person) == ["provisional"], "a case shows only what its own signatures earned"


def test_what_a_known_organisation_countersigned_is_confirmed(
    intake: Running, person: Person, new_platform: NewPlatform
) -> None:
    value = balanced("countersigned")
    countersigned(intake, f"Helpline {value[:8]}", person, picture(value))
    assert new_platform().pull()[value]["CSPFeedbacks"] == []
    assert standings(person) == ["confirmed"]


def test_a_platforms_own_hash_is_not_provisional(intake: Running, new_platform: NewPlatform) -> None:
    value = balanced("a platform's own hash")
    trusted = Platform(intake.origin, intake.add_participant("Trusted platform", "both", SCOPES))
    record = {"lastModtimestamp": 1, "signalType": "ImagePDQ", "hashValue": value, "CSPFeedbacks": []}
    body = {"count": 1, "hashRecords": [record]}
    HTTP.post(f"{intake.origin}/v1/SubmitHashes", json=body, headers=trusted.headers("submit")).raise_for_status()
    assert MARK not in new_platform().pull()[value]["CSPFeedbacks"]


def confirmed_only(intake: Running, name: str) -> Platform:
    return Platform(intake.origin, intake.intake.add_participant(name, "both", confirmed=True))


def test_who_wants_confirmed_hashes_only_gets_nothing_else(
    intake: Running, person: Person, another: Person, new_platform: NewPlatform
) -> None:
    value, alone = balanced("wanted confirmed"), balanced("never confirmed")
    careful = confirmed_only(intake, f"Careful {value[:8]}")
    first, second = new_platform("One"), new_platform("Two")
    person.submit(picture(value), picture(alone))
    assert not {value, alone} & set(careful.pull())
    assert not {value, alone} & set(agreed_by_us(careful))
    assert all("Careful" not in name for name in person.answers()), "it has not seen what it was not given"
    checkpoint = careful.page(startTimestamp=10, pageSize=5000)["nextSetTimestamp"]
    for platform in (first, second):
        platform.say(value, "Blocked")
    assert careful.pull(checkpoint)[value]["hashStatus"] == "Active"
    assert agreed_by_us(careful)[value] is True
    first.say(value, "NotBlocked")
    assert careful.pull(checkpoint)[value]["hashStatus"] == "Withdrawn", "no longer confirmed, and it has to be told"
    assert value not in agreed_by_us(careful)
    assert first.pull()[value]["hashStatus"] == "Active"
    person.withdraw()
    assert alone not in careful.pull(checkpoint), "not even a tombstone of what it never had"


def test_the_standing_falls_with_the_report_it_rested_on(
    intake: Running, person: Person, another: Person, new_platform: NewPlatform
) -> None:
    value = balanced("rests on the helpline")
    countersigned(intake, f"Helpline {value[:8]}", person, picture(value))
    another.submit(picture(value))
    platform = new_platform()
    assert MARK not in platform.pull()[value]["CSPFeedbacks"]
    person.withdraw()
    record = platform.pull()[value]
    assert record["hashStatus"] == "Active"
    assert MARK in record["CSPFeedbacks"]


def test_a_new_case_does_not_learn_that_the_picture_was_confirmed_for_another(
    person: Person, another: Person, new_platform: NewPlatform
) -> None:
    value = balanced("confirmed before")
    platforms = [new_platform("Earlier"), new_platform("Earlier too")]
    person.submit(picture(value))
    for platform in platforms:
        platform.say(value, "Blocked")
    another.submit(picture(value))
    for platform in platforms:
        platform.say(value, "Blocked")
    assert standings(another) == ["provisional"]


def test_two_platforms_that_do_not_block_still_take_it_off(person: Person, new_platform: NewPlatform) -> None:
    value = balanced("taken off")
    person.submit(picture(value))
    platforms = [new_platform("No"), new_platform("No too")]
    for platform in platforms:
        platform.say(value, "NotBlocked")
    assert platforms[0].pull()[value]["hashStatus"] == "Withdrawn"
    assert standings(person) == [None]


def test_an_anonymous_resubmission_does_not_undo_a_dispute(
    intake: Running, person: Person, another: Person, new_platform: NewPlatform
) -> None:
    """It made the hash active for good, and a repeated NotBlocked changed nothing."""
    value = balanced("gamed")
    first, second, reader = (new_platform(name) for name in ("No", "No too", "Reader"))
    person.submit(picture(value))
    for platform in (first, second):
        platform.pull()
        platform.say(value, "NotBlocked")
    assert states(reader, value) == ["Withdrawn"]
    another.submit(picture(value))
    assert states(reader, value) == ["Withdrawn"]
    helped = Person(intake.origin, intake.card)
    countersigned(intake, f"Helpline {value[:8]}", helped, picture(value))
    assert states(reader, value) == ["Withdrawn"], "an organisation's word does not end a dispute either"
    assert [one.status().items[0].state for one in (person, another, helped)] == ["held"] * 3
    second.say(value, "Blocked")
    assert states(reader, value) == ["Active"]
    assert [one.status().items[0].state for one in (person, another, helped)] == ["listed"] * 3
    assert intake.intake.check_integrity().wrong == ()


def test_the_operator_can_end_a_dispute(intake: Running, person: Person, new_platform: NewPlatform) -> None:
    value = balanced("upheld")
    first, second = new_platform("No"), new_platform("No too")
    person.submit(picture(value))
    for platform in (first, second):
        platform.say(value, "NotBlocked")
    disputed = [one.case for one in intake.intake.read(review.list_held) if one.reason == "disputed"]
    assert intake.intake.operate(partial(review.release_held, case_ids=[max(disputed)])) == 1
    assert states(first, value) == ["Active"]
    assert person.status().items[0].state == "listed"
    for platform in (first, second):
        platform.say(value, "NotBlocked")
    assert states(first, value) == ["Withdrawn"], "platforms that say so again are heard again"
    assert intake.intake.check_integrity().wrong == ()


def test_what_was_listed_before_and_is_now_only_held_is_a_tombstone(home: Path) -> None:
    value = balanced("held after it was listed")
    with intake_with(home, flood_per_hour=1) as server:
        first, second = somebody(server), somebody(server)
        platform, later = (Platform(server.origin, server.add_participant(name)) for name in ("One", "Later"))
        first.submit(picture(value))
        platform.pull()
        second.submit(picture(value))
        first.withdraw()
        assert states(platform, value) == ["Withdrawn"]
        assert server.intake.check_integrity().wrong == ()
        server.intake.operate(review.release_held)
        assert states(later, value) == ["Active"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_in_any_order_of_events_the_stored_state_is_the_one_computed_afresh(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """``FUZZ=long`` tries 10,000 sequences."""
    url = f"sqlite:///{tmp_path / 'events.db'}"
    if kind == "postgresql":
        url = request.getfixturevalue("database_server").new_database()
    engine = open_engine(url, writer=True)
    upgrade(engine)
    machine = type("Machine", (Events,), {"engine": engine})
    count = 10_000 if os.environ.get("FUZZ") == "long" else 25
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=count,
            stateful_step_count=15,
            deadline=None,
            database=None,
            suppress_health_check=quiet,
            phases=[Phase.generate, Phase.shrink],
        ),
    )
    engine.dispose()
