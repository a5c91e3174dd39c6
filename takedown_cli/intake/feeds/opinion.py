"""Opinions: what a platform reports about hashes it pulled, kept per hash and platform.

It guarantees that a platform speaks only of records on its own lists, and that a repeated word changes no cursor.
It must never create a hash record.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, insert, select, update

from takedown_cli.intake.listing import chunks, touch
from takedown_cli.intake.participants import Participant
from takedown_cli.intake.review import weigh
from takedown_cli.intake.schema import feedback, hashes
from takedown_cli.intake.writer import Turn


@dataclass(frozen=True, slots=True)
class Opinion:
    """A feedback value of the StopNCII interface on the records with this value, and free tags."""

    value: bytes
    feedback: str
    tags: tuple[str, ...] = ()


def take(turn: Turn, speaker: Participant, opinions: Sequence[Opinion]) -> int:
    """Store opinions; the number of them that met a record on the speaker's lists."""
    met = 0
    for chunk in chunks({opinion.value: opinion for opinion in opinions}.values()):
        by_value = {opinion.value: opinion for opinion in chunk}
        rows = turn.connection.execute(
            select(hashes.c.id, hashes.c.value, hashes.c.state).where(
                hashes.c.value.in_(by_value), hashes.c.list.in_(speaker.lists), hashes.c.state != "held"
            )
        ).all()
        met += len({bytes(row.value) for row in rows})
        changed = {row.id: row.state for row in rows if _store(turn, speaker, row.id, by_value[bytes(row.value)])}
        touch(turn, changed)
        weigh(turn, changed)
    return met


def _store(turn: Turn, speaker: Participant, hash_id: int, opinion: Opinion) -> bool:
    """Store one; True when it says something new."""
    mine = and_(feedback.c.hash_id == hash_id, feedback.c.participant_id == speaker.id)
    tags = json.dumps(sorted(set(opinion.tags)))
    old = turn.connection.execute(select(feedback.c.value, feedback.c.tags).where(mine)).first()
    row = {"value": opinion.feedback, "tags": tags, "day": turn.day, "seq": turn.next_seq()}
    if old is None:
        turn.connection.execute(insert(feedback).values(hash_id=hash_id, participant_id=speaker.id, **row))
    else:
        turn.connection.execute(update(feedback).where(mine).values(row))
    return old is None or (old.value, old.tags) != (opinion.feedback, tags)
