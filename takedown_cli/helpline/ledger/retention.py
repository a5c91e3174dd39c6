"""Removes old cases from the ledger, by rewriting the file without them. It does not withdraw them at the intake."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import TYPE_CHECKING

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


def forget_entries(ledger: Ledger, items: Iterable[int]) -> None:
    """Remove these cases by rewriting the file. If that fails, nothing is forgotten. Raise what ``compact`` raises."""
    ledger.compact(always=True, without=frozenset(items))
