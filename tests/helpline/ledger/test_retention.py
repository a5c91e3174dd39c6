"""Only closed cases that are old enough are forgotten."""

from __future__ import annotations

from pathlib import Path

from takedown_cli.helpline.ledger import retention
from takedown_cli.intake.http.server import Running
from tests.helpline.ledgers import caller, opened, take_in
from tests.helpline.runs import Make, everyone, work


def test_only_closed_cases_that_are_old_enough_are_forgotten(tmp_path: Path, intake: Running, folder_of: Make) -> None:
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, [*everyone(folder_of, 2), caller(3, tmp_path / "gone")], intake.address)
        work(ledger, intake.address)
        assert retention.closed_before(ledger.state(), 30, "2026-03-20") == []
        old = retention.closed_before(ledger.state(), 30, "2026-03-31")
        assert [entry.item for entry in old] == [1, 2]
        retention.forget_entries(ledger, [1])
        assert [case.item for case in ledger.cases()] == [2, 3]
