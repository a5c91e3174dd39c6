"""Submissions: taken in exactly once, and refused without a trace."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import func, select

from takedown_cli.bundle import envelope
from takedown_cli.bundle.document import Bundle, CaseReference
from takedown_cli.intake.schema import metadata
from takedown_cli.intake.server import Running
from takedown_cli.wire import Audience, Receipt, decode, encode
from tests.intake.person import Person, balanced, picture, reason


def rows(intake: Running) -> dict[str, int]:
    """How many rows each table has."""
    with intake.intake.readers.begin() as connection:
        return {
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0
            for table in metadata.sorted_tables
        }


def told(response: httpx.Response) -> tuple[str, str]:
    """The days in the receipt for the very message that was sent."""
    receipt = decode(Receipt, envelope.verify(response.content, Receipt.TYPE).payload)
    assert receipt.message == sha256(response.request.content).hexdigest()
    return receipt.day, receipt.expires


def test_the_receipt_is_signed_and_names_the_message(intake: Running, person: Person) -> None:
    message = person.message(person.bundle())
    response = person.post("submit", message)
    assert response.status_code == 200
    signed = envelope.verify(response.content, Receipt.TYPE)
    assert signed.signers == (bytes.fromhex(person.intake.signing_key),)
    receipt = decode(Receipt, signed.payload)
    assert receipt.message == sha256(message).hexdigest()
    assert receipt.expires > receipt.day


def test_repetitions_give_the_same_bytes_and_one_case(intake: Running, person: Person) -> None:
    bundle = person.bundle()
    before = rows(intake)
    messages = [person.message(bundle) for _ in range(12)]  # sealed anew each time: different bytes, one payload
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda message: person.post("submit", message), messages))
    assert {answer.status_code for answer in answers} == {200}
    assert len({told(answer) for answer in answers}) == 1
    after = rows(intake)
    assert after["cases"] == before["cases"] + 1
    assert after["items"] == before["items"] + 1


def test_other_content_under_the_same_number_is_a_conflict(intake: Running, person: Person) -> None:
    assert person.submit().status_code == 200
    before = rows(intake)
    response = person.submit()
    assert (response.status_code, reason(response)) == (409, "conflict")
    assert rows(intake) == before


def test_a_case_is_extended_by_its_own_key_once(person: Person) -> None:
    assert person.submit(picture(balanced("first"))).status_code == 200
    more = person.bundle(picture(balanced("second")), picture(balanced("third")), adds=True)
    answers = [person.post("submit", person.message(more)) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {200}
    assert len({told(answer) for answer in answers}) == 1
    assert [item.number for item in person.status().items] == [1, 2, 3]


def test_adding_needs_the_case_and_its_key(intake: Running, person: Person, another: Person) -> None:
    response = person.submit(adds=True)
    assert (response.status_code, reason(response)) == (404, "no-such-case")
    assert person.submit().status_code == 200
    theirs = CaseReference(
        lookup_id=person.number.lookup_id(),
        key=another.number.signing_key().public_key().public_bytes_raw().hex(),
    )
    before = rows(intake)
    foreign = another.submit(case=theirs, adds=True)
    assert (foreign.status_code, reason(foreign)) == (404, "no-such-case")
    assert len(foreign.content) == len(response.content)
    assert rows(intake) == before


def tampered_signature(person: Person) -> bytes:
    signed = envelope.sign(Bundle.TYPE, encode(person.bundle()), person.number.signing_key())
    other = envelope.sign(Bundle.TYPE, encode(person.bundle()), person.number.signing_key())
    at = signed.index(b'"sig":"') + 7
    return person.sealed(signed[:at] + other[at : at + 88] + signed[at + 88 :], "bundle")


def wrong_signer(person: Person) -> bytes:
    return person.sealed(envelope.sign(Bundle.TYPE, encode(person.bundle()), Ed25519PrivateKey.generate()), "bundle")


def small_order_key(person: Person) -> bytes:
    """The key 0100…00, under which R = the key and S = 0 verify for every message."""
    key = b"\1" + bytes(31)
    case = CaseReference(lookup_id=person.number.lookup_id(), key=key.hex())
    signed = envelope.sign(Bundle.TYPE, encode(person.bundle(case=case)), person.number.signing_key())
    start = signed.index(b'"signatures"')
    import base64

    trivial = base64.b64encode(key + bytes(32)).decode()
    forged = signed[:start] + f'"signatures":[{{"keyid":"{key.hex()}","sig":"{trivial}"}}]}}'.encode()
    return person.sealed(forged, "bundle")


def changed_type(person: Person) -> bytes:
    signed = envelope.sign(
        "application/vnd.takedown.other.v1+json", encode(person.bundle()), person.number.signing_key()
    )
    return person.sealed(signed, "bundle")


def duplicate_key(person: Person) -> bytes:
    payload = encode(person.bundle()).replace(b'{"adds"', b'{"adds":false,"adds"', 1)
    return person.sealed(envelope.sign(Bundle.TYPE, payload, person.number.signing_key()), "bundle")


def unknown_field(person: Person) -> bytes:
    payload = encode(person.bundle()).replace(b'{"adds"', b'{"aaa":1,"adds"', 1)
    return person.sealed(envelope.sign(Bundle.TYPE, payload, person.number.signing_key()), "bundle")


def not_sealed(person: Person) -> bytes:
    return envelope.sign(Bundle.TYPE, encode(person.bundle()), person.number.signing_key())


def flipped_bit(person: Person) -> bytes:
    message = bytearray(person.message(person.bundle()))
    message[-1] ^= 1
    return bytes(message)


def wrong_kind(person: Person) -> bytes:
    return person.sealed(envelope.sign(Bundle.TYPE, encode(person.bundle()), person.number.signing_key()), "request")


@pytest.mark.parametrize(
    "make",
    [
        tampered_signature,
        wrong_signer,
        small_order_key,
        changed_type,
        duplicate_key,
        unknown_field,
        not_sealed,
        flipped_bit,
        wrong_kind,
        lambda _: b"",
        lambda _: secrets.token_bytes(20_000),
    ],
)
def test_what_is_malformed_or_forged_is_refused_without_a_trace(
    make: Callable[[Person], bytes], intake: Running, person: Person
) -> None:
    before = rows(intake)
    response = person.post("submit", make(person))
    assert (response.status_code, reason(response)) == (400, "invalid")
    assert rows(intake) == before


ELSEWHERE = Audience(origin="https://other.example", key_id="0" * 40)


def test_a_bundle_for_another_intake_is_refused(intake: Running, person: Person) -> None:
    before = rows(intake)
    inside = person.submit(audience=ELSEWHERE)
    signed = envelope.sign(Bundle.TYPE, encode(person.bundle()), person.number.signing_key())
    outside = person.post("submit", person.sealed(signed, "bundle", ELSEWHERE))
    assert [(r.status_code, reason(r)) for r in (inside, outside)] == [(403, "other-intake")] * 2
    assert rows(intake) == before


def test_a_bundle_made_without_an_intake_is_taken(person: Person) -> None:
    assert person.submit(audience=None).status_code == 200


def test_a_test_intake_takes_only_test_bundles(person: Person) -> None:
    response = person.submit(test=False)
    assert (response.status_code, reason(response)) == (403, "test-only")


@pytest.mark.parametrize(
    "item",
    [
        picture(balanced("blurred"), quality=49),
        picture("f" * 64),
        picture("0" * 63 + "1"),
    ],
    ids=["low quality", "all ones", "one bit"],
)
def test_nothing_that_platforms_would_match_wrongly_is_listed(item: Any, intake: Running, person: Person) -> None:
    before = rows(intake)
    response = person.submit(item)
    assert (response.status_code, reason(response)) == (422, "quality")
    assert rows(intake) == before


def test_a_poor_picture_beside_a_good_one_is_held(person: Person) -> None:
    assert person.submit(picture(balanced("good")), picture("f" * 64)).status_code == 200
    assert [(item.state, item.fingerprints) for item in person.status().items] == [("listed", 1), ("held", 0)]


def test_a_large_bundle_is_taken_and_a_larger_body_is_not(person: Person) -> None:
    many = [picture(*(balanced((n, m)) for m in range(10))) for n in range(120)]
    assert person.submit(*many).status_code == 200
    assert len(person.status().items) == 120
    response = person.post("submit", bytes((8 << 20) + 5000))
    assert (response.status_code, reason(response)) == (413, "too-large")
