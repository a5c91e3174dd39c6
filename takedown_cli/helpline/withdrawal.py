"""Taking one caller's case back: at the intake that has it, then in the ledger.

It guarantees that the ledger says withdrawn only once the intake has said so, or was never contacted.
It must never touch another caller's case.
"""

from __future__ import annotations

from collections import deque

from takedown_cli.case import CaseNumber
from takedown_cli.errors import NoSuchCaseError, UsageError
from takedown_cli.helpline.ledger import Ledger
from takedown_cli.helpline.ledger.entry import Act, Entry
from takedown_cli.helpline.ledger.locks import Session
from takedown_cli.helpline.run.outbox import Connect


def take_back(ledger: Ledger, item: int, connect: Connect) -> int | None:
    """Withdraw the case; how many items that were, None when nothing of it can have been sent.

    Raises UsageError while a run works on it, UnreachableError, UntrustedIntakeError; NoSuchCaseError when the intake
    forgot a case that it had taken.
    """
    count: int | None = None
    with Session(ledger.path) as session:
        entry = _kept_from_runs(ledger, session, item)
        if entry.contacted and entry.number is not None:
            try:
                with connect(entry.intake) as client:
                    count = client.withdraw(CaseNumber.parse(entry.number)).withdrawn or 0
            except NoSuchCaseError:
                if entry.acknowledged:
                    raise
        with ledger.turn() as turn:
            turn.add(Act.WITHDRAWN, item)
    return count


def _kept_from_runs(ledger: Ledger, session: Session, item: int) -> Entry:
    """The case as it stands now, claimed as by a run where work is left: none can send it while it is taken back."""
    with ledger.turn() as turn:
        entry = turn.state.entries.get(item)
        if entry is None:
            raise UsageError("The case was forgotten in the meantime.")
        if entry.open and not ledger.claim(turn, session, deque([item]), 1):
            raise UsageError("Somebody is at work on this case now.", hint="Wait until their run is over.")
    return entry
