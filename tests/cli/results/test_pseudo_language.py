"""What a person reads in a language that is longer than English, on a narrow terminal: whole, and nothing English."""

from __future__ import annotations

import io
import re
import sys
from typing import Any

import pytest

from takedown_cli.cli.results.case import (
    ReceiptRow,
    StatusReport,
    SubmitReport,
    WithdrawReport,
    preview_of_items,
    preview_of_sealed,
    status_fields,
)  # fmt: skip
from takedown_cli.cli.terminal.case_number import show_case_number
from takedown_cli.cli.terminal.console import console
from takedown_cli.protocol.addresses import IntakeAddress
from takedown_cli.protocol.case_number import CaseNumber
from takedown_cli.protocol.wire import CaseStatus
from tests.locale.pseudo import PSEUDO
from tests.protocol.bundle.factory import DECLARATION, item, pdq

COLUMNS = 60
INTAKE = IntakeAddress.parse("https://intake.example")


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def status() -> CaseStatus:
    item_ = {"age": "adult", "fingerprints": 2, "standing": None}
    answers = [
        {"platform": "Example Platform", "state": state, "day": "2026-01-02"}
        for state in ("seen", "under-review", "blocked", "not-blocked")
    ]
    states = [(media, state) for media in ("image", "video") for state in ("listed", "held", "withdrawn")]
    items = [
        {**item_, "number": n, "media": media, "state": state, "platforms": answers if n == 1 else []}
        for n, (media, state) in enumerate(states, start=1)
    ]
    document = {"known": True, "received": "2026-01-01", "expires": "2027-01-01", "items": items}
    return CaseStatus.model_validate(document, strict=False)


def test_nothing_is_cut_off_and_nothing_stays_english(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    monkeypatch.setenv("NO_COLOR", "1")
    console.language = PSEUDO
    fields = status_fields(status())
    console.show(StatusReport(**fields))
    console.show(WithdrawReport(withdrawn=1, **fields))
    listed: list[Any] = [{**one, "state": "listed", "platforms": []} for one in fields["items"]]
    gone: list[Any] = [{**one, "state": "withdrawn", "platforms": []} for one in fields["items"]]
    for rows in (listed, gone):
        console.show(StatusReport(received="2026-01-01", expires="2027-01-01", items=rows))
    items = [item(pdq("a"), pdq("b", variant="flipx"), pdq("c", variant="crop:left:6")), item(pdq("d"))]
    for note in (*preview_of_items(INTAKE, items, DECLARATION).notes(), *preview_of_sealed(INTAKE, 12345).notes()):
        console.say(note)
    show_case_number(str(CaseNumber.draw()))
    receipt = ReceiptRow(day="2026-01-01", expires="2027-01-01")
    console.show(SubmitReport(destination="x", case_number=None, receipt=receipt, status_command="takedown status -"))

    text = screen.getvalue()
    lines = [line for line in text.splitlines() if "takedown status" not in line]
    assert len(lines) > 60
    assert max(map(len, lines)) <= COLUMNS
    assert text.count("⟦") == text.count("⟧")
    # What stands outside of every bracket is data, an indentation or a command.
    outside, depth = "", 0
    for sign in text:
        depth += (sign == "⟦") - (sign == "⟧")
        outside += sign if depth == 0 and sign != "⟧" else ""
    left = re.sub(r"takedown status -|[\s,]", "", outside)
    assert left == ""
