"""Stores what a platform reports about the hashes it pulled, for each hash and platform.

An opinion affects only records on the platform's own lists. A repeated opinion moves no record in the feeds.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, insert, select, update

from takedown_cli.intake.cases.hash_state import CLIP_FRAMES, settle_records
from takedown_cli.intake.cases.participants import Participant
from takedown_cli.intake.feeds.clips import visible_clips
from takedown_cli.intake.feeds.cursor import answerable_by
from takedown_cli.intake.refusal import Refused
from takedown_cli.intake.store.prepared_statements import in_chunks
from takedown_cli.intake.store.tables import clips, feedback, hashes
from takedown_cli.intake.store.writer import WriteTransaction
from takedown_cli.protocol.feed import MAX_VERDICTS, Verdict


@dataclass(frozen=True, slots=True)
class Opinion:
    """A feedback value of the StopNCII interface, with tags, on all records with this value."""

    value: bytes
    feedback: str
    tags: tuple[str, ...] = ()


def take_opinions(transaction: WriteTransaction, participant: Participant, opinions: Sequence[Opinion]) -> int:
    """Store opinions. Return how many met a record that the participant was given, or lists itself."""
    met, mine = 0, answerable_by(transaction.connection, participant)
    for chunk in in_chunks({opinion.value: opinion for opinion in opinions}.values()):
        by_value = {opinion.value: opinion for opinion in chunk}
        rows = transaction.execute(select(hashes.c.id, hashes.c.value).where(hashes.c.value.in_(by_value), *mine)).all()
        met += len({bytes(row.value) for row in rows})
        changed = [
            row.id for row in rows if _store_opinion(transaction, participant, row.id, by_value[bytes(row.value)])
        ]
        settle_records(transaction, (row.id for row in rows), moved=changed)
    return met


def take_verdicts(transaction: WriteTransaction, participant: Participant, verdicts: Sequence[Verdict]) -> int:
    """Store the last verdict on each record, clip or value of the native feed.

    A verdict on a clip is one on each of its frames that are listed now. Return how many records, or values, were met.
    Raise Refused if that comes to more verdicts than a call may have.
    """
    last = _on_frames(transaction, participant, {bytes.fromhex(one.id): one for one in verdicts if one.id is not None})
    by_value = [
        Opinion(bytes.fromhex(one.value), one.verdict, tuple(one.tags)) for one in verdicts if one.value is not None
    ]
    met, mine = take_opinions(transaction, participant, by_value), answerable_by(transaction.connection, participant)
    for chunk in in_chunks(last):
        query = select(hashes.c.id, hashes.c.record, hashes.c.value).where(hashes.c.record.in_(chunk), *mine)
        rows = transaction.execute(query).all()
        met += len(rows)
        changed = []
        for row in rows:
            said = last[bytes(row.record)]
            if _store_opinion(
                transaction, participant, row.id, Opinion(bytes(row.value), said.verdict, tuple(said.tags))
            ):
                changed.append(row.id)
        settle_records(transaction, (row.id for row in rows), moved=changed)
    return met


def _on_frames(
    transaction: WriteTransaction, participant: Participant, last: dict[bytes, Verdict]
) -> dict[bytes, Verdict]:
    """Return verdicts by record, with those on clips turned into ones on their frames, where those have none."""
    found: dict[bytes, Verdict] = {}
    query = select(clips.c.record, hashes.c.record).select_from(CLIP_FRAMES).where(hashes.c.state == "active")
    for chunk in in_chunks(last):
        for clip, frame in transaction.execute(query.where(clips.c.record.in_(chunk), *visible_clips(participant))):
            found[bytes(frame)] = last[bytes(clip)]
    if len(found) > MAX_VERDICTS:
        raise Refused("too-large")
    return {**found, **last}


def _store_opinion(transaction: WriteTransaction, participant: Participant, hash_id: int, opinion: Opinion) -> bool:
    """Store one opinion. Return True if it says something new."""
    mine = and_(feedback.c.hash_id == hash_id, feedback.c.participant_id == participant.id)
    tags = json.dumps(sorted(set(opinion.tags)))
    old = transaction.execute(select(feedback.c.value, feedback.c.tags).where(mine)).first()
    row = {"value": opinion.feedback, "tags": tags, "day": transaction.day, "seq": transaction.next_seq()}
    if old is None:
        transaction.execute(insert(feedback).values(hash_id=hash_id, participant_id=participant.id, **row))
    else:
        transaction.execute(update(feedback).where(mine).values(row))
    return old is None or (old.value, old.tags) != (opinion.feedback, tags)
