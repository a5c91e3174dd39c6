"""A case is withdrawn at the intake and in the ledger, whatever was under way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from takedown_cli.api import Intake
from takedown_cli.core.errors import UnreachableError, UsageError
from takedown_cli.core.model import Outcome, Recipe
from takedown_cli.helpline import handover
from takedown_cli.helpline.case import CaseState
from takedown_cli.helpline.ledger import retention
from takedown_cli.helpline.ledger.entry import Act
from takedown_cli.helpline.ledger.locks import Session
from takedown_cli.helpline.run import Run, RunContext
from takedown_cli.helpline.run import folder as folders
from takedown_cli.helpline.slip import slips_due
from takedown_cli.helpline.withdrawal import Withdrawal, WithdrawalProgress, complete_withdrawals, withdraw_case
from takedown_cli.intake.http.server import Running
from takedown_cli.intake.store.tables import items
from takedown_cli.protocol.wire import Receipt
from tests.helpline.ledgers import DAY, caller, opened, take_in
from tests.helpline.runs import Make, connect, counts, everyone, hashers, ready_made, states, work
from tests.helpline.word_key import WordKey


class _Killed(BaseException):
    pass


def _item_states(intake: Running) -> set[str]:
    """Of all cases but the decoy, which comes first."""
    query = select(items.c.state).where(items.c.case_id > 1)
    return set(intake.intake.read(lambda c: c.scalars(query).all()))


def _fail(_: Outcome) -> None:
    raise UnreachableError


def test_what_a_run_works_on_is_neither_withdrawn_nor_forgotten(
    tmp_path: Path, intake: Running, folder_of: Make
) -> None:
    """The run of another operator began while this one was asked whether they are sure."""
    refused: list[bool] = []
    with opened(tmp_path / "ledger") as ledger, opened(tmp_path / "ledger", operator="second") as other:
        take_in(ledger, everyone(folder_of, 1), intake.address)

        def change_their_mind(_: Outcome) -> None:
            with pytest.raises(UsageError):
                withdraw_case(other, 1, connect)
            with pytest.raises(UsageError):
                retention.forget_entries(other, [1])
            refused.append(True)

        work(ledger, intake.address, change_their_mind)
        assert len(refused) == 2
        assert states(ledger) == [CaseState.SENT]
        assert withdraw_case(other, 1, connect) == Withdrawal(2, None)


def test_a_ready_made_bundle_that_is_not_sent_yet_can_be_held_back(
    tmp_path: Path, intake: Running, folder_of: Make
) -> None:
    """The intake goes away while it is sent: nobody has its number, so it is taken out of what is to be sent."""
    callers = []
    for number, sealed in enumerate((True, False, True), start=1):
        (tmp_path / f"{number}.tdb").write_bytes(ready_made(intake, folder_of(f"theirs{number}"), sealed=sealed))
        callers.append(caller(number, tmp_path / f"{number}.tdb"))

    @contextmanager
    def away(_: str) -> Iterator[Intake]:
        yield from ()
        raise UnreachableError

    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, callers, intake.address)
        with Session(ledger.path) as session, connect(intake.address) as client:
            context = RunContext(WordKey(), Recipe(), hashers, away, {intake.address: client.card()}, DAY)
            with pytest.raises(UnreachableError):
                Run(ledger, session, context).go()
        assert states(ledger) == [CaseState.READY] * 3
        for item in (1, 2):
            assert withdraw_case(ledger, item, away) == Withdrawal(None, None, maybe_sent=True)
        work(ledger, intake.address)
        assert states(ledger) == [CaseState.WITHDRAWN, CaseState.WITHDRAWN, CaseState.SENT]
        assert counts(intake)[0] == 1
        assert "only the person who made the bundle" in (ledger.cases()[0].reason or "")
        with pytest.raises(UsageError, match="does not have this case's number"):
            withdraw_case(ledger, 3, connect)
        assert take_in(ledger, callers, intake.address).known == 3
        assert work(ledger, intake.address) == set()


def test_while_a_case_is_withdrawn_no_run_sends_it(tmp_path: Path, intake: Running, folder_of: Make) -> None:
    touched: list[set[int]] = []
    with opened(tmp_path / "ledger") as ledger, opened(tmp_path / "ledger", operator="second") as other:
        take_in(ledger, everyone(folder_of, 2), intake.address)
        with pytest.raises(UnreachableError):
            work(ledger, intake.address, _fail)
        assert ledger.state().entries[1].open

        @contextmanager
        def meanwhile(address: str) -> Iterator[Intake]:
            touched.append(work(other, intake.address))
            with connect(address) as client:
                yield client

        with ledger.transaction() as transaction:
            values = {"items": 1, "unprotected": 0, "twice": 0, "reasons": {}, "covered": [], "seen": []}
            transaction.add(Act.HASHED, 1, bundle="never arrived", last=True, **values)
        assert withdraw_case(ledger, 1, meanwhile) == Withdrawal(None, "2026-03-03")
        assert touched == [{2}]
        assert ledger.state().entries[1].leaving == "2026-03-01"


@pytest.mark.parametrize("arrived", [0, 1])
def test_what_was_under_way_when_a_run_was_killed_is_withdrawn_when_it_arrives(
    arrived: int, tmp_path: Path, intake: Running, folder_of: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A first bundle, and one that adds to a case: the intake gets it after it was asked to take the case back."""
    monkeypatch.setattr(folders, "PART_FILES", 4)
    late: list[bytes] = []

    @contextmanager
    def cut_off(address: str) -> Iterator[Intake]:
        with connect(address) as client:
            arrives = client.submit

            def submit(message: bytes) -> Receipt:
                if counts(intake)[1] == arrived:
                    late.append(message)
                    raise _Killed
                return arrives(message)

            monkeypatch.setattr(client, "submit", submit)
            yield client

    with opened(tmp_path / "ledger") as ledger, connect(intake.address) as client:
        take_in(ledger, [caller(1, folder_of("1", 6))], intake.address)
        with Session(ledger.path) as session:
            run = Run(
                ledger,
                session,
                RunContext(WordKey(), Recipe(), hashers, cut_off, {intake.address: client.card()}, DAY),
            )
            with pytest.raises(_Killed):
                run.go()
        assert withdraw_case(ledger, 1, connect) == Withdrawal(4 * arrived or None, "2026-03-03")
        assert work(ledger, intake.address) == set()
        client.submit(late[0])  # now it comes
        assert "listed" in _item_states(intake)
        assert complete_withdrawals(ledger, connect) == WithdrawalProgress(0, 1)
        assert _item_states(intake) == {"withdrawn"}
    with opened(tmp_path / "ledger", day="2026-03-03") as ledger:
        assert complete_withdrawals(ledger, connect) == WithdrawalProgress(1, 0)
        assert states(ledger) == [CaseState.WITHDRAWN]


def test_a_case_is_withdrawn_once_the_intake_is_there_again(tmp_path: Path, intake: Running, folder_of: Make) -> None:
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, everyone(folder_of, 1), intake.address)
        work(ledger, intake.address)
        with pytest.raises(UnreachableError):
            withdraw_case(ledger, 1, lambda _: connect("http://127.0.0.1:9"))
        assert states(ledger) == [CaseState.SENT]
        assert [
            row["item"] for row in handover.make_note(ledger.state(), WordKey(), operator="K", day=DAY)["open"]
        ] == [1]
        assert retention.closed_before(ledger.state(), 0, "2027-01-01") == []
        assert not slips_due(ledger.cases()).slips
        assert complete_withdrawals(ledger, connect) == WithdrawalProgress(1, 0)
        assert states(ledger) == [CaseState.WITHDRAWN]
