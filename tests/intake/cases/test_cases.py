"""A submission is stored exactly once, and extended by its own key only."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import httpx
import pytest

from takedown_cli.intake.http.server import Running
from takedown_cli.protocol import proof_of_work
from takedown_cli.protocol.bundle import envelope
from takedown_cli.protocol.bundle.document import CaseReference
from takedown_cli.protocol.wire import Receipt, decode
from tests.intake.person import Person, balanced, picture, reason
from tests.intake.steps import challenge_in, rows, solved


def test_the_receipt_is_signed_and_names_the_message(intake: Running, person: Person) -> None:
    message = person.message(person.bundle())
    response = person.post("submit", message)
    assert response.status_code == 200
    signed = envelope.verify(response.content, Receipt.TYPE)
    assert signed.signers == (bytes.fromhex(person.intake.signing_key),)
    receipt = decode(Receipt, signed.payload)
    assert receipt.message == sha256(message).hexdigest()
    assert receipt.expires > receipt.day


def answer_of(response: httpx.Response) -> tuple[str, str]:
    """The days in the receipt for the very message that was sent."""
    receipt = decode(Receipt, envelope.verify(response.content, Receipt.TYPE).payload)
    assert receipt.message == sha256(response.request.content).hexdigest()
    return receipt.day, receipt.expires


def test_repetitions_give_the_same_bytes_and_one_case(intake: Running, person: Person) -> None:
    bundle = person.bundle()
    before = rows(intake)
    messages = [person.message(bundle) for _ in range(12)]  # sealed anew each time: different bytes, one payload
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda message: person.post("submit", message), messages))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer_of(answer) for answer in answers}) == 1
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
    assert len({answer_of(answer) for answer in answers}) == 1
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


def test_a_poor_picture_beside_a_good_one_is_held(person: Person) -> None:
    assert person.submit(picture(balanced("good")), picture("f" * 64)).status_code == 200
    assert [(item.state, item.fingerprints) for item in person.status().items] == [("listed", 1), ("held", 0)]


@pytest.mark.usefixtures("easy_work")
def test_a_large_bundle_is_taken_and_a_larger_body_is_not(person: Person) -> None:
    many = [picture(*(balanced((n, m)) for m in range(10))) for n in range(120)]
    message = person.message(person.bundle(*many))
    answer = person.post("submit", message)
    work = solved(challenge_in(answer, person))
    assert person.post("submit", proof_of_work.prepend_work(work, message)).status_code == 200
    assert len(person.status().items) == 120
    response = person.post("submit", bytes((8 << 20) + 5000))
    assert (response.status_code, reason(response)) == (413, "too-large")
