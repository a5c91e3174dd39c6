"""One caller's case is withdrawn, by its number in the ledger."""

from __future__ import annotations

from tests.cli.commands.batch.desk import LEDGER, Desk
from tests.cli.documents import published


def test_the_old_name_of_entry_still_works_and_help_does_not_show_it(shift: Desk) -> None:
    assert shift("batch", "run", "callers.csv", "--yes", *LEDGER).code == 3
    for option, entry in (("--entry", "1"), ("--item", "2")):
        done = shift("batch", "withdraw", option, entry, "--yes", "--json", *LEDGER)
        assert done.code == 0, done.said
        assert published(done.out)["item"] == int(entry)
    assert shift("batch", "withdraw", "--entry", "1", "--item", "1", "--yes", *LEDGER).code == 2
    for command in ("withdraw", "slips", "forget"):
        shown = shift("batch", command, "--help").out
        assert b"--entry" in shown
        assert b"--item" not in shown
