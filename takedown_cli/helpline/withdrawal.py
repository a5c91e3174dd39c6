"""Taking one caller's case back: at the intake that has it, then in the ledger.

It guarantees that once it is asked no run sends anything of the case, and that the ledger says withdrawn only when the
intake has said so and can get nothing more: what a run had sent when it was killed may arrive after the first asking.
A bundle made elsewhere has no number here: until an intake has taken it, it is only never sent.
It must never touch another caller's case.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from takedown_cli.case import CaseNumber
from takedown_cli.errors import NoSuchCaseError, UsageError
from takedown_cli.helpline.ledger import Ledger
from takedown_cli.helpline.ledger.entry import Act, Entry
from takedown_cli.helpline.run.outbox import Connect

#: Days after which nothing that was on its way can arrive any more; two, since the first may have but a minute left.
SETTLES: Final = 2
_LEAVING: Final = "It is being taken back; nothing more of it is sent."
_NOT_SENT: Final = (
    "It is not sent. If a run that was cut off had sent it, only whoever made the bundle can take it back."
)


@dataclass(frozen=True, slots=True)
class TakenBack:
    """``count`` items were withdrawn, None when the intake knows no such case; until ``again`` (a day, YYYY-MM-DD)
    something that was on its way may arrive, so it is asked once more then. ``maybe_sent``: it will not be sent, but a
    run that was cut off may have, and nobody here has its number."""

    count: int | None
    again: str | None
    maybe_sent: bool = False


@dataclass(frozen=True, slots=True)
class CarriedOut:
    """How many withdrawals are complete now, and how many have to be asked for again."""

    complete: int
    waiting: int


def refuse_unknown(entry: Entry) -> None:
    """Raises UsageError when an intake has the case and the helpline never had its number."""
    if entry.number is None and entry.acknowledged:
        raise UsageError(
            "The number of this case is not the helpline's: the bundle was made elsewhere.",
            hint="Whoever made it has the number: takedown withdraw -.",
        )


def take_back(ledger: Ledger, item: int, connect: Connect) -> TakenBack:
    """Withdraw the case. Whatever stops this, ``carry_out`` goes on with it.

    Raises UsageError while a run works on it or when nobody here has its number, UnreachableError,
    UntrustedIntakeError; NoSuchCaseError when the intake forgot a case that it had taken.
    """
    with ledger.turn() as turn:
        entry = turn.state.entries.get(item)
        if entry is None:
            raise UsageError("The case was forgotten in the meantime.")
        if ledger.is_held(entry):
            raise UsageError("Somebody is at work on this case now.", hint="Wait until their run is over.")
        refuse_unknown(entry)
        if entry.number is None and entry.pending:
            turn.add(Act.WITHDRAWN, item, why=_NOT_SENT)
            return TakenBack(None, None, maybe_sent=True)
        if entry.contacted and entry.leaving is None:
            turn.add(Act.LEAVING, item, why=_LEAVING)
        elif not entry.contacted:
            turn.add(Act.WITHDRAWN, item)
            return TakenBack(None, None)
    count = _withdraw(entry, connect)
    if count is None and entry.acknowledged:
        raise NoSuchCaseError
    return TakenBack(count, _finish(ledger, item))


def carry_out(ledger: Ledger, connect: Connect) -> CarriedOut:
    """Ask again for every withdrawal that is not complete. Raises UnreachableError, UntrustedIntakeError."""
    complete = waiting = 0
    for entry in [entry for entry in ledger.state().entries.values() if entry.leaving is not None]:
        _withdraw(entry, connect)
        if _finish(ledger, entry.item) is None:
            complete += 1
        else:
            waiting += 1
    return CarriedOut(complete, waiting)


def _withdraw(entry: Entry, connect: Connect) -> int | None:
    if entry.number is None:
        return None
    try:
        with connect(entry.intake) as client:
            return client.withdraw(CaseNumber.parse(entry.number)).withdrawn or 0
    except NoSuchCaseError:
        return None


def _finish(ledger: Ledger, item: int) -> str | None:
    """Write down that the case is withdrawn, unless something of it may be on its way: then until which day."""
    with ledger.turn() as turn:
        entry = turn.state.entries.get(item)
        if entry is None or entry.leaving is None:
            return None
        again = (date.fromisoformat(entry.leaving) + timedelta(days=SETTLES)).isoformat()
        if entry.pending and ledger.day < again:
            return again
        turn.add(Act.WITHDRAWN, item)
        return None
