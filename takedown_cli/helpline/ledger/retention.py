"""Forgetting: which cases are old enough, and taking them out of the ledger so that nothing of them is left in it.

It guarantees that the ledger's file is written anew without what was forgotten.
It must never forget a case on which work is left, unless it is named; nor does it take the case back from the intake.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import TYPE_CHECKING

from takedown_cli.errors import UsageError
from takedown_cli.helpline.ledger.entry import Act, Entry

if TYPE_CHECKING:
    from takedown_cli.helpline.ledger import Ledger, State


def older_than(state: State, days: int, today: str) -> list[Entry]:
    """The closed cases with which nothing happened in the last ``days`` before ``today`` (YYYY-MM-DD)."""
    limit = (date.fromisoformat(today) - timedelta(days=days)).isoformat()
    return [entry for entry in state.entries.values() if _closed(entry) and entry.history[-1][0] <= limit]


def _closed(entry: Entry) -> bool:
    return not entry.open and entry.leaving is None


def forget(ledger: Ledger, items: Iterable[int]) -> None:
    """Take these cases out, and rewrite the file.

    Raises UsageError when a run works on one of them, since nobody would have the number of what it sends; OutputError.
    """
    with ledger.turn() as turn:
        for item in items:
            if (entry := turn.state.entries.get(item)) is not None:
                if ledger.is_held(entry):
                    raise UsageError("Somebody is at work on this case now.", hint="Wait until their run is over.")
                turn.add(Act.FORGOTTEN, item)
    ledger.compact(always=True)
