"""The life of a caseload, short: killed and resumed, two operators, a restarted intake, and the network gone."""

from __future__ import annotations

import random
import signal
import sqlite3
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.campaigns.caseload import scenario
from tests.campaigns.caseload.make import FOLDER, REFERENCE, Made, Plan, make
from tests.helpline.keys.cheap_keys import make_key

CALLERS = 30


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="ends processes by signals")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make(tmp_path_factory.mktemp("caseload"), Plan(CALLERS, 60, (480, 360)))


@pytest.fixture(scope="module")
def alone(made: Made) -> scenario.Alone:
    return scenario.hash_alone(made)


@pytest.fixture
def line(tmp_path: Path, made: Made) -> Iterator[scenario.Helpline]:
    (tmp_path / "line").mkdir()
    helpline = scenario.Helpline(tmp_path / "line", made)
    make_key(helpline.folder / "helpline.key", helpline.folder / "passphrase")
    helpline.set_up()
    yield helpline
    helpline.stop(scenario.KILL)


def submissions(line: scenario.Helpline) -> int:
    """How many bundles the intake has taken."""
    with sqlite3.connect(f"file:{line.intake / 'intake.db'}?mode=ro", uri=True) as connection:
        return int(connection.execute("select count(*) from submissions").fetchone()[0])


def test_whatever_happens_on_the_way_every_caller_is_there_once(line: scenario.Helpline, alone: scenario.Alone) -> None:
    scenario.play(line, 4, alone, random.Random(3))
    said = scenario.totals(line)
    line.stop()
    found = scenario.reckon(line, alone)
    expected = sum(count > 0 for count in alone.items.values())
    assert line.restarts == 2
    assert line.kills  # how many of the four meet a living process is the machine's affair
    assert found.cases == said["cases"] == expected
    assert found.items == said["items_sent"] == sum(alone.items.values())
    assert not found.wrong
    assert not found.findings
    assert sum(said["states"].values()) == said["callers"] == CALLERS
    # Each caller's bundles were taken once: there are as many as the ledger says were acknowledged.
    assert found.submissions >= expected


def test_two_operators_at_once_send_nothing_twice(line: scenario.Helpline, alone: scenario.Alone) -> None:
    began = line.run()  # takes the callers in, and is interrupted before it is done
    while not line.ledger.exists() or not submissions(line):
        assert began.poll() is None
        time.sleep(0.05)
    began.send_signal(signal.SIGINT)
    assert began.wait() == 130
    both = [line.resume(operator) for operator in ("Kim", "Sam")]
    assert {run.wait() for run in both} <= {0, 3}
    said = scenario.totals(line)
    line.stop()
    found = scenario.reckon(line, alone)
    assert found.cases == said["cases"] == sum(count > 0 for count in alone.items.values())
    assert found.items == sum(alone.items.values())
    assert not found.wrong
    assert said["elsewhere"] == 0


def test_without_the_network_it_stops_and_goes_on_later(line: scenario.Helpline, alone: scenario.Alone) -> None:
    run = line.start(
        "batch", "run", line.made.manifest, *line.office("Kim"), "--intake", line.address, "--test", "--yes",
        "--patience", "1", "--json",
    )  # fmt: skip
    while not submissions(line):  # the rest is far from done
        assert run.poll() is None, "it was over before the network could go"
        time.sleep(0.02)
    line.stop(scenario.KILL)
    assert run.wait() == 7
    line.serve()
    before = submissions(line)
    assert 1 <= before < CALLERS
    said = line.do("batch", "resume", *line.office("Sam"))
    assert said["cases"] == sum(count > 0 for count in alone.items.values())
    assert said["worked_on"] >= CALLERS - before
    assert said["items_sent"] == sum(alone.items.values())
    line.stop()
    assert not scenario.reckon(line, alone).wrong


def test_a_run_that_cannot_end_is_reported(line: scenario.Helpline, alone: scenario.Alone) -> None:
    run = line.run()
    reported: list[str] = []
    with pytest.raises(TimeoutError, match="items at the intake"):
        scenario.Watch(line, alone.total, time.monotonic(), reported.append).wait(run)
    run.kill()
    run.wait()


def test_the_search_would_find_something(line: scenario.Helpline) -> None:
    assert list(scenario.search(line, {})) == []
    for number, word in enumerate((REFERENCE, FOLDER)):
        (line.folder / "temporary" / f"{number}").write_text(f"x{word}-1")
    assert len(list(scenario.search(line, {}))) == 3
