"""When work is asked for, how much, and which solutions are accepted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from takedown_cli.intake.cases import review
from takedown_cli.intake.cases.holds import HoldPolicy
from takedown_cli.intake.http import work_demand
from takedown_cli.intake.http.work_demand import WorkDemand
from takedown_cli.intake.settings import Settings
from takedown_cli.protocol import proof_of_work
from takedown_cli.protocol.wire import SolvedChallenge
from tests.intake.person import HTTP, balanced, picture
from tests.intake.served import intake_with, somebody
from tests.intake.steps import challenge_in, solved

pytestmark = pytest.mark.usefixtures("easy_work")


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
                answer = person.post("submit", proof_of_work.prepend_work(solved(challenge), message))
            else:
                asked.append(0)
            assert answer.status_code == 200
        assert asked == [0, 0, 1, 2, 3, 4, 4, 4]
        assert server.intake.read(review.list_held) == [], "in a flood, what was worked for is listed"


def test_it_can_be_switched_off(home: Path) -> None:
    with intake_with(home, proof_of_work="never", anonymous_per_hour=0) as server:
        for _ in range(3):
            assert somebody(server).submit().status_code == 200


def toll_with(load: float = 0.0, **settings: Any) -> WorkDemand:
    made = Settings(name="Test intake", **settings)
    return WorkDemand(made, HoldPolicy(made), b"k" * 32, lambda _: load)


def test_it_is_asked_under_load_and_harder_the_more_there_is() -> None:
    assert [toll_with(load).required_bits(None) for load in (0.0, 0.49, 0.5, 0.75, 1.0)] == [0, 0, 1, 2, 4]
    assert toll_with(1.0, proof_of_work="never").required_bits(None) == 0


def test_a_solution_is_good_until_its_time_once_and_again_when_it_was_our_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    message, ours = b"m" * 32, toll_with()
    done = SolvedChallenge(challenge=ours.make_challenge(message, 1), counter=0)
    assert ours.accept_solution(done, message)
    assert not ours.accept_solution(done, message)
    ours.return_solution(done)
    assert ours.accept_solution(done, message)
    assert toll_with().accept_solution(done, message), "another process with the same keys knows it too"
    monkeypatch.setattr("takedown_cli.intake.http.work_demand.time.time", lambda: done.challenge.until)
    assert not toll_with().accept_solution(done, message)


def test_no_more_solutions_are_remembered_than_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_demand, "_MAX_REMEMBERED", 3)
    ours = toll_with()
    message = b"m" * 32
    taken = [
        ours.accept_solution(SolvedChallenge(challenge=ours.make_challenge(message, 1), counter=0), message)
        for _ in range(5)
    ]
    assert taken == [True, True, True, False, False]


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


def test_addresses_are_only_looked_at_where_the_operator_asks_and_forgotten_within_the_hour(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    blind = work_demand.CallerCounts(0)
    assert [blind.count_and_compare("127.0.0.1") for _ in range(3)] == [False] * 3
    assert not blind._came
    seeing = work_demand.CallerCounts(1)
    assert [seeing.count_and_compare("127.0.0.1") for _ in range(2)] == [False, True]
    assert all(b"127" not in bucket for bucket in seeing._came)
    key = seeing._key
    monkeypatch.setattr(work_demand, "_HOUR", -1.0)
    assert not seeing.count_and_compare("127.0.0.1")
    assert seeing._key != key
    assert len(seeing._came) == 1
