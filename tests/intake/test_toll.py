"""Work instead of names: asked of a crowd, bound to one message, good once, spared to those who are known; budgets."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from takedown_cli import work
from takedown_cli.address import IntakeAddress
from takedown_cli.bundle import envelope
from takedown_cli.bundle.document import Bundle
from takedown_cli.intake import organisations, review, running, toll
from takedown_cli.intake.policy import Policy
from takedown_cli.intake.server import Running
from takedown_cli.intake.service import make_intake
from takedown_cli.intake.settings import Home, Settings
from takedown_cli.intake.toll import Toll
from takedown_cli.submit.client import IntakeClient
from takedown_cli.submit.transport import Door
from takedown_cli.wire import Challenge, Receipt, Work, decode, encode
from tests.intake.person import HTTP, Person, balanced, picture, reason


@pytest.fixture(autouse=True)
def _easy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two tries on average, so that the tests need no patience."""
    monkeypatch.setattr(toll, "EASY", 1)


@contextmanager
def intake_with(folder: Path, **settings: Any) -> Iterator[Running]:
    make_intake(Home(folder), Settings(name="Test intake", test=True, **settings))
    with running(folder) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def asking(request: pytest.FixtureRequest, home: Path) -> Iterator[Running]:
    """An intake that always asks for work."""
    database = None
    if request.param == "postgresql":
        database = request.getfixturevalue("database_server").new_database()
    with intake_with(home, proof_of_work="always", database=database) as server:
        yield server


def somebody(server: Running) -> Person:
    return Person(server.origin, server.card)


def challenge_in(response: httpx.Response, person: Person) -> Challenge:
    assert (response.status_code, response.headers["retry-after"]) == (429, "1")
    signed = envelope.verify(response.content, Challenge.TYPE)
    assert signed.signers == (bytes.fromhex(person.intake.signing_key),)
    return decode(Challenge, signed.payload)


def solved(challenge: Challenge) -> Work:
    return work.solve(challenge, lambda *_: None)


def count(server: Running) -> int:
    return server.intake.examine().cases


def test_nothing_is_stored_until_the_work_is_done_and_then_once(asking: Running) -> None:
    person = somebody(asking)
    message = person.message(person.bundle())
    challenge = challenge_in(person.post("submit", message), person)
    assert challenge.message == sha256(message).hexdigest()
    assert count(asking) == 0
    paid = work.packed(solved(challenge), message)
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
    return work.packed(solved(challenge), person.message(person.bundle()))


def easier(person: Person, challenge: Challenge) -> bytes:
    harder = challenge.model_copy(update={"bits": 1, "until": challenge.until + 1})
    return work.packed(solved(harder), b"")


def failed(challenge: Challenge) -> Work:
    counter = next(n for n in range(99) if not work.holds(Work(challenge=challenge, counter=n)))
    return Work(challenge=challenge, counter=counter)


def unsolved(_: Person, challenge: Challenge) -> bytes:
    return work.packed(failed(challenge), b"")


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
        paid = work.packed(solved(challenge_in(person.post("submit", message), person)), message)
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
    asking.intake.operate(partial(organisations.add, name="Helpline", key=public, quota=9))
    for key, code in ((helpline, 200), (stranger, 429)):
        person = somebody(asking)
        signed = envelope.sign(Bundle.TYPE, encode(person.bundle()), person.number.signing_key())
        message = person.sealed(envelope.countersign(signed, Bundle.TYPE, key), "bundle")
        assert person.post("submit", message).status_code == code


def test_the_client_works_and_says_so(asking: Running) -> None:
    address = IntakeAddress(somebody(asking).audience.origin, somebody(asking).audience.key_id)
    told: list[tuple[int, int]] = []
    sent = 0
    with Door(address) as door:
        client = IntakeClient(door, address, working=lambda tried, expected: told.append((tried, expected)))
        while not told:  # the first try may be right
            person = somebody(asking)
            message = person.message(person.bundle())
            assert client.submit(message) == client.submit(message)
            sent += 1
    assert told[0] == (1, 2)
    assert count(asking) == sent


def test_it_is_asked_beyond_the_budget_and_harder_towards_the_flood(home: Path) -> None:
    with intake_with(home, anonymous_per_hour=1, flood_per_hour=5) as server:
        asked = []
        for n in range(8):
            person = somebody(server)
            message = person.message(person.bundle(picture(balanced(("crowd", n)))))
            answer = person.post("submit", message)
            if answer.status_code == 429:
                challenge = challenge_in(answer, person)
                asked.append(challenge.bits)
                answer = person.post("submit", work.packed(solved(challenge), message))
            else:
                asked.append(0)
            assert answer.status_code == 200
        assert asked == [0, 0, 1, 2, 3, 4, 4, 4]
        assert [one.reason for one in server.intake.read(review.held)] == ["flood"] * 3


