"""What is malformed, forged or meant for another intake is refused without a trace."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from takedown_cli.intake.http.server import Running
from takedown_cli.protocol.bundle import envelope
from takedown_cli.protocol.bundle.document import Bundle, CaseReference
from takedown_cli.protocol.wire import Audience, encode
from tests.intake.person import Person, reason
from tests.intake.steps import rows


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
