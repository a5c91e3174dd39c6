"""Clips: one record for the same video, however many cases report it, beside the records of its frames.

A clip is known by its frames: the PDQs of the video as it was, on one list. It is nothing else than what is listed
together, so it has no facts of its own: its state follows from those of its frames (``hash_state.decide_clip``).
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from hashlib import sha256

from sqlalchemy import and_, insert, select, update

from takedown_cli.intake.cases.hash_state import IS_FRAME, PROVISIONAL
from takedown_cli.intake.messages.signals import VIDEO, Signal
from takedown_cli.intake.store.prepared_statements import PreparedStatement, Value
from takedown_cli.intake.store.tables import clips, hashes, items, listings
from takedown_cli.intake.store.writer import WriteTransaction
from takedown_cli.protocol.feed import MIN_FRAMES
from takedown_cli.protocol.lists import list_of_age

_NEW_CLIP = PreparedStatement(
    insert(clips).returning(clips.c.id), [column.name for column in clips.c if not column.primary_key]
)


def enter_clip(transaction: WriteTransaction, list_name: str, signals: Sequence[Signal]) -> int | None:
    """Return the row id of the clip with the frames among these signals of a video, or None if they are too few.

    A new one is on no list yet: the caller stores the item that has it, then calls ``settle_clips``.
    """
    frames = {signal.value for signal in signals if signal.name == "pdq" and signal.classes & VIDEO}
    return _enter(transaction, list_name, frames)


def _enter(transaction: WriteTransaction, list_name: str, frames: set[bytes]) -> int | None:
    if len(frames) < MIN_FRAMES:
        return None
    digest = sha256(b"".join(sorted(frames))).digest()
    known: int | None = transaction.scalar(
        select(clips.c.id).where(clips.c.digest == digest, clips.c.list == list_name)
    )
    if known is not None:
        return known
    row: dict[str, Value] = {"list": list_name, "digest": digest, "listed": False, "standing": PROVISIONAL}
    row |= {"shown": False, "seq": transaction.next_seq(), "day": transaction.day}
    made = _NEW_CLIP.row(transaction.connection, **row, record=secrets.token_bytes(16))
    assert made is not None
    return int(made[0])


def clips_of_items(transaction: WriteTransaction, case_id: int, numbers: Sequence[int]) -> list[int]:
    """Return the clips that these items of a case are."""
    query = select(items.c.clip_id).where(items.c.case_id == case_id, items.c.number.in_(numbers))
    return list(transaction.scalars(query.where(items.c.clip_id.is_not(None)).distinct()))


def enter_missing_clips(transaction: WriteTransaction) -> None:
    """Make the clips of the videos that have none: those of databases from before there were clips."""
    lacking = (items.c.media == "video", items.c.clip_id.is_(None), items.c.state != "withdrawn")
    found = transaction.execute(select(items.c.case_id, items.c.number, items.c.age).where(*lacking)).all()
    frames = select(hashes.c.value).join(listings, and_(hashes.c.id == listings.c.hash_id, IS_FRAME))
    for case_id, number, age in found:
        values = transaction.scalars(frames.where(listings.c.case_id == case_id, listings.c.number == number))
        mine = and_(items.c.case_id == case_id, items.c.number == number)
        clip = _enter(transaction, list_of_age(age), {bytes(value) for value in values})
        if clip is not None:
            transaction.execute(update(items).where(mine).values(clip_id=clip))
