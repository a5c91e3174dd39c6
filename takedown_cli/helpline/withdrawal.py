"""Withdraws one caller's case, first at the intake and then in the ledger.

Once a withdrawal is requested, no run sends anything of the case. A part from an interrupted run may still arrive after
the first request. So the ledger says "withdrawn" only when the intake has confirmed it and nothing more can arrive. The
helpline does not have the case number of a bundle made elsewhere. If no intake has accepted that bundle yet, it is just
not sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from takedown_cli.core.errors import NoSuchCaseError, UsageError
from takedown_cli.helpline.connect import Connect
from takedown_cli.helpline.ledger import Ledger
from takedown_cli.helpline.ledger.entry import Act, Entry
from takedown_cli.protocol.case_number import CaseNumber

#: Days after which nothing can still be on its way. One is not enough: the first day may be almost over.
SETTLES: Final = 2
_LEAVING: Final = "It is being withdrawn. Nothing more of it is sent."
_NOT_SENT: Final = (
    "It is not sent. If an interrupted run had sent it, only the person who made the bundle can withdraw it."
)


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """``count`` is the number of withdrawn items, or None if the intake has no such case.

    Until ``again`` (a day, YYYY-MM-DD) a part may still arrive, so the intake is asked once more then. ``maybe_sent``:
    the bundle will not be sent, but an interrupted run may have sent it, and the helpline does not have its number.
    """

    count: int | None
    again: str | None
    maybe_sent: bool = False


@dataclass(frozen=True, slots=True)
class WithdrawalProgress:
    """How many withdrawals are complete now, and how many have to be requested again."""

    complete: int
    waiting: int


def require_case_number(entry: Entry) -> None:
    """Raise UsageError if an intake has the case but the helpline never had its number."""
    if entry.number is None and entry.acknowledged:
        raise UsageError(
            "The helpline does not have this case's number: the bundle was made elsewhere.",
            hint="The person who made it can withdraw it:\n  takedown withdraw -",
        )


def withdraw_case(ledger: Ledger, item: int, connect: Connect) -> Withdrawal:
    """Withdraw the case. If this is interrupted, ``complete_withdrawals`` continues it.

    Raises UsageError while a run works on the case or when the helpline has no number for it, UnreachableError,
    UntrustedIntakeError; NoSuchCaseError when the intake has forgotten a case that it had accepted.
    """
    with ledger.transaction() as transaction:
        entry = transaction.state.entries.get(item)
        if entry is None:
            raise UsageError("The case was forgotten in the meantime.")
        ledger.require_not_held(entry)
        require_case_number(entry)
        if entry.number is None and entry.pending:
            transaction.add(Act.WITHDRAWN, item, why=_NOT_SENT)
            return Withdrawal(None, None, maybe_sent=True)
        if entry.contacted and entry.leaving is None:
            transaction.add(Act.LEAVING, item, why=_LEAVING)
        elif not entry.contacted:
            transaction.add(Act.WITHDRAWN, item)
            return Withdrawal(None, None)
    count = _withdraw(entry, connect)
    if count is None and entry.acknowledged:
        raise NoSuchCaseError
    return Withdrawal(count, _finish(ledger, item))


def complete_withdrawals(ledger: Ledger, connect: Connect) -> WithdrawalProgress:
    """Request every incomplete withdrawal again. Raise UnreachableError, UntrustedIntakeError."""
    complete = waiting = 0
    for entry in [entry for entry in ledger.cases() if entry.leaving is not None]:
        _withdraw(entry, connect)
        if _finish(ledger, entry.item) is None:
            complete += 1
        else:
            waiting += 1
    return WithdrawalProgress(complete, waiting)


def _withdraw(entry: Entry, connect: Connect) -> int | None:
    if entry.number is None:
        return None
    try:
        with connect(entry.intake) as intake:
            return intake.withdraw(CaseNumber.parse(entry.number)).withdrawn or 0
    except NoSuchCaseError:
        return None


def _finish(ledger: Ledger, item: int) -> str | None:
    """Record that the case is withdrawn. If a part may still be on its way, return until which day instead."""
    with ledger.transaction() as transaction:
        entry = transaction.state.entries.get(item)
        if entry is None or entry.leaving is None:
            return None
        again = (date.fromisoformat(entry.leaving) + timedelta(days=SETTLES)).isoformat()
        if entry.pending and ledger.day < again:
            return again
        transaction.add(Act.WITHDRAWN, item)
        return None
