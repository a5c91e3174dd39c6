"""Somebody who collects cheap challenges, floods the intake with them, and so has everybody else held back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from takedown_cli.cli.terminal.work_progress import WorkProgress
from takedown_cli.client.client import IntakeClient
from takedown_cli.client.transport import Transport
from takedown_cli.core.errors import UnreachableError
from takedown_cli.intake.cases import review
from takedown_cli.intake.http import work_demand
from takedown_cli.intake.http.server import Running
from takedown_cli.protocol import proof_of_work
from takedown_cli.protocol.addresses import IntakeAddress
from takedown_cli.protocol.wire import Challenge, SolvedChallenge
from tests.intake.person import Person, Platform, balanced, picture
from tests.intake.served import intake_with, somebody
from tests.intake.steps import challenge_in, solved


@pytest.fixture(autouse=True)
def _easy(easy_work: None) -> None:
    """Two tries on average solve the easiest challenge."""


def client_of(server: Running, transport: Transport, working: Any = lambda *_: None) -> IntakeClient:
    address = IntakeAddress(server.origin, somebody(server).audience.key_id)
    return IntakeClient(transport, address, working=working)


def collected(server: Running, count: int) -> list[tuple[Person, bytes, Challenge]]:
    found = []
    for number in range(count):
        person = somebody(server)
        message = person.message(person.bundle(picture(balanced(("attack", number)))))
        found.append((person, message, challenge_in(person.post("submit", message), person)))
    return found


def test_cheap_challenges_are_worth_nothing_once_the_price_has_risen_and_nobody_who_works_is_held(home: Path) -> None:
    """The attack of old: harvest at the lowest price, spend all of it, and everybody is held for an hour."""
    with intake_with(home, anonymous_per_hour=2, flood_per_hour=6) as server:
        platform = Platform(server.origin, server.add_participant("Platform"))
        for _ in range(3):
            assert somebody(server).submit().status_code == 200
        cheap = collected(server, 12)
        assert {challenge.bits for _, _, challenge in cheap} == {1}
        taken, asked_again = 0, []
        for person, message, challenge in cheap:
            answer = person.post("submit", proof_of_work.prepend_work(solved(challenge), message))
            if answer.status_code == 200:
                taken += 1
            else:
                asked_again.append(challenge_in(answer, person).bits)
        assert taken <= 2
        assert min(asked_again) > 1
        for person, message, _ in cheap:  # and at the present price, until a flood is there
            answer = person.post("submit", message)
            while answer.status_code == 429:
                work = solved(challenge_in(answer, person))
                answer = person.post("submit", proof_of_work.prepend_work(work, message))
            assert answer.status_code == 200
        victim = somebody(server)
        with Transport(IntakeAddress(server.origin, victim.audience.key_id)) as transport:
            client_of(server, transport).submit(victim.message(victim.bundle(picture(balanced("victim")))))
        assert victim.status().items[0].state == "listed"
        assert balanced("victim") in platform.pull()
        assert server.intake.read(review.list_held) == []


def test_a_challenge_lives_five_minutes_but_a_slow_upload_is_not_punished(home: Path) -> None:
    with intake_with(home, proof_of_work="always") as server:
        [(_, _, challenge)] = collected(server, 1)
        demand = work_demand.WorkDemand(server.intake.settings, server.intake.policy, b"k" * 32, lambda _: 0.0)
        ours = demand.make_challenge(bytes.fromhex(challenge.message), 1)
        message = bytes.fromhex(challenge.message)
        began = ours.until - 300
        assert began <= server.intake.clock.seconds() + 1
        work = SolvedChallenge(challenge=ours, counter=0)
        assert not demand.accept_solution(work, message, 1, arrived=ours.until)
        assert demand.accept_solution(work, message, 1, arrived=ours.until - 1)


def test_work_for_an_easier_challenge_is_not_taken_and_not_spent(home: Path) -> None:
    with intake_with(home, proof_of_work="always") as server:
        demand = work_demand.WorkDemand(server.intake.settings, server.intake.policy, b"k" * 32, lambda _: 0.0)
        work = SolvedChallenge(challenge=demand.make_challenge(b"m" * 32, 3), counter=0)
        assert not demand.accept_solution(work, b"m" * 32, 4)
        assert demand.accept_solution(work, b"m" * 32, 3), "the price fell again"


def test_the_client_goes_on_by_itself_when_the_price_rises_and_says_so(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = WorkProgress()

    def rise_twice(tried: int, expected: int) -> None:
        shown(tried, expected)
        if tried == 1 and work_demand.EASY < 3:
            monkeypatch.setattr(work_demand, "EASY", work_demand.EASY + 1)

    monkeypatch.setattr(proof_of_work, "is_solved", lambda _: True)
    real = proof_of_work._count_zero_bits
    tries: list[int] = []

    def not_at_once(challenge: Challenge, counter: int) -> int:
        """The first try of each challenge fails, so that its price can rise meanwhile."""
        tries.append(counter)
        return 0 if counter == 0 else max(challenge.bits, real(challenge, counter))

    monkeypatch.setattr(proof_of_work, "_count_zero_bits", not_at_once)
    with intake_with(home, proof_of_work="always") as server:
        person = somebody(server)
        with Transport(IntakeAddress(server.origin, person.audience.key_id)) as transport:
            client_of(server, transport, rise_twice).submit(person.message(person.bundle()))
        assert person.status().items[0].state == "listed"
    assert tries.count(0) == 3
    assert capsys.readouterr().err.count("asks for more work than before") == 2


def test_the_client_goes_on_three_times_at_most(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    solutions: list[int] = []

    def rise(tried: int, expected: int) -> None:
        if tried == 0:
            solutions.append(expected)

    monkeypatch.setattr(work_demand.WorkDemand, "accept_solution", lambda *_: False)
    with intake_with(home, proof_of_work="always") as server:
        person = somebody(server)
        address = IntakeAddress(server.origin, person.audience.key_id)
        with Transport(address) as transport, pytest.raises(UnreachableError, match="more work"):
            client_of(server, transport, rise).submit(person.message(person.bundle()))
        assert len(solutions) == 2, "of three challenges, two took the place of another"
        assert not person.status().known