def test_only_work_that_was_taken_is_given_back_when_the_intake_is_busy(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise whoever asks while it is busy could spend one solution often, or have one that is none tried often."""
    helpline = Ed25519PrivateKey.generate()
    with intake_with(home, proof_of_work="always") as server:
        public = helpline.public_key().public_bytes_raw()
        server.intake.operate(partial(organisations.add, name="Helpline", key=public, quota=1))
        people = [somebody(server) for _ in range(2)]
        signed = [envelope.sign(Bundle.TYPE, encode(one.bundle()), one.number.signing_key()) for one in people]
        first, second = (envelope.countersign(one, Bundle.TYPE, helpline) for one in signed)
        assert people[0].post("submit", people[0].sealed(first, "bundle")).status_code == 200
        person, message = people[1], people[1].sealed(second, "bundle")  # of this one, there is no quota left
        server.intake.operate(partial(organisations.revoke, name="Helpline"))
        challenge = challenge_in(person.post("submit", message), person)
        server.intake.operate(lambda turn: turn.connection.execute(text("UPDATE organisations SET revoked = NULL")))
        tried: list[Work] = []
        holds = work.holds

        def count_and_try(done: Work) -> bool:
            tried.append(done)
            return holds(done)

        monkeypatch.setattr("takedown_cli.intake.gate.work.holds", count_and_try)
        for body, times in ((solved(challenge), 3), (failed(challenge), 1)):
            tried.clear()
            for _ in range(3):
                answer = person.post("submit", work.packed(body, message))
                assert (answer.status_code, answer.headers["retry-after"]) == (503, "3600")
            assert len(tried) == times


def test_it_can_be_switched_off(home: Path) -> None:
    with intake_with(home, proof_of_work="never", anonymous_per_hour=0) as server:
        for _ in range(3):
            assert somebody(server).submit().status_code == 200


def toll_with(load: float = 0.0, **settings: Any) -> Toll:
    made = Settings(name="Test intake", **settings)
    return Toll(made, Policy(made), b"k" * 32, lambda: load)


def test_it_is_asked_under_load_and_harder_the_more_there_is() -> None:
    assert [toll_with(load).bits(None) for load in (0.0, 0.49, 0.5, 0.75, 1.0)] == [0, 0, 1, 2, 4]
    assert toll_with(1.0, proof_of_work="never").bits(None) == 0


def test_a_solution_is_good_until_its_time_once_and_again_when_it_was_our_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    message, ours = b"m" * 32, toll_with()
    done = Work(challenge=ours.challenge(message, 1), counter=0)
    assert ours.take(done, message)
    assert not ours.take(done, message)
    ours.give_back(done)
    assert ours.take(done, message)
    assert toll_with().take(done, message), "another process with the same keys knows it too"
    monkeypatch.setattr("takedown_cli.intake.toll.time.time", lambda: done.challenge.until)
    assert not toll_with().take(done, message)


def test_no_more_solutions_are_remembered_than_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toll, "_MOST", 3)
    ours = toll_with()
    message = b"m" * 32
    taken = [ours.take(Work(challenge=ours.challenge(message, 1), counter=0), message) for _ in range(5)]
    assert taken == [True, True, True, False, False]


# ------------------------------------------------------------------------------------------------ addresses, budgets


def test_an_address_that_comes_too_often_has_to_work_and_others_have_not(home: Path) -> None:
    with intake_with(home, address_per_hour=1) as server:
        with httpx.Client(transport=httpx.HTTPTransport(local_address="127.0.0.2"), trust_env=False) as elsewhere:
            for client in (HTTP, elsewhere):
                people = [somebody(server) for _ in range(2)]
                messages = [person.message(person.bundle()) for person in people]
                codes = [client.post(f"{server.origin}/v1/submit", content=one).status_code for one in messages]
                assert codes == [200, 429]
        everything = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
        assert b"127.0.0.2" not in everything


def test_addresses_are_not_looked_at_unless_told_to_and_forgotten_within_the_hour(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    blind = toll.Callers(0)
    assert [blind.more_than_fair("127.0.0.1") for _ in range(3)] == [False] * 3
    assert not blind._came
    seeing = toll.Callers(1)
    assert [seeing.more_than_fair("127.0.0.1") for _ in range(2)] == [False, True]
    assert all(b"127" not in bucket for bucket in seeing._came)
    key = seeing._key
    monkeypatch.setattr(toll, "_HOUR", -1.0)
    assert not seeing.more_than_fair("127.0.0.1")
    assert seeing._key != key
    assert len(seeing._came) == 1


def test_beyond_the_day_what_comes_is_held_also_after_a_restart(home: Path) -> None:
    states = []
    make_intake(Home(home), Settings(name="Test intake", test=True, anonymous_per_day=2))
    for n in range(2):
        with running(home) as server:
            for m in range(2):
                person = somebody(server)
                person.submit(picture(balanced(("day", n, m))))
                states.append(person.status().items[0].state)
    assert states == ["listed", "listed", "held", "held"]


def test_a_case_has_a_budget_over_its_life(home: Path) -> None:
    with intake_with(home, items_per_case=3) as server:
        person = somebody(server)
        person.submit(picture(balanced("life 0")), picture(balanced("life 1")))
        person.submit(picture(balanced("life 2")), adds=True)
        person.submit(picture(balanced("life 3")), adds=True)
        assert [item.state for item in person.status().items] == ["listed", "listed", "listed", "held"]
        assert [one.reason for one in server.intake.read(review.held)] == ["budget"]
