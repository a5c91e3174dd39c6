"""Somebody who sends one recorded status request of a large case again and again, on many connections."""

from __future__ import annotations

import threading
from pathlib import Path

import httpx

from tests.intake.attacks.test_hash_budget import plausible as value
from tests.intake.person import HTTP, picture
from tests.intake.served import intake_with, somebody
from tests.intake.steps import rows
from tests.waiting import PATIENCE


def test_others_are_answered_meanwhile_and_nothing_is_stored(home: Path) -> None:
    with intake_with(home, proof_of_work="never") as server:
        large, small = somebody(server), somebody(server)
        assert large.submit(*(picture(value(n)) for n in range(1500))).status_code == 200
        assert small.submit(picture(value(10_000))).status_code == 200
        recorded = large.asked(large.request("status", b"r" * 32))
        before, stop = rows(server), threading.Event()
        answers: list[tuple[int, int]] = []

        def replay() -> None:
            with httpx.Client(timeout=PATIENCE, trust_env=False) as client:
                while not stop.is_set():
                    answer = client.post(f"{server.origin}/v1/status", content=recorded)
                    answers.append((answer.status_code, len(answer.content)))

        attackers = [threading.Thread(target=replay) for _ in range(8)]
        for attacker in attackers:
            attacker.start()
        try:
            for _ in range(10):
                assert [item.state for item in small.status().items] == ["listed"]
                assert HTTP.get(f"{server.origin}/healthz").status_code == 200
        finally:
            stop.set()
            for attacker in attackers:
                attacker.join()
        assert answers
        assert {status for status, _ in answers} <= {200, 429, 503}
        assert len({length for status, length in answers if status == 200}) == 1
        assert rows(server) == before
