"""The state of a case in plain words, for people, and as one JSON object, for scripts.

It guarantees that both say the same, and that a text from an intake is sanitised before it is shown.
It must never show a case number or a hash.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from takedown_cli.cli.console import sanitise

if TYPE_CHECKING:
    from takedown_cli.cli.case_documents import CaseItemRow, StatusReport, WithdrawReport
    from takedown_cli.wire import CaseStatus, ItemStatus

_ITEM_STATES: Final = {
    "listed": "on the list that platforms read",
    "provisional": "on the list that platforms read, marked as provisional until two of them block it",
    "held": "held back by the intake until somebody has looked at the hash",
    "withdrawn": "withdrawn",
}
_ANSWERS: Final = {
    "seen": "has received the hash, and has not answered yet",
    "under-review": "has found a match and is looking at it",
    "blocked": "has found copies, and blocks them",
    "not-blocked": "has found a match, and decided not to block it",
}
_NOUNS: Final = {"image": "picture", "video": "video"}


def status_report(status: CaseStatus) -> StatusReport:
    """The object of ``status --json``."""
    return {
        "schema": "takedown.status",
        "version": 1,
        "received": status.received,
        "expires": status.expires,
        "items": [_row(item) for item in status.items],
    }


def withdraw_report(status: CaseStatus, withdrawn: int) -> WithdrawReport:
    """The object of ``withdraw --json``; ``withdrawn`` counts the items that were meant."""
    return {
        "schema": "takedown.withdraw",
        "version": 1,
        "withdrawn": withdrawn,
        "received": status.received,
        "expires": status.expires,
        "items": [_row(item) for item in status.items],
    }


def _row(item: ItemStatus) -> CaseItemRow:
    return {
        "number": item.number,
        "media": item.media,
        "age": item.age,
        "state": item.state,
        "standing": item.standing,
        "fingerprints": item.fingerprints,
        "platforms": [{"platform": a.platform, "state": a.state, "day": a.day} for a in item.platforms],
    }


def in_words(status: CaseStatus) -> str:
    """Paragraphs of at most one fact a line."""
    lines = [f"Case received on {status.received}; the intake keeps it until {status.expires}.", ""]
    alike: dict[tuple[object, ...], list[ItemStatus]] = {}
    for item in status.items:
        alike.setdefault((item.media, _state(item), item.platforms), []).append(item)
    lines += [line for items in alike.values() for line in _items(items)]
    lines += ["", _summary(status)]
    return "\n".join(lines)


def _items(items: list[ItemStatus]) -> list[str]:
    """The lines for items of one kind about which there is the same to say."""
    first = items[0]
    noun = _NOUNS[first.media].capitalize() + ("s" if len(items) > 1 else "")
    head = f"{noun} {ranges([item.number for item in items])}: {_ITEM_STATES[_state(first)]}."
    return [head, *(f"  {sanitise(a.platform)} {_ANSWERS[a.state]} ({a.day})." for a in first.platforms)]


def _state(item: ItemStatus) -> str:
    return "provisional" if item.standing == "provisional" else item.state


def ranges(numbers: list[int]) -> str:
    """Ascending numbers as people write them: ``1-4, 7``."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def _summary(status: CaseStatus) -> str:
    states = Counter(item.state for item in status.items)
    if states["withdrawn"] == len(status.items):
        return "Everything in this case is withdrawn; platforms are told to stop looking for it."
    if any(answer.state == "blocked" for item in status.items for answer in item.platforms):
        return "Platforms go on looking; new uploads of what is blocked are stopped there. There is nothing to do."
    return "Platforms fetch the list by themselves, often within a day. There is nothing to do but ask again later."
