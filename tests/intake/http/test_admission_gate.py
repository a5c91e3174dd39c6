"""Nothing is stored before the work is done, and those who are known need not work."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from takedown_cli.client.client import IntakeClient
from takedown_cli.client.transport import Transport
from takedown_cli.intake.cases import organisations
from takedown_cli.intake.http.server import Running
from takedown_cli.protocol import proof_of_work
from takedown_cli.protocol.addresses import IntakeAddress
from takedown_cli.protocol.bundle import envelope
from takedown_cli.protocol.bundle.document import Bundle
from takedown_cli.protocol.wire import Challenge, Receipt, SolvedChallenge, decode, encode
from tests.intake.person import Person, picture, reason
from tests.intake.served import intake_with, somebody
from tests.intake.steps import challenge_in, solved

pytestmark = pytest.mark.usefixtures("easy_work")


@pytest.fixture(params=["sqlite", "postgresql"])
def asking(request: pytest.FixtureRequest, home: Path) -> Iterator[Running]:
    """An intake that always asks for work."""
    database = None
    if request.param == "postgresql":
        database = request.getfixturevalue("database_server").new_database()
    with intake_with(home, proof_of_work="always", database=database) as server:
        yield server


def count(server: Running) -> int:
    return server.intake.check_integrity().cases


def test_nothing_is_stored_until_the_work_is_done_and_then_once(asking: Running) -> None:
    person = somebody(asking)
    message = person.message(person.bundle())
    challenge = challenge_in(person.post("submit", message), person)
    assert challenge.message == sha256(message).hexdigest()
    assert count(asking) == 0
    paid = proof_of_work.prepend_work(solved(challenge), message)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda body: person.post("submit", body), [paid] * 8))
    answers += [person.post("submit", paid), person.post("submit", message)]
    receipts = {answer.content for answer in answers if answer.status_code == 200}
    assert len(receipts) == 1
    assert decode(Receipt, envelope.verify(receipts.pop(), Receipt.TYPE).payload).message == challenge.message
    assert [answer.status_code for answer in answers[-2:]] == [200, 200], "a retry pays nothing"
    assert {answer.status_code for answer in answers} <= {200, 429}
    assert count(asking) == 1


def other_message(person: Person, challenge: Challenge) -> bytes:
    return proof_of_work.prepend_work(solved(challenge), person.message(person.bundle()))


def easier(person: Person, challenge: Challenge) -> bytes:
    harder = challenge.model_copy(update={"bits": 1, "until": challenge.until + 1})
    return proof_of_work.prepend_work(solved(harder), b"")


def failed(challenge: Challenge) -> SolvedChallenge:
    counter = next(n for n in range(99) if not proof_of_work.is_solved(SolvedChallenge(challenge=challenge, counter=n)))
    return SolvedChallenge(challenge=challenge, counter=counter)


def unsolved(_: Person, challenge: Challenge) -> bytes:
    return proof_of_work.prepend_work(failed(challenge), b"")


@pytest.mark.parametrize("cheat", [other_message, easier, unsolved])
def test_work_that_is_none_counts_for_nothing(cheat: Any, home: Path) -> None:
    with intake_with(home, proof_of_work="always") as server:
        person = somebody(server)
        message = person.message(person.bundle())
        body = cheat(person, challenge_in(person.post("submit", message), person))
        answer = person.post("submit", body if cheat is other_message else body + message)
        challenge_in(answer, person)
        assert count(server) == 0


def test_one_challenge_is_tried_once(home: Path) -> None:
    """A message that is refused for good, sent again with the same work, is asked for new work."""
    with intake_with(home, proof_of_work="always") as server:
        person = somebody(server)
        message = person.message(person.bundle(picture("f" * 64)))
        paid = proof_of_work.prepend_work(solved(challenge_in(person.post("submit", message), person)), message)
        refused = person.post("submit", paid)
        assert refused.status_code == 422
        signed = envelope.verify(refused.content, "application/vnd.takedown.refusal.v1+json")
        assert sha256(message).hexdigest().encode() in signed.payload, "the refusal is of the message, not of the work"
        challenge_in(person.post("submit", paid), person)


@pytest.mark.parametrize("front", [b"takedown work 1\n", b"takedown work 1\n{}\n", b"takedown work 1\n" + b"x" * 2000])
def test_what_is_no_work_is_refused(front: bytes, home: Path) -> None:
    with intake_with(home) as server:
        person = somebody(server)
        response = person.post("submit", front + person.message(person.bundle()))
        assert (response.status_code, reason(response)) == (400, "invalid")


def test_who_is_known_does_not_work(asking: Running) -> None:
    helpline, stranger = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    public = helpline.public_key().public_bytes_raw()
    asking.intake.operate(partial(organisations.add_organisation, name="Helpline", key=public, quota=9))
    for key, code in ((helpline, 200), (stranger, 429)):
        person = somebody(asking)
        signed = envelope.sign(Bundle.TYPE, encode(person.bundle()), person.number.signing_key())
        message = person.sealed(envelope.countersign(signed, Bundle.TYPE, key), "bundle")
        assert person.post("submit", message).status_code == code


def test_the_client_works_and_says_so(asking: Running) -> None:
    address = IntakeAddress(somebody(asking).audience.origin, somebody(asking).audience.key_id)
    reported: list[tuple[int, int]] = []
    sent = 0
    with Transport(address) as transport:
        client = IntakeClient(transport, address, working=lambda tried, expected: reported.append((tried, expected)))
        while not reported:  # the first try may be right
            person = somebody(asking)
            message = person.message(person.bundle())
            assert client.submit(message) == client.submit(message)
            sent += 1
    assert reported[0] == (1, 2)
    assert count(asking) == sent


def test_only_work_that_was_taken_is_given_back_when_the_intake_is_busy(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise whoever asks while it is busy could spend one solution often, or have one that is none tried often."""
    helpline = Ed25519PrivateKey.generate()
    with intake_with(home, proof_of_work="always") as server:
        public = helpline.public_key().public_bytes_raw()
        server.intake.operate(partial(organisations.add_organisation, name="Helpline", key=public, quota=1))
        people = [somebody(server) for _ in range(2)]
        signed = [envelope.sign(Bundle.TYPE, encode(one.bundle()), one.number.signing_key()) for one in people]
        first, second = (envelope.countersign(one, Bundle.TYPE, helpline) for one in signed)
        assert people[0].post("submit", people[0].sealed(first, "bundle")).status_code == 200
        person, message = people[1], people[1].sealed(second, "bundle")  # of this one, there is no quota left
        server.intake.operate(partial(organisations.revoke_organisation, name="Helpline"))
        challenge = challenge_in(person.post("submit", message), person)
        server.intake.operate(lambda transaction: transaction.execute(text("UPDATE organisations SET revoked = NULL")))
        tried: list[SolvedChallenge] = []
        holds = proof_of_work.is_solved

        def count_and_try(done: SolvedChallenge) -> bool:
            tried.append(done)
            return holds(done)

        monkeypatch.setattr("takedown_cli.intake.http.admission_gate.proof_of_work.is_solved", count_and_try)
        for body, times in ((solved(challenge), 3), (failed(challenge), 1)):
            tried.clear()
            for _ in range(3):
                answer = person.post("submit", proof_of_work.prepend_work(body, message))
                assert (answer.status_code, answer.headers["retry-after"]) == (503, "3600")
            assert len(tried) == times
