"""``takedown platform feedback``: the person learns what a site decided, also when the intake was away meanwhile."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from takedown_cli.platform.home import Home
from takedown_cli.platform.local_list import LocalList
from tests.cli.commands.platform.conftest import Operator
from tests.cli.documents import published
from tests.interop import photos


def _records(folder: Path) -> list[str]:
    with LocalList(Home(folder).list_file) as local:
        return [key.hex() for key, _, _ in local.rows()]


def test_from_the_scan_to_the_person(operator: Operator) -> None:
    listed = photos.copy_of(photos.picture(97), operator.folder / "listed.jpg")
    operator.join()
    person = operator.report(listed)
    operator("platform pull site")
    *rows, _ = operator("platform scan site listed.jpg --jsonl", 10).out.splitlines()
    decided = [
        json.dumps({"id": match["id"], "verdict": "Blocked"}) for row in rows for match in json.loads(row)["matches"]
    ]
    (operator.folder / "decided.jsonl").write_text("\n".join(decided) + "\n")
    report = published(operator("platform feedback site decided.jsonl --json").out)
    assert (report["given"], report["sent"], report["met"], report["waiting"]) == (1, 1, 1, 0)
    assert {*person.answers().values()} == {"blocked"}
    operator("platform feedback site -", stdin=decided[0].replace("Blocked", "NotBlocked"))
    assert "blocked" not in person.answers().values()
    assert "Nothing waits" in operator("platform feedback site").out.decode()


def test_while_the_intake_is_away_verdicts_wait(operator: Operator) -> None:
    operator.join()
    settings = operator.folder / "site" / "platform.toml"
    before = settings.read_text()
    settings.write_text(before.replace(operator.intake.origin, "http://127.0.0.1:9"))
    line = json.dumps({"id": "ab" * 16, "verdict": "Blocked"})
    said = operator("platform feedback site - --timeout 1", 7, stdin=line).said
    assert "1 verdict waits" in said
    settings.write_text(before)
    report = published(operator("platform feedback site --json").out)
    assert (report["given"], report["sent"], report["met"], report["waiting"]) == (0, 1, 0, 0)


def test_one_invalid_line_and_nothing_is_sent(operator: Operator) -> None:
    operator.join()
    good = json.dumps({"id": "ab" * 16, "verdict": "Blocked"})
    said = operator("platform feedback site -", 2, stdin=f"{good}\n{good}\nBlocked\n").said
    assert "Line 3" in said
    assert published(operator("platform feedback site --json").out)["sent"] == 0
    operator("platform feedback site nowhere.jsonl", 2)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such file")
def test_a_line_without_an_end_is_no_verdict(operator: Operator) -> None:
    operator.join()
    assert "Line 1" in operator("platform feedback site /dev/zero", 2).said
