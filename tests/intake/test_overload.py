"""Far more than it can serve: refused with the time to come back, nothing lost, and served as always afterwards."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import func, select

from takedown_cli.intake.schema import cases
from takedown_cli.intake.server import Running
from tests.benchmarks import overload
from tests.intake.person import Person, balanced, picture


def test_too_many_at_once_are_told_when_to_come_back(intake: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("takedown_cli.intake.door.AT_ONCE", 4)
    people = [Person(intake.origin, intake.card) for _ in range(40)]
    bodies = [person.message(person.bundle(picture(balanced(n)))) for n, person in enumerate(people)]
    port = int(intake.origin.rpartition(":")[2])
    met = asyncio.run(overload.flood(port, bodies, clients=60, seconds=3))
    assert met.statuses[503] > 0
    assert set(met.statuses) == {200, 503}
    assert (met.silent, met.cut) == (0, 0)
    kept = intake.intake.read(lambda connection: connection.scalar(select(func.count()).select_from(cases)))
    assert kept is not None
    assert 1 < kept <= len(people) + 1  # the decoy
    for person, body in zip(people, bodies, strict=True):  # whoever was refused comes back, and is one case like all
        assert person.post("submit", body).status_code == 200
        assert person.status().known
    assert intake.intake.read(lambda c: c.scalar(select(func.count()).select_from(cases))) == len(people) + 1
