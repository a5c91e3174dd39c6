"""The log counts answers and says nothing of anybody."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.intake.person import HTTP, Person, balanced, picture
from tests.intake.process import TAKEDOWN, run
from tests.intake.served import new_intake
from tests.waiting import PATIENCE


@pytest.mark.parametrize("form", ["json", "text", "none"])
def test_the_log_tells_counts_and_nothing_of_anybody(form: str, home: Path) -> None:
    new_intake(home, test=True)
    keys = run("participant", "add", str(home), "Example Platform")
    process = subprocess.Popen(
        [*TAKEDOWN, "serve", str(home), "--port", "0", "--json", "--log", form],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    address = json.loads(process.stdout.readline())
    person = Person(address["origin"], HTTP.get(f"{address['origin']}/v1/keys").content)
    value = balanced(("log", form))
    assert person.submit(picture(value)).status_code == 200
    assert person.post("submit", b"\0").status_code == 400
    person.status()
    headers = {
        "x-functions-key": keys["function_keys"]["FetchHashes"],
        "Ocp-Apim-Subscription-Key": keys["subscription_key"],
    }
    assert HTTP.get(f"{address['origin']}/v1/FetchHashes", headers=headers).json()["count"] == 1
    HTTP.get(f"{address['origin']}/{value}")
    person.withdraw()
    process.terminate()
    log = process.communicate(timeout=PATIENCE)[1]
    revealing = [
        "127.0.0.1", person.number.symbols, person.number.lookup_id(), person.place[1].hex(), value, "Example Platform",
        keys["subscription_key"], "python-httpx", address["key_id"],
    ]  # fmt: skip
    assert [one for one in revealing if one in log] == []
    if form != "json":
        assert ("answers" in log) == (form == "text")
        return
    events = [json.loads(line) for line in log.splitlines()]
    assert events[0]["event"] == "serving"
    assert events[-1]["event"] == "stopped"
    counts = {(one["route"], one["status"]): one["count"] for one in events if one["event"] == "answers"}
    assert counts["/v1/submit", 200] == counts["/v1/submit", 400] == counts["/v1/withdraw", 200] == 1
    assert counts["other", 404] == 1
    assert all(len(one["time"]) == len("2026-01-31T12:00Z") for one in events)
