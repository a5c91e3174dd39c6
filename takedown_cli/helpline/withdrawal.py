"""Taking one caller's case back: at the intake that has it, then in the ledger.

It guarantees that the ledger says withdrawn only once the intake has said so, or was never contacted.
It must never touch another caller's case.
"""

from __future__ import annotations

from takedown_cli.case import CaseNumber
from takedown_cli.errors import NoSuchCaseError
from takedown_cli.helpline.ledger import Ledger
from takedown_cli.helpline.ledger.entry import Act, Entry
from takedown_cli.helpline.run.outbox import Connect


def take_back(ledger: Ledger, entry: Entry, connect: Connect) -> int | None:
    """Withdraw the case; how many items that were, None when nothing of it can have been sent.

    Raises UnreachableError, UntrustedIntakeError; NoSuchCaseError when the intake forgot a case that it had taken.
    """
    count: int | None = None
    if entry.contacted and entry.number is not None:
        try:
            with connect(entry.intake) as client:
                count = client.withdraw(CaseNumber.parse(entry.number)).withdrawn or 0
        except NoSuchCaseError:
            if entry.acknowledged:
                raise
    with ledger.turn() as turn:
        turn.add(Act.WITHDRAWN, entry.item)
    return count
