"""Provisional until two platforms agree: listed and matched at once, told apart by platforms, confirmed, and lapsed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from xml.etree import ElementTree

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from takedown_cli.bundle import envelope
from takedown_cli.bundle.document import Bundle, Item
from takedown_cli.intake import organisations, review
from takedown_cli.intake.participants import SCOPES
from takedown_cli.intake.server import Running
from takedown_cli.wire import encode
from tests.intake.person import HTTP, Person, Platform, balanced, picture

NewPlatform = Callable[..., Platform]
MARK = {"source": "Test intake", "feedbackValue": "PendingReview", "tags": ["provisional"]}
SPACE = "{https://hashsharing.ncmec.org/hashsharing/v2}"


def confirmed_only(intake: Running, name: str) -> Platform:
    return Platform(intake.origin, intake.intake.add_participant(name, "both", confirmed=True))


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


def countersigned(intake: Running, name: str, person: Person, *items: Item) -> None:
    helpline = Ed25519PrivateKey.generate()
    public = helpline.public_key().public_bytes_raw()
    intake.intake.operate(partial(organisations.add, name=name, key=public, quota=9))
    signed = envelope.sign(Bundle.TYPE, encode(person.bundle(*items)), person.number.signing_key())
    message = person.sealed(envelope.countersign(signed, Bundle.TYPE, helpline), "bundle")
    assert person.post("submit", message).status_code == 200


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
    assert standings(person) == ["confirmed"]


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
    intake: Running, person: Person, another: Person, new_platform: NewPlatform
) -> None:
    value = balanced("confirmed before")
    platforms = [new_platform("Earlier"), new_platform("Earlier too")]
    person.submit(picture(value))
    for platform in platforms:
        platform.pull()
        platform.say(value, "Blocked")
    another.submit(picture(value))
    assert standings(another) == ["provisional"]
    for platform in platforms:
        platform.pull()
    assert standings(another) == ["confirmed"]


def test_two_platforms_that_do_not_block_still_take_it_off(person: Person, new_platform: NewPlatform) -> None:
    value = balanced("taken off")
    person.submit(picture(value))
    platforms = [new_platform("No"), new_platform("No too")]
    for platform in platforms:
        platform.say(value, "NotBlocked")
    assert platforms[0].pull()[value]["hashStatus"] == "Withdrawn"
    assert standings(person) == [None]


def test_the_operator_sees_how_much_is_provisional(intake: Running, person: Person, new_platform: NewPlatform) -> None:
    def count() -> int:
        return {one.list: one.hashes for one in intake.intake.read(review.provisional)}.get("adult", 0)

    before, values = count(), [balanced(("operator", n)) for n in range(3)]
    person.submit(*(picture(value, age="adult") for value in values))
    assert count() == before + 3
    for name in ("A", "B"):
        new_platform(name).say(values[0], "Blocked")
    assert count() == before + 2
