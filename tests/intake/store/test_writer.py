"""What was acknowledged is on disk, whatever happens, and the queue is bounded."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from takedown_cli.intake.http.server import Running
from takedown_cli.intake.refusal import Refused
from takedown_cli.intake.runtime import events
from takedown_cli.intake.settings import Home
from takedown_cli.intake.store import engine
from takedown_cli.intake.store.writer import MAX_QUEUED
from tests.campaigns import crash, powercut
from tests.intake.person import HTTP, Person, balanced, picture
from tests.intake.process import free_port, served
from tests.intake.served import intake_with, new_intake, somebody
from tests.intake.steps import RecordedEvents


def test_a_full_queue_refuses_instead_of_growing(intake: Running) -> None:
    """The writer held up, as by a slow disk: what does not fit is refused at once, and what did is carried out."""
    writer, begun, go = intake.intake.writer, threading.Event(), threading.Event()

    def wait(_: object) -> bool:
        begun.set()
        return go.wait(30)

    blocking = writer.enqueue(wait)
    assert begun.wait(30)
    taken, refused = [], 0
    for _ in range(MAX_QUEUED + 50):
        try:
            taken.append(writer.enqueue(lambda _: 1))
        except Refused:
            refused += 1
    assert refused >= 50
    go.set()
    assert blocking.result(900)
    assert {order.result(900) for order in taken} == {1}
    assert writer.enqueue(lambda _: 2).result(900) == 2


def test_what_was_acknowledged_survives_being_killed(home: Path) -> None:
    new_intake(home, test=True)
    port = free_port()
    people: list[tuple[Person, bytes, bytes]] = []
    for round_ in range(3):
        with served(home, port) as (process, address):
            card = HTTP.get(f"{address['origin']}/v1/keys").content
            for n in range(10):
                person = Person(address["origin"], card)
                message = person.message(person.bundle(picture(balanced((round_, n)))))
                people.append((person, message, person.post("submit", message).content))
            process.kill()
            process.wait()
    with served(home, port):
        for person, message, receipt in people:
            assert person.post("submit", message).content == receipt
            assert person.status().items[0].state == "listed"


def sound(result: dict[str, int | float]) -> bool:
    whole = result["cases"] == result["rows"] == result["submissions"] == result["acknowledged"]
    return whole and not (result["lost"] or result["receipts that differ"] or result["faults found"])


def test_killed_again_and_again_it_loses_nothing_and_counts_nothing_twice() -> None:
    result = crash.campaign(80, 2, 0.8, on_postgres=False)
    assert result["kills"] >= 1
    assert sound(result), result


def test_postgresql_loses_nothing_either() -> None:
    result = crash.campaign(80, 2, 0.8, on_postgres=True)
    assert result["kills"] >= 1
    assert sound(result), result


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_what_was_acknowledged_was_synced_before() -> None:
    result = powercut.campaign(60, 8)
    assert result["pending"], "no cut met anything that was not synced: the test shows nothing"
    assert (result["lost"], result["faults found"]) == (0, 0)


def test_an_operator_reads_once_that_nothing_can_be_stored(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = RecordedEvents()
    pragmas = tuple(one for one in engine._PRAGMAS if not one.startswith("busy_timeout"))
    monkeypatch.setattr(engine, "_PRAGMAS", (*pragmas, "busy_timeout=50"))
    with intake_with(home) as server, closing(sqlite3.connect(Home(home).database, isolation_level=None)) as other:
        events.log.addHandler(recorded)
        try:
            for _ in range(2):
                other.execute("BEGIN IMMEDIATE")
                assert [somebody(server).submit().status_code for _ in range(3)] == [503] * 3
                other.execute("ROLLBACK")
                assert somebody(server).submit().status_code == 200
        finally:
            events.log.removeHandler(recorded)
    events_seen = [recorded.names.get(timeout=1) for _ in range(recorded.names.qsize())]
    # The purge at the start may meet the lock as well, and says so by an event of its own.
    assert [name for name in events_seen if name != "purge-failed"] == ["commit-failed"] * 2
