"""Callers are enrolled once, and new files of theirs are found."""

from __future__ import annotations

from pathlib import Path

from takedown_cli import fixtures
from takedown_cli.helpline.case import CaseState
from takedown_cli.intake.http.server import Running
from tests.helpline.ledgers import caller, opened, take_in
from tests.helpline.runs import Make, counts, everyone, make_folder, work


def test_what_came_into_a_folder_later_is_found_and_added_to_the_same_case(
    tmp_path: Path, intake: Running, folder_of: Make
) -> None:
    """To one that was sent and to one in which there was nothing; a file that was only touched is not sent again."""
    empty = make_folder(tmp_path / "empty")
    callers = [*everyone(folder_of, 2), caller(3, empty)]
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, callers, intake.address)
        work(ledger, intake.address)
        numbers = [case.number for case in ledger.cases()]
        assert take_in(ledger, callers, intake.address).grown == ()
        fixtures.picture(91, (320, 240)).save(callers[0].source / "later.png")
        fixtures.picture(92, (320, 240)).save(empty / "later.png")
        (callers[0].source / "0.jpg").touch()
        grown = take_in(ledger, callers, intake.address).grown
        assert [(one.item, one.files) for one in grown] == [(1, 2), (3, 1)]
        assert work(ledger, intake.address) == set()
        take_in(ledger, callers, intake.address, add=True)
        assert work(ledger, intake.address) == {1, 3}
        assert [(case.state, case.items) for case in ledger.cases()] == [(CaseState.SENT, n) for n in (3, 2, 1)]
        assert [case.number for case in ledger.cases()] == numbers
        assert take_in(ledger, callers, intake.address).grown == ()
    assert counts(intake) == (3, 4, 6)
