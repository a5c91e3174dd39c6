"""The alert rules: Prometheus evaluates each where it is installed, and each is about metrics that the intake has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from takedown_cli.intake.operations import inspection
from tests.deploy.test_deploy import DEPLOY, need, ran
from tests.intake.person import HTTP
from tests.intake.process import run, served
from tests.intake.served import new_intake

yaml = pytest.importorskip("yaml")
ALERTS = DEPLOY / "alerts.yml"
RULES: dict[str, dict[str, Any]] = {
    rule["alert"]: rule for rule in yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"][0]["rules"]
}
DAY = 24 * 60
#: What makes each alert fire, and what does not, as Prometheus writes series of a value a minute. The test's clock
#: begins with 1970, so that a day that is 0 is as old as the test.
PLATFORM = 'takedown_intake_last_pull_timestamp_seconds{platform="A"}'
SERIES: dict[str, tuple[str, str, str]] = {
    "TakedownDown": ('up{job="takedown"}', "0x20", "1x20"),
    "TakedownDatabaseDown": ("takedown_intake_database_up", "0x20", "1x20"),
    "TakedownBusy": ('takedown_intake_load{size="large"}', "1x60", "0.5x60"),
    "TakedownRefusing": ('takedown_intake_answers_total{status="503"}', "0+60x90", "0x90"),
    "TakedownHeld": ("takedown_intake_held_cases", f"2x{DAY + 5}", f"0x{DAY + 5}"),
    "TakedownPlatformSilent": (PLATFORM, f"0x{5 * DAY}", f"{2 * 86_400}x{5 * DAY}"),
    "TakedownPurgeLate": ("takedown_intake_last_purge_timestamp_seconds", f"0x{4 * DAY}", f"{2 * 86_400}x{4 * DAY}"),
    "TakedownBackupOld": ("takedown_intake_last_backup_timestamp_seconds", f"0x{9 * DAY}", f"{2 * 86_400}x{9 * DAY}"),
    "TakedownDiskLow": ("takedown_intake_free_bytes", "5x10", "5000000000x10"),
    "TakedownClockBehind": ("takedown_intake_clock_behind_seconds", "90000x5", "3600x5"),
}


def test_every_alert_has_a_case() -> None:
    assert RULES.keys() == SERIES.keys()


def test_prometheus_accepts_the_rules() -> None:
    assert f"{len(RULES)} rules found" in ran(need("promtool"), "check", "rules", ALERTS)


@pytest.mark.parametrize("alert", sorted(SERIES))
def test_an_alert_fires_when_it_should_and_not_otherwise(alert: str, tmp_path: Path) -> None:
    series, bad, good = SERIES[alert]
    minutes = int(bad.rpartition("x")[2])
    labels = dict(re.findall(r'(\w+)="([^"]*)"', series)) if alert != "TakedownRefusing" else {}
    summary = RULES[alert]["annotations"]["summary"].replace("{{ $value }}", "2")
    for name, value in labels.items():
        summary = summary.replace(f"{{{{ $labels.{name} }}}}", value)
    firing = [{"exp_labels": labels, "exp_annotations": {"summary": summary}}]

    def case(values: str, expected: list[Any]) -> dict[str, Any]:
        return {
            "interval": "1m",
            "input_series": [{"series": series, "values": values}],
            "alert_rule_test": [{"alertname": alert, "eval_time": f"{minutes}m", "exp_alerts": expected}],
        }

    tests = {"rule_files": [str(ALERTS)], "evaluation_interval": "1m", "tests": [case(bad, firing), case(good, [])]}
    (tmp_path / "tests.yml").write_text(yaml.safe_dump(tests), encoding="utf-8")
    assert "SUCCESS" in ran(need("promtool"), "test", "rules", tmp_path / "tests.yml")


def test_every_alert_is_about_a_metric_that_the_intake_has_and_names_the_next_step(tmp_path: Path) -> None:
    home = tmp_path / "home"
    new_intake(home, test=True)
    token = run("metrics-token", str(home))["token"]
    with served(home) as (_, address):
        text = HTTP.get(f"{address['origin']}/metrics", headers={"authorization": f"Bearer {token}"}).text
    explained = {line.split()[2] for line in text.splitlines() if line.startswith("# HELP ")}
    for name, rule in RULES.items():
        used = set(re.findall(r"takedown_intake_\w+", rule["expr"]))
        assert used <= explained, name
        assert used or rule["expr"].startswith("up{"), name
        assert len(rule["annotations"]["summary"]) > 20, name


def test_the_rules_and_the_command_agree_on_when_it_is_time() -> None:
    """A day's timestamp is its beginning, so that an alert waits for the end of the last day that is allowed."""
    for alert, days in (
        ("TakedownPlatformSilent", inspection.PULL_DAYS),
        ("TakedownPurgeLate", inspection.PURGE_DAYS),
        ("TakedownBackupOld", inspection.BACKUP_DAYS),
    ):
        assert RULES[alert]["expr"].endswith(f"> {days + 1} * 86400")
    assert RULES["TakedownBusy"]["expr"].endswith(f"> {inspection.LOAD}")
    assert float(RULES["TakedownDiskLow"]["expr"].rpartition("< ")[2]) == inspection.FREE_BYTES
    assert RULES["TakedownClockBehind"]["expr"].endswith(f"> {inspection.BEHIND_SECONDS}")
