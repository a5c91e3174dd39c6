"""The figures are the same in every form, and small ones are withheld."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest

from takedown_cli.cli.results.batch.report import FiguresReport
from takedown_cli.helpline.case import PlatformAnswer
from takedown_cli.helpline.report.figures import make_report
from tests.cli.commands.batch.desk import LEDGER, NUMBERS, Desk
from tests.helpline.made_up_cases import case, caseload


def test_the_report_shows_nothing_of_three_callers(desk: Desk) -> None:
    """Fewer than five: nothing is shown in any form; with a threshold of one, everything, and a warning."""
    ended = desk("batch", "report", *LEDGER, "--html", "report.html", "--name", "Example Helpline", "--json", "--force")
    assert ended.code == 0, ended.said
    document = ended.document()
    assert document["threshold"] == 5
    assert all(cell["count"] is None for each in document["tables"] for cell in each["cells"])
    page = (desk.folder / "report.html").read_text(encoding="utf-8")
    assert "Caseload of Example Helpline" in page
    assert "2026/1" not in page
    assert not NUMBERS.search(page)
    inside = desk("batch", "report", *LEDGER, "--threshold", "1", "--json")
    assert "Do not publish" in inside.said
    outcomes = {cell["label"]: cell["count"] for cell in inside.document()["tables"][0]["cells"]}
    assert (outcomes["At the intake"], outcomes["Nothing to protect"]) == (3, 1)


def test_every_form_of_the_report_shows_the_same_numbers() -> None:
    found = make_report(caseload(300), day="2026-06-01", threshold=5)
    document: Any = FiguresReport.of(found).document()
    rows = list(csv.reader(io.StringIO(FiguresReport.of(found).as_csv().decode())))[1:]
    shown = {(row[0], row[2]): row[3] for row in rows}
    words = "\n".join(FiguresReport.of(found).lines())
    assert max(map(len, words.splitlines())) <= 80
    for table in document["tables"]:
        counts = {"": table["total"], **{cell["label"]: cell["count"] for cell in table["cells"]}}
        for label, count in counts.items():
            assert shown[table["id"], label] == ("" if count is None else str(count))
        for cell in table["cells"]:
            said = "withheld" if cell["count"] is None else f"{cell['count']:,}"
            assert re.search(rf"^  {re.escape(cell['label'])} +{said}$", words, re.MULTILINE)


@pytest.mark.parametrize("begins", ["=", "＝", " =", "\n+", "\t@"])
def test_a_platforms_name_is_no_formula_and_no_escape_code(begins: str) -> None:
    said = (PlatformAnswer(f"{begins}1+1\x1b[2J", "blocked", 1, "2026-03-02"),)
    found = make_report([case(n, answers=said) for n in range(9)], day="2026-06-01", threshold=5)
    assert f"'{begins}1+1" in FiguresReport.of(found).as_csv().decode()
    assert "\x1b[2J" not in "\n".join(FiguresReport.of(found).lines())


def test_options_that_contradict_each_other(desk: Desk) -> None:
    for wrong in (("--csv", "--json"), ("--by", "day"), ("--name", "x" * 81), ("--html", ".")):
        assert desk("batch", "report", *LEDGER, *wrong).code == 2
