"""Somebody who has the intake open large or refused messages again and again, so that others wait."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from takedown_cli.client.client import IntakeClient
from takedown_cli.client.transport import Transport
from takedown_cli.intake.cases.holds import HoldPolicy
from takedown_cli.intake.http.work_demand import WorkDemand
from takedown_cli.intake.messages import unsealer_process
from takedown_cli.intake.messages.processor_time import ProcessorTime
from takedown_cli.intake.messages.unsealers import SMALL_MESSAGE, ProcessUnsealers, Unsealers
from takedown_cli.intake.refusal import Refused
from takedown_cli.intake.service import make_intake
from takedown_cli.intake.settings import Home, Settings
from takedown_cli.protocol import proof_of_work
from takedown_cli.protocol.addresses import IntakeAddress
from takedown_cli.protocol.bundle.seal import BUCKETS
from takedown_cli.protocol.wire import SolvedChallenge
from tests.intake.attacks.test_hash_budget import values
from tests.intake.person import Person, picture, reason
from tests.intake.served import intake_with, somebody
from tests.intake.steps import challenge_in, solved

pytestmark = pytest.mark.usefixtures("easy_work")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the submissions that were opened."""
    sizes: list[int] = []
    really = Unsealers.unseal_submission

    async def count(self: Unsealers, body: bytes) -> Any:
        sizes.append(len(body))
        return await really(self, body)

    monkeypatch.setattr(Unsealers, "unseal_submission", count)
    return sizes


def large_message(person: Person, **changes: Any) -> bytes:
    many = values(900)
    return person.message(person.bundle(*(picture(*many[n : n + 9]) for n in range(0, 900, 9)), **changes))


def test_a_large_message_is_not_opened_before_its_work_is_done_however_often_it_comes(
    home: Path, opened: list[int]
) -> None:
    """One that adds to no case is refused, which cost nothing to repeat: 404 was never counted."""
    with intake_with(home) as server:
        person = somebody(server)
        message = large_message(person, adds=True)
        assert len(message) > SMALL_MESSAGE
        challenges = [challenge_in(person.post("submit", message), person) for _ in range(5)]
        assert opened == []
        paid = proof_of_work.prepend_work(solved(challenges[0]), message)
        assert person.post("submit", paid).status_code == 404
        assert person.post("submit", paid).status_code == 429, "each opening has its price"
        assert opened == [len(message)]


def test_a_large_message_that_was_accepted_is_answered_again_without_work_and_without_opening(
    home: Path, opened: list[int]
) -> None:
    with intake_with(home) as server:
        person = somebody(server)
        message = large_message(person)
        work = solved(challenge_in(person.post("submit", message), person))
        first = person.post("submit", proof_of_work.prepend_work(work, message))
        again = [person.post("submit", message) for _ in range(3)]
        assert {answer.content for answer in again} == {first.content}
        assert first.status_code == 200
        assert len(opened) == 1
        assert server.intake.check_integrity().cases == 1


def demand(**settings: Any) -> WorkDemand:
    made = Settings(name="Test intake", **settings)
    return WorkDemand(made, HoldPolicy(made), b"k" * 32, lambda _: 0.0)


def test_each_larger_bucket_has_a_higher_price_and_an_ordinary_one_none() -> None:
    ours = demand()
    around = 1500  # header, sealed keys and tag
    assert [ours.required_bits(None, bucket + around) for bucket in BUCKETS] == [0, 0, 1, 2, 3, 4, 5]
    assert demand(proof_of_work="never").required_bits(None, BUCKETS[-1]) == 0


def test_attempts_raise_the_price_of_their_own_kind_whatever_came_of_them() -> None:
    ours = demand(anonymous_per_hour=10, flood_per_hour=14)
    large, small = BUCKETS[-1], BUCKETS[0]
    ours.count_attempt(large, 1000)
    assert (ours.required_bits(None, small), ours.required_bits(None, large)) == (0, 11)
    for n, bits in ((11, 1), (1, 2), (1, 3), (1, 4), (14, 4), (1, 5), (27, 5), (1, 6), (10_000, 6)):
        ours.count_attempt(small, n)
        assert ours.required_bits(None, small) == bits
    ours.count_attempt(small, -10_057)
    assert ours.required_bits(None, small) == 0


def test_a_price_stays_within_what_a_slow_computer_can_pay_in_five_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    ours = demand(anonymous_per_hour=0, proof_of_work="always")
    ours.count_attempt(BUCKETS[-1], 10**6)
    assert ours.required_bits(None, BUCKETS[-1]) == 13


