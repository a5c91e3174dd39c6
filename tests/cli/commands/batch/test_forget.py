"""What the ledger forgets, and what it does not: that a caller withdrew."""

from __future__ import annotations

from tests.cli.commands.batch.desk import LEDGER, Desk, in_one_line
from tests.cli.documents import published


def test_a_caller_who_withdrew_is_not_sent_again_unless_asked(shift: Desk) -> None:
    run = ("batch", "run", "callers.csv", "--yes", *LEDGER)
    assert shift(*run).code == 3
    reference = shift("batch", "status", "--offline", "--all", "--show-references", "--json", *LEDGER).document()[
        "cases"
    ][0]["reference"]
    assert shift("batch", "withdraw", "--reference", "-", "--yes", *LEDGER, stdin=reference).code == 0
    forgotten = shift("batch", "forget", "--reference", "-", "--yes", *LEDGER, stdin=reference)
    assert forgotten.code == 0, forgotten.said
    assert "A mark stays of 1 caller who withdrew" in in_one_line(forgotten)
    assert "\n  takedown batch forget --reference - --completely\n" in forgotten.said
    for more in ((), ("--dry-run",)):
        again = shift(*run, *more)
        assert "1 caller withdrew earlier, and nothing of theirs is sent: row 2." in in_one_line(again)
        assert published(shift(*run, *more, "--json").out)["withdrew"] == [2]
    assert len(shift("batch", "status", "--offline", "--all", "--json", *LEDGER).document()["cases"]) == 2
    wiped = shift("batch", "forget", "--reference", "-", "--completely", "--yes", "--json", *LEDGER, stdin=reference)
    assert published(wiped.out) == {
        "schema": "takedown.batch.forget", "version": 1, "forgotten": 0, "still_at_the_intake": 0, "marks": 0,
    }  # fmt: skip
    # A second time there is nothing left to forget.
    ended = shift("batch", "forget", "--reference", "-", "--completely", "--yes", *LEDGER, stdin=reference)
    assert ended.code == 2
    assert "withdrew" not in shift(*run, "--dry-run").said
    assert published(shift(*run, "--json").out)["withdrew"] == []
    assert len(shift("batch", "status", "--offline", "--all", "--json", *LEDGER).document()["cases"]) == 3
