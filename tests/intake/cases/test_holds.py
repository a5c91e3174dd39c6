"""Floods and budgets: what is held for review instead of being listed."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Literal

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from takedown_cli.intake import running
from takedown_cli.intake.cases import organisations, review
from takedown_cli.intake.service import make_intake
from takedown_cli.intake.settings import Home, Settings
from takedown_cli.protocol import proof_of_work
from takedown_cli.protocol.bundle import envelope
from takedown_cli.protocol.bundle.document import Bundle
from takedown_cli.protocol.wire import encode
from tests.intake.person import Person, Platform, balanced, picture
from tests.intake.served import intake_with, somebody
from tests.intake.steps import challenge_in, solved

pytestmark = pytest.mark.usefixtures("easy_work")


@pytest.mark.parametrize(("asked", "after"), [("auto", [429, 429]), ("never", ["held", "held"])])
def test_beyond_the_day_work_is_asked_or_what_comes_is_held_also_after_a_restart(
    asked: Literal["auto", "never"], after: list[object], home: Path
) -> None:
    """Where work can be asked of people, nobody is held who does it."""
    states: list[object] = []
    make_intake(Home(home), Settings(name="Test intake", test=True, anonymous_per_day=2, proof_of_work=asked))
    for n in range(2):
        with running(home) as server:
            for m in range(2):
                person = somebody(server)
                message = person.message(person.bundle(picture(balanced(("day", n, m)))))
                answer = person.post("submit", message)
                if answer.status_code == 429:
                    states.append(429)
                    work = solved(challenge_in(answer, person))
                    assert person.post("submit", proof_of_work.prepend_work(work, message)).status_code == 200
                    assert person.status().items[0].state == "listed"
                else:
                    states.append(person.status().items[0].state)
    assert states == ["listed", "listed", *after]


def test_a_case_has_a_budget_over_its_life(home: Path) -> None:
    with intake_with(home, items_per_case=3) as server:
        person = somebody(server)
        person.submit(picture(balanced("life 0")), picture(balanced("life 1")))
        person.submit(picture(balanced("life 2")), adds=True)
        person.submit(picture(balanced("life 3")), adds=True)
        assert [item.state for item in person.status().items] == ["listed", "listed", "listed", "held"]
        assert [one.reason for one in server.intake.read(review.list_held)] == ["budget"]


def test_a_flood_is_held_until_it_is_released(home: Path) -> None:
    with intake_with(home, flood_per_hour=2) as server:
        platform = Platform(server.origin, server.add_participant("Platform"))
        people = [somebody(server) for _ in range(4)]
        for n, person in enumerate(people):
            assert person.submit(picture(balanced(("flood", n)))).status_code == 200
        assert [person.status().items[0].state for person in people] == ["listed", "listed", "held", "held"]
        assert set(platform.pull()) == {balanced(("flood", 0)), balanced(("flood", 1))}
        waiting = server.intake.read(review.list_held)
        assert [(one.reason, one.items, one.list) for one in waiting] == [("flood", 1, "under-18")] * 2
        assert server.intake.operate(partial(review.release_held, case_ids=[waiting[0].case])) == 1
        assert server.intake.operate(partial(review.drop_held, case_ids=[waiting[1].case])) == 1
        assert server.intake.read(review.list_held) == []
        assert [person.status().items[0].state for person in people] == ["listed", "listed", "listed", "withdrawn"]
        assert balanced(("flood", 2)) in platform.pull()
        assert balanced(("flood", 3)) not in platform.pull()
        assert server.intake.check_integrity().wrong == ()


def test_a_submission_of_too_many_items_is_held(home: Path) -> None:
    with intake_with(home, items_per_submission=2) as server:
        person = somebody(server)
        person.submit(*(picture(balanced(("budget", n))) for n in range(3)))
        assert {item.state for item in person.status().items} == {"held"}
        assert [one.reason for one in server.intake.read(review.list_held)] == ["budget"]


def countersigned(person: Person, key: Ed25519PrivateKey) -> bytes:
    signed = envelope.sign(Bundle.TYPE, encode(person.bundle()), person.number.signing_key())
    return person.sealed(envelope.countersign(signed, Bundle.TYPE, key), "bundle")


def test_a_known_organisation_is_not_held_up_to_its_quota(home: Path) -> None:
    helpline, stranger = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    public = helpline.public_key().public_bytes_raw()
    with intake_with(home, flood_per_hour=0) as server:
        server.intake.operate(partial(organisations.add_organisation, name="Helpline", key=public, quota=2))
        people = [somebody(server) for _ in range(5)]
        for person, key in zip(people[:3], (helpline, helpline, stranger), strict=True):
            assert person.post("submit", countersigned(person, key)).status_code == 200
        assert [person.status().items[0].state for person in people[:3]] == ["listed", "listed", "held"]
        refused = people[3].post("submit", countersigned(people[3], helpline))
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "3600")
        assert not people[3].status().known
        server.intake.operate(partial(organisations.revoke_organisation, name="Helpline"))
        assert people[4].post("submit", countersigned(people[4], helpline)).status_code == 200
        assert people[4].status().items[0].state == "held"
