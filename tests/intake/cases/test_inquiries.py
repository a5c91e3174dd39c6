"""Questions about a case: one answer for all who have no right to it, and withdrawal."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Literal

import pytest

from takedown_cli.core.errors import SealError
from takedown_cli.protocol.bundle import envelope, seal
from takedown_cli.protocol.bundle.document import CaseReference
from takedown_cli.protocol.wire import (
    Audience,
    CaseRequest,
    CaseRequestV1,
    CaseRequestV2,
    CaseStatus,
    CaseStatusV1,
    Copies,
    ItemsRequest,
    decode,
    encode,
)
from tests.intake.person import Person, Platform, balanced, picture

REPLY_KEY = b"r" * 32


UNKNOWN = CaseStatus(known=False)


def unknown(person: Person, other: Person) -> bytes:
    return other.asked(other.request("status", REPLY_KEY))


def foreign(person: Person, other: Person) -> bytes:
    return other.asked(other.request("status", REPLY_KEY, lookup_id=person.number.lookup_id()))


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


def withdrawal_as_status(person: Person, other: Person) -> bytes:
    return person.asked(person.request("withdraw", REPLY_KEY))


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


def test_copies_cut_to_a_shape_are_withdrawn_by_a_request_of_version_3(person: Person) -> None:
    kinds = {"crops": "crop:left:6", "fits": "fit:4x5:50"}
    values = {kind: balanced(kind) for kind in kinds}
    fingerprints = (
        *picture(balanced("itself")).fingerprints,
        *(picture(values[kind], variant=variant).fingerprints[0] for kind, variant in kinds.items()),
    )
    person.submit(picture(balanced("itself")).model_copy(update={"fingerprints": fingerprints}))

    def withdraw(kind: Copies) -> tuple[int | None, int]:
        response = person.post("withdraw", person.asked(person.request("withdraw", REPLY_KEY, copies=(kind,))))
        status = decode(CaseStatus, seal.open_reply(response.content, REPLY_KEY))
        return status.withdrawn, status.items[0].fingerprints

    before = person.status().items[0].fingerprints
    assert withdraw("fits") == (1, before - 1)
    assert withdraw("fits") == (0, before - 1)
    assert withdraw("crops") == (1, before - 2)


def test_a_request_of_version_2_is_understood(person: Person, another: Person) -> None:
    def ask(who: Person) -> CaseStatus:
        old = who.request("withdraw", REPLY_KEY, copies=("all",)).as_version_2()
        signed = envelope.sign(CaseRequestV2.TYPE, encode(old), who.number.signing_key())
        return decode(
            CaseStatus, seal.open_reply(who.post("withdraw", who.sealed(signed, "request")).content, REPLY_KEY)
        )

    person.submit()
    assert ask(person).withdrawn is not None
    assert ask(another) == UNKNOWN
    with pytest.raises(ValueError, match="copies"):
        person.request("withdraw", REPLY_KEY, copies=("fits",)).as_version_2()


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


def _withdraw_items(person: Person, *numbers: int) -> CaseStatus:
    new = person.request("withdraw", REPLY_KEY)
    same = {name: getattr(new, name) for name in ("action", "lookup_id", "audience", "nonce", "reply_key")}
    signed = envelope.sign(ItemsRequest.TYPE, encode(ItemsRequest(**same, items=numbers)), person.number.signing_key())
    response = person.post("withdraw", person.sealed(signed, "request"))
    return decode(CaseStatus, seal.open_reply(response.content, REPLY_KEY))


def test_items_are_withdrawn_by_their_numbers(person: Person, another: Person) -> None:
    person.submit(*(picture(balanced(("item", n))) for n in range(3)))
    another.submit(picture(balanced("another's")))
    status = _withdraw_items(person, 2, 3, 7)
    assert status.withdrawn == 2
    assert [item.state for item in status.items] == ["listed", "withdrawn", "withdrawn"]
    assert _withdraw_items(person, 9, 2**31 - 1).withdrawn == 0
    assert _withdraw_items(person, *range(1, 2001)).withdrawn == 3
    assert another.status().items[0].state == "listed"


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


def test_the_client_that_people_use_agrees(person: Person) -> None:
    from takedown_cli.client.client import IntakeClient
    from takedown_cli.client.transport import Transport
    from takedown_cli.protocol.addresses import IntakeAddress

    address = IntakeAddress(person.audience.origin, person.audience.key_id)
    with Transport(address) as transport:
        client = IntakeClient(transport, address)
        assert client.fetch_card() == person.intake
        bundle = person.bundle()
        message = person.message(bundle)
        assert client.submit(message) == client.submit(message)
        assert client.status(person.number).known
        assert client.withdraw(person.number).withdrawn == 1


def test_a_fresh_number_is_unknown(person: Person) -> None:
    assert replace(person, number=type(person.number).draw()).status() == UNKNOWN


def test_a_withdrawn_case_says_its_true_last_day(person: Person) -> None:
    """It is deleted 30 days after its last withdrawal, and not on the day that its receipt named."""
    person.submit()
    listed = person.status()
    person.withdraw()
    withdrawn = person.status()
    assert listed.expires is not None
    assert withdrawn.received is not None
    assert withdrawn.expires == (date.fromisoformat(withdrawn.received) + timedelta(days=30)).isoformat()
    assert withdrawn.expires < listed.expires
