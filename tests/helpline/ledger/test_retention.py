"""Only closed cases that are old enough are forgotten, and that somebody withdrew is not forgotten with the case."""

from __future__ import annotations

from pathlib import Path

import pytest

from takedown_cli.core.errors import LedgerError
from takedown_cli.helpline.ledger import LedgerState, retention
from takedown_cli.helpline.ledger.entry import Act
from takedown_cli.helpline.withdrawal import withdraw_case
from takedown_cli.intake.http.server import Running
from tests.helpline.ledgers import caller, opened, take_in
from tests.helpline.runs import Make, connect, counts, everyone, work


def test_only_closed_cases_that_are_old_enough_are_forgotten(tmp_path: Path, intake: Running, folder_of: Make) -> None:
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, [*everyone(folder_of, 2), caller(3, tmp_path / "gone")], intake.address)
        work(ledger, intake.address)
        assert retention.closed_before(ledger.state(), 30, "2026-03-20") == []
        old = retention.closed_before(ledger.state(), 30, "2026-03-31")
        assert [entry.item for entry in old] == [1, 2]
        retention.forget_entries(ledger, [1])
        assert [case.item for case in ledger.cases()] == [2, 3]


def test_a_caller_who_withdrew_is_not_sent_again(tmp_path: Path, intake: Running, folder_of: Make) -> None:
    callers = everyone(folder_of, 3)
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, callers, intake.address)
        work(ledger, intake.address)
        withdraw_case(ledger, 1, connect)
        retention.forget_entries(ledger, [1, 2])
    with opened(tmp_path / "ledger") as ledger, opened(tmp_path / "ledger", operator="second") as other:
        found = take_in(ledger, [caller(1, callers[0].source, reference="REFERENCE_1"), *callers[1:]], intake.address)
        assert (found.new, found.known, found.withdrew) == (1, 1, (1,))
        work(ledger, intake.address)
        assert counts(intake)[0] == 4
        ledger.compact(always=True)  # a rewritten ledger still knows it
        assert other.state().withdrawn_digest("reference-1") is not None
        assert other.state().withdrawn_digest("reference-2") is None
        # Once the caller wants to be protected again, nothing is left of the withdrawal.
        assert take_in(other, callers, intake.address, again=True).new == 1
        assert ledger.state().withdrawn_digest("reference-1") is None
        assert ledger.state().withdrew == set()


def test_forgetting_completely_leaves_nothing(tmp_path: Path, folder_of: Make) -> None:
    callers = everyone(folder_of, 2)
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, callers)
        for item in (1, 2):
            withdraw_case(ledger, item, connect)  # nothing was sent yet, so nobody is asked
        retention.forget_entries(ledger, [1], completely=True)
        retention.forget_entries(ledger, [2])
        (digest,) = ledger.state().withdrew
        assert "reference" not in digest
        retention.forget_withdrawn(ledger, digest)
        assert take_in(ledger, callers).new == 2


def test_another_organisation_has_other_digests(tmp_path: Path) -> None:
    with opened(tmp_path / "one") as one, opened(tmp_path / "two", word="another") as two:
        assert one.digests.of_reference("A-1") == one.digests.of_reference("a 1")
        assert one.digests.of_reference("A-1") != two.digests.of_reference("A-1")
        assert one.digests.slip_mark != two.digests.slip_mark


def test_an_earlier_version_refuses_only_a_ledger_that_knows_of_a_withdrawal() -> None:
    """It would send the caller again. A ledger without one has the acts that it always had."""
    assert [record["a"] for record in LedgerState().records()] == [Act.BEGUN]
    first, second = LedgerState(withdrew={"00"}).records()
    assert (first["a"], second["a"]) == (Act.BEGUN, Act.WITHDREW)
    with pytest.raises(LedgerError, match="newer version"):
        LedgerState().take({"a": "an act of tomorrow"})
