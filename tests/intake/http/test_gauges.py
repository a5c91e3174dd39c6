"""The gauges say what the database says, and that it does not answer."""

from __future__ import annotations

import re

import pytest

from takedown_cli.core.errors import ConfigError
from takedown_cli.intake.http import gauges
from takedown_cli.intake.http.metrics import Metrics
from takedown_cli.intake.http.server import Running
from takedown_cli.intake.service import Intake
from tests.intake.person import HTTP, Person, balanced, picture


def metrics(intake: Running) -> dict[str, float]:
    """Every sample by its name and labels."""
    answer = HTTP.get(f"{intake.origin}/metrics", headers={"authorization": f"Bearer {intake.intake.metrics_token}"})
    assert answer.status_code == 200
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines(answer.text)}


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("#")]


def test_lists_platforms_and_chores_are_gauges(
    intake: Running, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gauges, "CENSUS_SECONDS", 0.0)
    intake.add_participant('A "quoted" \\ platform')
    before = metrics(intake)
    person.submit(picture(balanced("a gauge")))
    after = metrics(intake)
    name = 'takedown_intake_listed_hashes{list="under-18"}'
    assert after[name] == before[name] + 1
    assert after["takedown_intake_database_up"] == 1
    assert after["takedown_intake_last_backup_timestamp_seconds"] == 0
    midnight = after['takedown_intake_last_pull_timestamp_seconds{platform="A \\"quoted\\" \\\\ platform"}']
    assert midnight % 86_400 == 0
    assert 0 <= after['takedown_intake_load{size="large"}'] <= 1


def test_a_census_is_used_again_for_a_while(intake: Running, person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gauges, "CENSUS_SECONDS", 1e9)
    name = 'takedown_intake_listed_hashes{list="under-18"}'
    before = metrics(intake)[name]
    person.submit(picture(balanced("not counted yet")))
    assert metrics(intake)[name] == before


def test_a_dead_database_is_a_gauge_and_no_error(intake: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gauges, "CENSUS_SECONDS", 0.0)

    def dead(_: Intake) -> None:
        raise ConfigError

    monkeypatch.setattr(Intake, "take_census", dead)
    found = metrics(intake)
    assert found["takedown_intake_database_up"] == 0
    assert not any("listed_hashes" in name for name in found)


def test_every_metric_has_its_help_and_its_type(intake: Running) -> None:
    answer = HTTP.get(f"{intake.origin}/metrics", headers={"authorization": f"Bearer {intake.intake.metrics_token}"})
    explained = [line.split()[2] for line in answer.text.splitlines() if line.startswith("# HELP ")]
    typed = [line.split()[2] for line in answer.text.splitlines() if line.startswith("# TYPE ")]
    assert explained == typed
    assert {re.split(r"[{ ]", line)[0] for line in lines(answer.text)} <= set(explained)


def test_a_metric_without_samples_has_its_help_too() -> None:
    text = Metrics("token").render_text([gauges.Gauge("held_cases", "Cases.")]).decode()
    assert "# HELP takedown_intake_answers_total " in text
    assert "# TYPE takedown_intake_held_cases gauge" in text
