"""After the end of a ledger was lost: what the intakes have that the ledger does not know any more.

It guarantees that a case which an intake has is gone on with, not refused as another under the same number.
It must never take a case for sent because a part of it was.
"""

from __future__ import annotations

from takedown_cli.case import CaseNumber
from takedown_cli.errors import NoSuchCaseError
from takedown_cli.helpline.ledger import Ledger
from takedown_cli.helpline.ledger.entry import Act
from takedown_cli.helpline.run.outbox import Connect


def reconcile(ledger: Ledger, connect: Connect) -> int:
    """Ask about every caller of whom nothing was sent as far as the ledger knows; of how many an intake has something.

    Their folder is hashed again by the next run, which adds to the case. Raises UnreachableError, UntrustedIntakeError;
    then the next call asks again.
    """
    found = 0
    wanted = [e for e in ledger.state().entries.values() if e.open and not e.contacted and e.number is not None]
    for entry in wanted:
        try:
            with connect(entry.intake) as client:
                status = client.status(CaseNumber.parse(entry.number or ""))
        except NoSuchCaseError:
            continue
        found += 1
        with ledger.turn() as turn:
            known = {"items": len(status.items), "received": status.received, "expires": status.expires}
            turn.add(Act.FOUND, entry.item, **known)
    with ledger.turn() as turn:
        turn.note(Act.RECONCILED)
    return found
