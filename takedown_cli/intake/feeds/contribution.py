"""Contributions: hashes that a trusted participant lists itself, and takes off again.

It guarantees that a contributed hash meets the same gate as a person's, and stays only while somebody stands for it.
It must never be counted as a case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, delete, insert, select

from takedown_cli.intake.feeds import opinion
from takedown_cli.intake.feeds.opinion import Opinion
from takedown_cli.intake.listing import Key, chunks, enter_records, known_records, leave_records
from takedown_cli.intake.participants import Participant
from takedown_cli.intake.schema import contributions
from takedown_cli.intake.signals import IMAGE, VIDEO, plausible
from takedown_cli.intake.writer import Turn

_RETRACTING = frozenset({"Withdrawn", "Deleted"})


@dataclass(frozen=True, slots=True)
class Contribution:
    """A hash, and what the participant says of it; ``feedback`` Withdrawn or Deleted takes it back."""

    signal: str
    value: bytes
    feedback: str
    tags: tuple[str, ...]


def take(turn: Turn, speaker: Participant, offered: Sequence[Contribution]) -> int:
    """List, or take back, what a participant offers; the number that passed the gate."""
    good = [one for one in offered if plausible(one.signal, one.value)]
    retracted = [one for one in good if one.feedback in _RETRACTING]
    listed = [one for one in good if one.feedback not in _RETRACTING]
    for list_name in speaker.lists:
        for chunk in chunks(listed):
            _list(turn, speaker, list_name, chunk)
        for chunk in chunks(retracted):
            _retract(turn, speaker, list_name, chunk)
    opinion.take(turn, speaker, [Opinion(one.value, one.feedback, one.tags) for one in good])
    return len(good)


def _keys(list_name: str, some: Sequence[Contribution]) -> dict[Key, int]:
    return {(list_name, one.signal, one.value): IMAGE if one.signal == "pdq" else VIDEO for one in some}


def _list(turn: Turn, speaker: Participant, list_name: str, some: Sequence[Contribution]) -> None:
    ids = list(enter_records(turn, _keys(list_name, some), held=False, vouched=True).values())
    mine = and_(contributions.c.participant_id == speaker.id, contributions.c.hash_id.in_(ids))
    known = set(turn.connection.scalars(select(contributions.c.hash_id).where(mine)))
    new = [{"hash_id": row, "participant_id": speaker.id, "day": turn.day} for row in ids if row not in known]
    if new:
        turn.connection.execute(insert(contributions), new)


def _retract(turn: Turn, speaker: Participant, list_name: str, some: Sequence[Contribution]) -> None:
    rows = [row for row, _ in known_records(turn, _keys(list_name, some)).values()]
    mine = and_(contributions.c.participant_id == speaker.id, contributions.c.hash_id.in_(rows))
    held = list(turn.connection.scalars(select(contributions.c.hash_id).where(mine)))
    turn.connection.execute(delete(contributions).where(mine))
    leave_records(turn, held)
