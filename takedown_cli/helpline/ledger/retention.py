"""Removes old cases from the ledger, by rewriting the file without them. It does not withdraw them at the intake."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import TYPE_CHECKING

from takedown_cli.helpline.case import CaseState
from takedown_cli.helpline.ledger.entry import Entry

if TYPE_CHECKING:
    from takedown_cli.helpline.ledger import Ledger, LedgerState


def closed_before(state: LedgerState, days: int, today: str) -> list[Entry]:
    """Return the closed cases without a change in the last ``days`` before ``today`` (YYYY-MM-DD)."""
    limit = (date.fromisoformat(today) - timedelta(days=days)).isoformat()
    return [
        entry
        for entry in state.entries.values()
        if not entry.open and entry.leaving is None and entry.history[-1][0] <= limit
    ]


def count_withdrawn(entries: Iterable[Entry]) -> int:
    """Return how many of these callers withdrew, or asked to."""
    return sum(_withdrew(entry) for entry in entries)


def forget_entries(ledger: Ledger, items: Iterable[int], *, completely: bool = False) -> None:
    """Remove these cases by rewriting the file. If that fails, nothing is forgotten. Raise what ``compact`` raises.

    Of callers who withdrew, a digest of the reference stays, so that they are not sent again; not so ``completely``.
    """
    without = frozenset(items)

    def digests(state: LedgerState) -> set[str]:
        gone = [state.entries[item] for item in without if item in state.entries]
        if completely:
            return state.withdrew - {ledger.digests.of_reference(entry.reference) for entry in gone}
        return state.withdrew | {ledger.digests.of_reference(entry.reference) for entry in gone if _withdrew(entry)}

    ledger.compact(always=True, without=without, withdrew=digests)


def forget_withdrawn(ledger: Ledger, digest: str) -> None:
    """Remove the digest that stayed of a forgotten caller who withdrew. Raise what ``compact`` raises."""
    ledger.compact(always=True, withdrew=lambda state: state.withdrew - {digest})


def _withdrew(entry: Entry) -> bool:
    return entry.state is CaseState.WITHDRAWN or entry.leaving is not None
