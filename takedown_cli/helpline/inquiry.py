"""What platforms said about every case, asked of the intakes in one go, with several connections.

It guarantees that what was learnt is in the ledger even when an intake goes away in the middle.
It must never ask about a case whose number the helpline does not have.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from takedown_cli.case import CaseNumber
from takedown_cli.errors import NoSuchCaseError, TakedownError
from takedown_cli.helpline.ledger.entry import Act, Entry
from takedown_cli.helpline.nouns import State
from takedown_cli.helpline.run.outbox import Connect

if TYPE_CHECKING:
    from takedown_cli.helpline.ledger import Ledger, Turn
    from takedown_cli.submit.client import IntakeClient
    from takedown_cli.wire import CaseStatus

_IN_A_TURN: Final = 32
_GONE: Final = "The intake does not know this case any more."


@dataclass(frozen=True, slots=True)
class Learnt:
    """How many cases were asked about, and the error that ended the asking, if one did."""

    asked: int
    error: TakedownError | None


def ask_all(ledger: Ledger, connect: Connect, threads: int) -> Learnt:
    """Ask about every case that was sent, also in part before the rest was refused, and write down what is new."""
    wanted = [
        entry
        for entry in ledger.state().entries.values()
        if entry.state in {State.SENT, State.REFUSED} and entry.acknowledged and entry.number is not None
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
    return Learnt(asked, error)


def _answers(
    wanted: list[Entry], connect: Connect, threads: int
) -> Iterator[tuple[int, CaseStatus | None] | TakedownError]:
    """The answers as they come, None for a case that the intake does not know; an error is the last."""
    own = threading.local()
    with ExitStack() as doors, ThreadPoolExecutor(threads) as pool:

        def ask(entry: Entry) -> tuple[int, CaseStatus | None]:
            clients: dict[str, IntakeClient] = own.__dict__.setdefault("clients", {})
            if entry.intake not in clients:
                clients[entry.intake] = doors.enter_context(connect(entry.intake))
            try:
                return entry.item, clients[entry.intake].status(CaseNumber.parse(entry.number or ""))
            except NoSuchCaseError:
                return entry.item, None

        try:
            for done in as_completed([pool.submit(ask, entry) for entry in wanted]):
                yield done.result()
        except TakedownError as error:
            pool.shutdown(wait=False, cancel_futures=True)
            yield error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _write(ledger: Ledger, answers: Iterable[tuple[int, CaseStatus | None]]) -> None:
    with ledger.turn() as turn:
        for item, status in answers:
            entry = turn.state.entries.get(item)
            if entry is not None:
                record(turn, entry, status)


def record(turn: Turn, entry: Entry, status: CaseStatus | None) -> None:
    """Write down what an intake said of a case, if it is new."""
    if status is None:
        if entry.reason != _GONE:
            turn.add(Act.GONE, entry.item, why=_GONE)
        return
    if status.items and all(item.state == "withdrawn" for item in status.items):
        turn.add(Act.WITHDRAWN, entry.item)
        return
    said = answers_of(status)
    known = {key: values[0] for key, values in entry.answers.items()}
    new = {f"{state} {platform}": items for platform, state, items, _ in said}
    if new != known or (status.received, status.expires) != (entry.sent, entry.expires):
        turn.add(Act.ANSWERED, entry.item, answers=said, received=status.received, expires=status.expires)


def answers_of(status: CaseStatus) -> list[list[Any]]:
    """Platform, state, number of items, and the first day of it, for each that was said."""
    counts: Counter[tuple[str, str]] = Counter()
    days: dict[tuple[str, str], str] = {}
    for item in status.items:
        for answer in item.platforms:
            key = (answer.platform, answer.state)
            counts[key] += 1
            days[key] = min(days.get(key, answer.day), answer.day)
    return [[platform, state, items, days[platform, state]] for (platform, state), items in sorted(counts.items())]
