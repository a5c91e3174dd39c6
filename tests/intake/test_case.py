"""Status and withdrawal: for the holder of the case key alone, and alike for everybody else."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import pytest

from takedown_cli.bundle import envelope, seal
from takedown_cli.bundle.document import CaseReference
from takedown_cli.errors import SealError
from takedown_cli.wire import Audience, CaseRequest, CaseRequestV1, CaseStatus, CaseStatusV1, decode, encode
from tests.intake.person import Person, Platform, balanced, picture, video

REPLY_KEY = b"r" * 32
UNKNOWN = CaseStatus(known=False)


def test_status_shows_what_was_sent_in(person: Person) -> None:
    person.submit(picture(balanced(1), balanced(2)), video("0" * 32, balanced(3), age="adult"))
    status = person.status()
    assert status.known
    assert status.received is not None
    assert status.expires is not None
    assert status.withdrawn is None
    assert [(i.number, i.media, i.age, i.state, i.fingerprints) for i in status.items] == [
        (1, "image", "under-18", "listed", 2),
        (2, "video", "adult", "listed", 2),
    ]


def unknown(person: Person, other: Person) -> bytes:
    return other.asked(other.request("status", REPLY_KEY))


def foreign(person: Person, other: Person) -> bytes:
    return other.asked(other.request("status", REPLY_KEY, lookup_id=person.number.lookup_id()))


def withdrawal_as_status(person: Person, other: Person) -> bytes:
    return person.asked(person.request("withdraw", REPLY_KEY))


def for_another_intake(person: Person, other: Person) -> bytes:
    elsewhere = Audience(origin="https://other.example", key_id="0" * 40)
    return person.asked(person.request("status", REPLY_KEY, audience=elsewhere))


@pytest.mark.parametrize("make", [unknown, foreign, for_another_intake])
def test_all_who_have_no_right_get_one_answer(
    make: Callable[[Person, Person], bytes], person: Person, another: Person
) -> None:
    person.submit()
    known = person.post("status", person.asked(person.request("status", REPLY_KEY)))
    response = person.post("status", make(person, another))
    assert decode(CaseStatus, seal.open_reply(response.content, REPLY_KEY)) == UNKNOWN
    assert (response.status_code, len(response.content)) == (known.status_code, len(known.content))
    assert response.headers == known.headers
    assert person.status().items[0].state == "listed"


def test_what_cannot_be_read_gets_an_answer_of_the_same_looks(person: Person) -> None:
    person.submit()
    known = person.post("status", person.asked(person.request("status", REPLY_KEY)))
    unsigned = person.sealed(encode(person.request("status", REPLY_KEY)), "request")
    for body in (b"", b"{}", secrets.token_bytes(18_000), unsigned):
        response = person.post("status", body)
        assert (response.status_code, len(response.content)) == (200, len(known.content))
        assert response.headers == known.headers


def test_a_request_sent_to_the_other_door_gets_nothing_under_its_key(person: Person, another: Person) -> None:
    """Known words under a key that seals a real answer as well would be the way to read that answer."""
    person.submit()
    known = person.post("status", person.asked(person.request("status", REPLY_KEY)))
    response = person.post("status", withdrawal_as_status(person, another))
    assert (response.status_code, len(response.content)) == (known.status_code, len(known.content))
    with pytest.raises(SealError):
        seal.open_reply(response.content, REPLY_KEY)
    assert person.status().items[0].state == "listed"


def test_who_learned_a_lookup_id_can_neither_ask_nor_take_its_place(person: Person, another: Person) -> None:
    person.submit()
    victim = {"case": CaseReference(lookup_id=person.number.lookup_id(), key=another.place[1].hex())}
    squatting = another.post("submit", another.message(another.bundle(**victim)))
    assert squatting.status_code == 200  # a case of its own, as for any other lookup id
    assert len(person.status().items) == 1
    assert person.submit(adds=True).status_code == 200


def test_two_signatures_are_one_too_many(person: Person, another: Person) -> None:
    person.submit()
    request = person.request("status", REPLY_KEY)
    signed = envelope.sign(CaseRequest.TYPE, encode(request), person.number.signing_key())
    twice = envelope.countersign(signed, CaseRequest.TYPE, another.number.signing_key())
    response = person.post("status", person.sealed(twice, "request"))
    assert decode(CaseStatus, seal.open_reply(response.content, REPLY_KEY)) == UNKNOWN


def test_the_whole_case_is_withdrawn(person: Person) -> None:
    person.submit(picture(balanced("a")), picture(balanced("b")))
    status = person.withdraw()
    assert status.withdrawn == 2
    assert {item.state for item in status.items} == {"withdrawn"}


def test_a_client_that_knows_version_1_only_is_answered_in_it(person: Person, another: Person) -> None:
    def ask(who: Person, action: Literal["status", "withdraw"]) -> CaseStatusV1:
        new = who.request(action, REPLY_KEY)
        old = CaseRequestV1(
            action=action, lookup_id=new.lookup_id, audience=new.audience, nonce=new.nonce, reply_key=new.reply_key
        )
        signed = envelope.sign(CaseRequestV1.TYPE, encode(old), who.number.signing_key())
        response = who.post(action, who.sealed(signed, "request"))
        return decode(CaseStatusV1, seal.open_reply(response.content, REPLY_KEY))

    person.submit()
    assert [item.state for item in ask(person, "status").items] == ["listed"]
    assert ask(another, "status") == CaseStatusV1(known=False)
    assert ask(person, "withdraw").withdrawn == 1


def test_only_the_items_with_a_value_are_withdrawn(person: Person) -> None:
    person.submit(picture(balanced("keep")), picture(balanced("go"), balanced("go 2")))
    assert person.withdraw(balanced("never seen")).withdrawn == 0
    status = person.withdraw(balanced("go 2"))
    assert status.withdrawn == 1
    assert {item.fingerprints: item.state for item in status.items} == {1: "listed", 2: "withdrawn"}


def test_a_repeated_withdrawal_does_not_touch_what_came_later(person: Person) -> None:
    person.submit(picture(balanced("early")))
    message = person.asked(person.request("withdraw", REPLY_KEY))
    first = decode(CaseStatus, seal.open_reply(person.post("withdraw", message).content, REPLY_KEY))
    person.submit(picture(balanced("late")), adds=True)
    again = decode(CaseStatus, seal.open_reply(person.post("withdraw", message).content, REPLY_KEY))
    assert (first.withdrawn, again.withdrawn) == (1, 1)
    assert [item.state for item in again.items] == ["withdrawn", "listed"]


def test_nobody_else_can_withdraw(person: Person, another: Person) -> None:
    person.submit()
    message = another.asked(another.request("withdraw", REPLY_KEY, lookup_id=person.number.lookup_id()))
    response = person.post("withdraw", message)
    assert decode(CaseStatus, seal.open_reply(response.content, REPLY_KEY)) == UNKNOWN
    assert person.status().items[0].state == "listed"


def test_resubmitting_after_withdrawal_lists_nothing_again(
    person: Person, new_platform: Callable[..., Platform]
) -> None:
    value = balanced("gone for good")
    platform = new_platform("Earlier")
    message = person.message(person.bundle(picture(value)))
    first = person.post("submit", message)
    person.withdraw()
    assert person.post("submit", message).content == first.content
    assert platform.pull()[value]["hashStatus"] == "Withdrawn"


def test_a_case_learns_nothing_of_another_with_the_same_picture(
    person: Person, another: Person, new_platform: Callable[..., Platform]
) -> None:
    value = balanced("shared picture")
    platform = new_platform("Platform")
    person.submit(picture(value))
    platform.pull()
    platform.say(value, "Blocked")
    assert set(person.answers().values()) == {"blocked"}
    another.submit(picture(value))
    assert another.answers() == {}, "that the platform blocked it before would tell that somebody reported it"
    platform.pull()
    assert set(another.answers().values()) == {"blocked"}


def test_the_client_that_people_use_agrees(person: Person) -> None:
    from takedown_cli.address import IntakeAddress
    from takedown_cli.submit.client import IntakeClient
    from takedown_cli.submit.transport import Door

    address = IntakeAddress(person.audience.origin, person.audience.key_id)
    with Door(address) as door:
        client = IntakeClient(door, address)
        assert client.card() == person.intake
        bundle = person.bundle()
        message = person.message(bundle)
        assert client.submit(message) == client.submit(message)
        assert client.status(person.number).known
        assert client.withdraw(person.number).withdrawn == 1


def test_a_fresh_number_is_unknown(person: Person) -> None:
    assert replace(person, number=type(person.number).draw()).status() == UNKNOWN


def test_a_case_too_large_to_be_answered_in_passing_is_answered_all_the_same(person: Person) -> None:
    many = [picture(balanced(("many", n))) for n in range(60)]
    assert person.submit(*many).status_code == 200
    assert [item.number for item in person.status().items] == list(range(1, 61))
