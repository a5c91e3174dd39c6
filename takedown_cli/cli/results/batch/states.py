"""How far the cases of a caseload are: the words for each state, and how many cases are in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final, Literal

from takedown_cli.helpline.case import CaseState

if TYPE_CHECKING:
    from takedown_cli.helpline.ledger.entry import Entry

StateName = Literal["waiting", "ready", "sent", "nothing", "failed", "refused", "withdrawn"]

#: State → how totals name it, in the order in which totals list it.
STATES: Final = {
    CaseState.SENT: "sent",
    CaseState.READY: "ready, not sent yet",
    CaseState.WAITING: "waiting",
    CaseState.NOTHING: "with nothing to protect",
    CaseState.FAILED: "failed, will be tried again",
    CaseState.REFUSED: "refused by the intake",
    CaseState.WITHDRAWN: "withdrawn",
}


def count_states(entries: Iterable[Entry]) -> dict[str, int]:
    """Return how many cases are in each state; states without a case are left out."""
    counts = Counter(entry.state for entry in entries)
    return {str(state): counts[state] for state in STATES if counts[state]}


def state_lines(states: Mapping[str, int]) -> Iterator[str]:
    return (f"  {count:>7,}  {STATES[CaseState(name)]}" for name, count in states.items())
