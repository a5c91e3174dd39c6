"""Short forms of the kill and power-cut campaigns; the long ones are under tests/benchmarks."""

from __future__ import annotations

import shutil

import pytest

from tests.benchmarks import crash, powercut


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