def test_refused_attempts_count_like_those_that_are_stored(home: Path) -> None:
    with intake_with(home, anonymous_per_hour=3) as server:
        codes = [somebody(server).submit(adds=True).status_code for _ in range(6)]
        assert codes == [404] * 4 + [429] * 2
        person = somebody(server)
        challenge_in(person.submit(), person)


def test_a_message_has_a_bound_on_processor_time(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with intake_with(home, proof_of_work="never") as server:
        person = somebody(server)
        monkeypatch.setattr(unsealer_process, "MAX_SECONDS", 0.0)
        answer = person.submit()
        assert (answer.status_code, reason(answer)) == (413, "too-large")
        monkeypatch.undo()
        assert person.submit().status_code == 200


def test_large_messages_that_never_end_keep_no_small_one_waiting(home: Path) -> None:
    """The process for large ones is stopped, as if it were busy for ever; many large ones wait for it."""
    identity = make_intake(Home(home), Settings(name="Test intake", test=True))

    async def ask() -> None:
        opening = ProcessUnsealers(home, identity.audience.origin, 2)
        await opening.start()
        try:
            if sys.platform == "win32":
                pytest.skip("Windows stops no process")
            os.kill(opening._running[-1]._transport.get_pid(), signal.SIGSTOP)
            stuck = [asyncio.ensure_future(opening.unseal_request("status", bytes(8 << 20))) for _ in range(4)]
            for _ in range(20):
                assert await asyncio.wait_for(opening.unseal_request("status", b"small"), 60) == (None, None)
            assert not any(one.done() for one in stuck)
            with pytest.raises(Refused):  # and large requests, which need no work, take no place of a submission
                await asyncio.gather(*(opening.unseal_request("status", bytes(8 << 20)) for _ in range(13)))
            paid = asyncio.ensure_future(opening.unseal_submission(bytes(1 << 20)))
            await asyncio.sleep(0)
            assert not paid.done()
            os.kill(opening._running[-1]._transport.get_pid(), signal.SIGCONT)
            assert await asyncio.wait_for(asyncio.gather(*stuck), 60) == [(None, None)] * 4
            with pytest.raises(Refused) as refused:
                await asyncio.wait_for(paid, 60)
            assert refused.value.reason == "invalid", "it was opened"
        finally:
            await opening.stop()

    asyncio.run(ask())


def test_what_opening_costs_is_part_of_the_load() -> None:
    time = ProcessorTime(2)
    assert time.load == 0
    time.add(5.0)  # half of two processors over the last five seconds
    assert time.load == 0
    time.add(4.0)
    assert 0.4 < time.load < 0.7
    time.add(100.0)
    assert time.load == 1


def test_an_honest_submission_passes_between_many_replays(home: Path) -> None:
    """Over real sockets: large bodies that are refused come from several connections without end."""
    with intake_with(home) as server:
        attacker = somebody(server)
        body = large_message(attacker, adds=True)

        async def replay(codes: list[int]) -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(server.origin.rpartition(":")[2]))
            with contextlib.closing(writer):
                while True:
                    writer.write(f"POST /v1/submit HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode())
                    writer.write(body)
                    head = await reader.readuntil(b"\r\n\r\n")
                    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
                    await reader.readexactly(length)
                    codes.append(int(head[9:12]))

        async def among_replays() -> list[int]:
            codes: list[int] = []
            attacks = [asyncio.create_task(replay(codes)) for _ in range(5)]
            people = [somebody(server) for _ in range(5)]
            for person in people:
                answer = await asyncio.to_thread(person.submit)
                assert answer.status_code == 200
            while len(codes) < 10:
                await asyncio.sleep(0.01)
            for attack in attacks:
                attack.cancel()
            await asyncio.gather(*attacks, return_exceptions=True)
            return codes

        assert set(asyncio.run(among_replays())) == {429}


def test_the_client_pays_for_a_large_bundle_by_itself(home: Path) -> None:
    with intake_with(home) as server:
        person = somebody(server)
        address = IntakeAddress(server.origin, person.audience.key_id)
        message = large_message(person)
        with Transport(address) as transport:
            client = IntakeClient(transport, address)
            assert client.submit(message) == client.submit(message)
        assert {item.state for item in person.status().items} == {"listed"}


def test_somebody_who_sends_wrong_solutions_cannot_use_up_what_is_remembered(home: Path) -> None:
    """A solution below the price, or of a challenge that is not ours, is not even remembered."""
    ours = demand()
    for _ in range(50):
        message = secrets.token_bytes(32)
        cheap = ours.make_challenge(message, 1)
        work = SolvedChallenge(challenge=cheap, counter=0)
        assert not ours.accept_solution(work, message, 2)
        forged = cheap.model_copy(update={"token": "0" * 64})
        assert not ours.accept_solution(work.model_copy(update={"challenge": forged}), message, 1)
    assert not ours._spent
