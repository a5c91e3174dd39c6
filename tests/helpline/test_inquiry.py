"""What the intakes say about cases reaches the ledger."""

from __future__ import annotations

from concurrent import futures
from pathlib import Path
from typing import Any

import pytest

from takedown_cli.helpline import inquiry
from takedown_cli.helpline.case import CaseState
from takedown_cli.helpline.inquiry import ask_about_cases, reconcile_with_intakes
from takedown_cli.helpline.ledger.entry import Act
from takedown_cli.helpline.ledger.file import LedgerFile
from takedown_cli.helpline.withdrawal import Withdrawal, withdraw_case
from takedown_cli.intake.http.server import Running
from tests.helpline.ledgers import opened, take_in
from tests.helpline.runs import Make, connect, counts, everyone, states, work
from tests.intake.person import Platform


def test_a_lost_end_of_the_ledger_is_noticed_and_asked_about(tmp_path: Path, intake: Running, folder_of: Make) -> None:
    """The entry of a bundle that the intake has is damaged: the case is gone on with, on whichever day."""
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, everyone(folder_of, 3), intake.address)
        sizes = [(tmp_path / "ledger").stat().st_size]
        assert not ledger.state().torn
        append = LedgerFile.append

        def watched(file: LedgerFile, plain: bytes) -> None:
            append(file, plain)
            if b'"hashed"' in plain:
                sizes.append((tmp_path / "ledger").stat().st_size)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(LedgerFile, "append", watched)
            work(ledger, intake.address)
    assert counts(intake) == (3, 3, 6)
    data = (tmp_path / "ledger").read_bytes()[: sizes[-1]]
    (tmp_path / "ledger").write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with opened(tmp_path / "ledger", day="2026-03-04") as ledger:
        assert ledger.state().torn
    with opened(tmp_path / "ledger", day="2026-03-04") as ledger:  # told until it is asked about, not only once
        assert ledger.state().torn
        assert reconcile_with_intakes(ledger, connect) > 0
        assert not ledger.state().torn
        work(ledger, intake.address)
        assert states(ledger) == [CaseState.SENT] * 3
    assert counts(intake)[0] == 3


def test_ctrl_c_is_heard_on_windows_while_intakes_are_asked(
    tmp_path: Path, intake: Running, folder_of: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float | None] = []
    usual = futures.wait

    def wait(pending: Any, timeout: float | None, return_when: str) -> Any:
        waits.append(timeout)
        return usual(pending, timeout, return_when)

    monkeypatch.setattr(inquiry, "wait", wait)
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, everyone(folder_of, 2), intake.address)
        work(ledger, intake.address)
        assert ask_about_cases(ledger, connect, 2).asked == 2
    assert waits
    assert all(timeout is not None and timeout <= 0.25 for timeout in waits)


def test_what_platforms_say_is_kept_and_marked_as_new(tmp_path: Path, intake: Running, folder_of: Make) -> None:
    platform = Platform(intake.origin, intake.add_participant("Example Platform"))
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, everyone(folder_of, 3), intake.address)
        work(ledger, intake.address)
        with ledger.transaction() as transaction:
            transaction.note(Act.SHOWN)
        listed = platform.pull()
        assert ask_about_cases(ledger, connect, 2).asked == 3
        state = ledger.state()
        assert [entry.changed > state.shown for entry in state.entries.values()] == [True] * 3
        assert {(answer.state, answer.items) for case in ledger.cases() for answer in case.platform_answers} == {
            ("seen", 2)
        }
        with ledger.transaction() as transaction:
            transaction.note(Act.SHOWN)
        ask_about_cases(ledger, connect, 2)
        state = ledger.state()
        assert not any(entry.changed > state.shown for entry in state.entries.values())
        entry = state.entries[2]
        assert entry.number is not None
        count = withdraw_case(ledger, entry.item, connect)
        assert count == Withdrawal(2, None)
        assert states(ledger) == [CaseState.SENT, CaseState.WITHDRAWN, CaseState.SENT]
        again = platform.pull()
        assert sum(record["hashStatus"] == "Withdrawn" for record in again.values()) == len(listed) / 3


def test_a_case_whose_later_part_was_refused_is_asked_about(tmp_path: Path, intake: Running, folder_of: Make) -> None:
    platform = Platform(intake.origin, intake.add_participant("Example Platform"))
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, everyone(folder_of, 1), intake.address)
        work(ledger, intake.address)
        with ledger.transaction() as transaction:
            transaction.add(Act.REFUSED, 1, why="No.")
        platform.pull()
        assert ask_about_cases(ledger, connect, 1).asked == 1
        assert {answer.state for case in ledger.cases() for answer in case.platform_answers} == {"seen"}
        assert states(ledger) == [CaseState.REFUSED]
