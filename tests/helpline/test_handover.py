"""The note for the next shift shows entry numbers only, and a changed note is recognised."""

from __future__ import annotations

from pathlib import Path

import pytest

from takedown_cli.core.errors import BundleError
from takedown_cli.helpline import handover
from takedown_cli.intake.http.server import Running
from tests.helpline.ledgers import caller, opened, take_in
from tests.helpline.runs import Make, everyone, work
from tests.helpline.word_key import WordKey


def test_a_note_holds_entry_numbers_only_and_is_recognised(tmp_path: Path, intake: Running, folder_of: Make) -> None:
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, [*everyone(folder_of, 2), caller(3, tmp_path / "gone")], intake.address)
        work(ledger, intake.address)
        note = handover.make_note(ledger.state(), WordKey(), operator="Kim", day="2026-03-01")
        private = [case.reference for case in ledger.cases()] + [case.number or "" for case in ledger.cases()]
    assert [row["item"] for row in note["open"]] == [3]
    assert [row["item"] for row in note["changed"]] == [1, 2, 3]
    assert not any(word in repr(note) for word in (*private, str(tmp_path)))
    handover.verify_note(note, WordKey())
    for changed in ({**note, "cases": 9}, {**note, "seal": "00"}, {**note, "operator": float("nan")}):
        with pytest.raises(BundleError):
            handover.verify_note(changed, WordKey())
    with pytest.raises(BundleError):
        handover.verify_note(note, WordKey("another helpline"))
