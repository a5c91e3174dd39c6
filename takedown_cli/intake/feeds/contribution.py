"""Hashes that a trusted participant lists and withdraws itself.

They pass the same checks as a person's hashes, and stay while anybody reports them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, delete, insert, select

from takedown_cli.intake.cases.hash_records import Key, enter_records, find_records
from takedown_cli.intake.cases.hash_state import Facts, settle_records
from takedown_cli.intake.cases.participants import Participant
from takedown_cli.intake.feeds import opinion
from takedown_cli.intake.feeds.opinion import Opinion
from takedown_cli.intake.messages.deny_list import DenyList
from takedown_cli.intake.messages.signals import IMAGE, VIDEO, Signal, plausible
from takedown_cli.intake.store.prepared_statements import in_chunks
from takedown_cli.intake.store.tables import contributions
from takedown_cli.intake.store.writer import WriteTransaction

_RETRACTING = frozenset({"Withdrawn", "Deleted"})


@dataclass(frozen=True, slots=True)
class Contribution:
    """A hash, and what the participant says of it. The ``feedback`` Withdrawn or Deleted withdraws it."""

    signal: str
    value: bytes
    feedback: str
    tags: tuple[str, ...]


def take_contributions(
    transaction: WriteTransaction, participant: Participant, offered: Sequence[Contribution], denied: DenyList
) -> int:
    """List or withdraw the hashes that a participant sends. Return how many were plausible and are not denied."""
    retracted = [one for one in offered if one.feedback in _RETRACTING and plausible(one.signal, one.value)]
    wanted = [one for one in offered if one.feedback not in _RETRACTING and plausible(one.signal, one.value)]
    signals = denied.remove_denied([Signal(one.signal, one.value, 0) for one in wanted])
    allowed = {(signal.name, signal.value) for signal in signals}
    listed = [one for one in wanted if (one.signal, one.value) in allowed]
    good = [*listed, *retracted]
    for list_name in participant.lists:
        for chunk in in_chunks(listed):
            _list_hashes(transaction, participant, list_name, chunk)
        for chunk in in_chunks(retracted):
            _retract_hashes(transaction, participant, list_name, chunk)
    opinion.take_opinions(transaction, participant, [Opinion(one.value, one.feedback, one.tags) for one in good])
    return len(good)


def _record_keys(list_name: str, some: Sequence[Contribution]) -> dict[Key, int]:
    return {(list_name, one.signal, one.value): IMAGE if one.signal == "pdq" else VIDEO for one in some}


def _list_hashes(
    transaction: WriteTransaction, participant: Participant, list_name: str, some: Sequence[Contribution]
) -> None:
    keys, before, barred = enter_records(transaction, _record_keys(list_name, some), Facts(contributed=True))
    ids = list(keys.values())
    mine = and_(contributions.c.participant_id == participant.id, contributions.c.hash_id.in_(ids))
    known = set(transaction.scalars(select(contributions.c.hash_id).where(mine)))
    new = [
        {"hash_id": row, "participant_id": participant.id, "day": transaction.day} for row in ids if row not in known
    ]
    if new:
        transaction.execute(insert(contributions), new)
    settle_records(transaction, [*before, *barred], moved=before)


def _retract_hashes(
    transaction: WriteTransaction, participant: Participant, list_name: str, some: Sequence[Contribution]
) -> None:
    rows = [row for row, _ in find_records(transaction, _record_keys(list_name, some)).values()]
    mine = and_(contributions.c.participant_id == participant.id, contributions.c.hash_id.in_(rows))
    held = list(transaction.scalars(select(contributions.c.hash_id).where(mine)))
    transaction.execute(delete(contributions).where(mine))
    settle_records(transaction, held, moved=held)
