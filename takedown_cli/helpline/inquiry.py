"""What the intakes know about the cases of a caseload: the answers of platforms, and cases that the ledger lost."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from takedown_cli.core.errors import NoSuchCaseError, TakedownError
from takedown_cli.helpline.case import CaseState
from takedown_cli.helpline.connect import Connect, Intake
from takedown_cli.helpline.ledger.entry import Act, Entry
from takedown_cli.helpline.run.outbox import WAKE_SECONDS
from takedown_cli.protocol.case_number import CaseNumber

if TYPE_CHECKING:
    from takedown_cli.helpline.ledger import Ledger, LedgerTransaction
    from takedown_cli.protocol.wire import CaseStatus

_IN_A_TURN: Final = 32
_GONE: Final = "The intake does not know this case any more."


@dataclass(frozen=True, slots=True)
class Inquiry:
    """How many cases were asked about, and the error that ended the inquiry, if one did."""

    asked: int
    error: TakedownError | None


def ask_about_cases(ledger: Ledger, connect: Connect, threads: int) -> Inquiry:
    """Ask about every case that was sent, even in part, and write the new answers to the ledger.

    An error ends the inquiry. The answers before it are in the ledger.
    """
    wanted = [
        entry
        for entry in ledger.cases()
        if entry.state in {CaseState.SENT, CaseState.REFUSED} and entry.acknowledged and entry.number is not None
    ]
    waiting: list[tuple[int, CaseStatus | None]] = []
    asked, error = 0, None
    for answer in _answers(wanted, connect, threads):
        if isinstance(answer, TakedownError):
            error = answer
            break
        asked += 1
        waiting.append(answer)
        if len(waiting) == _IN_A_TURN:
            _write(ledger, waiting)
            waiting = []
    _write(ledger, waiting)
    return Inquiry(asked, error)


def _answers(
    wanted: list[Entry], connect: Connect, threads: int
) -> Iterator[tuple[int, CaseStatus | None] | TakedownError]:
    """Yield the answers as they come, or None for a case that the intake does not know. An error is the last value."""
    own = threading.local()
    with ExitStack() as doors, ThreadPoolExecutor(threads) as pool:

        def ask(entry: Entry) -> tuple[int, CaseStatus | None]:
            intakes: dict[str, Intake] = own.__dict__.setdefault("intakes", {})
            if entry.intake not in intakes:
                intakes[entry.intake] = doors.enter_context(connect(entry.intake))
            try:
                return entry.item, intakes[entry.intake].status(CaseNumber.parse(entry.number or ""))
            except NoSuchCaseError:
                return entry.item, None

        try:
            waiting = {pool.submit(ask, entry) for entry in wanted}
            while waiting:
                done, waiting = wait(waiting, WAKE_SECONDS, FIRST_COMPLETED)
                yield from (each.result() for each in done)
        except BaseException as error:
            pool.shutdown(wait=False, cancel_futures=True)
            if not isinstance(error, TakedownError):
                raise
            yield error


def _write(ledger: Ledger, answers: Iterable[tuple[int, CaseStatus | None]]) -> None:
    with ledger.transaction() as transaction:
        for item, status in answers:
            entry = transaction.state.entries.get(item)
            if entry is not None:
                record(transaction, entry, status)


def record(transaction: LedgerTransaction, entry: Entry, status: CaseStatus | None) -> None:
    """Record an intake's answer about a case, if it is new."""
    if status is None:
        if entry.reason != _GONE:
            transaction.add(Act.GONE, entry.item, why=_GONE)
        return
    if status.items and all(item.state == "withdrawn" for item in status.items):
        transaction.add(Act.WITHDRAWN, entry.item)
        return
    said = answers_of(status)
    known = {key: values[0] for key, values in entry.answers.items()}
    new = {f"{state} {platform}": items for platform, state, items, _ in said}
    if new != known or (status.received, status.expires) != (entry.sent, entry.expires):
        transaction.add(Act.ANSWERED, entry.item, answers=said, received=status.received, expires=status.expires)


def answers_of(status: CaseStatus) -> list[list[Any]]:
    """Return for each answer the platform, the state, the number of items and the first day."""
    counts: Counter[tuple[str, str]] = Counter()
    days: dict[tuple[str, str], str] = {}
    for item in status.items:
        for answer in item.platforms:
            key = (answer.platform, answer.state)
            counts[key] += 1
            days[key] = min(days.get(key, answer.day), answer.day)
    return [[platform, state, items, days[platform, state]] for (platform, state), items in sorted(counts.items())]


def reconcile_with_intakes(ledger: Ledger, connect: Connect) -> int:
    """Ask about every case that the ledger lists as unsent. Return how many of them an intake has.

    This is for a ledger that lost its end. The next run hashes the folders of these cases again and adds to them.
    Otherwise the intake would refuse them as other cases with the same number. Raise UnreachableError,
    UntrustedIntakeError; then the next call asks again.
    """
    found = 0
    wanted = [e for e in ledger.cases() if e.open and not e.contacted and e.number is not None]
    for entry in wanted:
        try:
            with connect(entry.intake) as intake:
                status = intake.status(CaseNumber.parse(entry.number or ""))
        except NoSuchCaseError:
            continue
        found += 1
        with ledger.transaction() as transaction:
            known = {"items": len(status.items), "received": status.received, "expires": status.expires}
            transaction.add(Act.FOUND, entry.item, **known)
    with ledger.transaction() as transaction:
        transaction.note(Act.RECONCILED)
    return found
