"""Notes for the next shift, and what changed since."""

from __future__ import annotations

from tests.cli.commands.batch.desk import LEDGER, Desk


def test_a_note_that_cannot_be_written_leaves_everything_new(desk: Desk) -> None:
    def new() -> int:
        return len(desk("batch", "handover", "--json", *LEDGER, "-o", "note.json", "--force").document()["changed"])

    new()
    assert desk("batch", "slips", "-o", "once more", "--entry", "3", *LEDGER).code == 0
    assert desk("batch", "handover", "-o", "no/such/place/note.json", *LEDGER).code == 2
    assert new() == 1
    assert new() == 0


def test_a_note_shows_what_happened_since_also_on_the_same_day_and_to_cases_it_does_not_name(shift: Desk) -> None:
    assert shift("batch", "run", "callers.csv", "--yes", *LEDGER).code == 3
    first = shift("batch", "handover", *LEDGER).out
    assert b"Nothing needs attention." in first
    assert b"New since the last note (3):" in first
    assert b"Nothing is new since the last note." in shift("batch", "handover", "-o", "note", *LEDGER).out
    assert b"Nothing is new since then." in shift("batch", "handover", "--verify", "note", *LEDGER).out
    assert shift("batch", "withdraw", "--entry", "2", "--yes", *LEDGER).code == 0
    assert b"New since then: entry 2." in shift("batch", "handover", "--verify", "note", *LEDGER).out
    assert shift("batch", "slips", "-o", "slips", *LEDGER).code == 0
    since = shift("batch", "handover", "--verify", "note", "--json", *LEDGER)
    assert since.document()["changed_since"] == [1, 2]
