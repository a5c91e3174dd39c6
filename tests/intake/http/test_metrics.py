"""The counters are for the operator and name nobody."""

from __future__ import annotations

import json
import logging

import pytest

from takedown_cli.cli.terminal import event_log
from takedown_cli.intake.http.metrics import FEWEST, Metrics
from takedown_cli.intake.http.server import Running
from takedown_cli.intake.runtime import events
from tests.intake.person import HTTP


def test_the_counters_are_for_the_operator_and_name_nobody(intake: Running) -> None:
    url = f"{intake.origin}/metrics"
    assert (
        HTTP.get(url).status_code == HTTP.get(url, headers={b"authorization": "Bearer é".encode()}).status_code == 404
    )
    HTTP.post(f"{intake.origin}/v1/submit", content=b"x")
    HTTP.get(f"{intake.origin}/v1/nobody's-business")
    text = HTTP.get(url, headers={"authorization": f"Bearer {intake.intake.metrics_token}"}).text
    assert 'takedown_intake_answers_total{route="/v1/submit",status="400"}' in text
    assert 'route="other",status="404"' in text
    assert "nobody" not in text
    assert "127.0.0.1" not in text


def test_few_answers_have_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    lines = event_log._Lines("json")
    events.log.addHandler(lines)
    events.log.setLevel(logging.INFO)
    try:
        metrics = Metrics("token")
        for answers in (FEWEST - 1, 1, 1, FEWEST):
            for _ in range(answers):
                metrics.count_answer("/v1/submit", 200, 0.001)
            metrics.log_answers()
        metrics.count_answer("/v1/withdraw", 200, 0.001)
        metrics.log_answers()
        metrics.log_answers(fewest=1)
    finally:
        events.log.removeHandler(lines)
        events.log.setLevel(logging.NOTSET)
    reported = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(one["route"], one["count"]) for one in reported] == [
        ("/v1/submit", FEWEST), ("/v1/submit", FEWEST + 1), ("/v1/withdraw", 1),
    ]  # fmt: skip
