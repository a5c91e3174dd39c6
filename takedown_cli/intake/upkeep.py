"""Upkeep: what is past its day is deleted, and on SQLite it is gone from the file and its log as well.

It guarantees that an expired case leaves nothing but a tombstone in the feeds, and that tombstones end too.
It must never delete a record that somebody still stands for.
"""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy import Engine, and_, delete, exists, func, select
from sqlalchemy.exc import SQLAlchemyError

from takedown_cli.intake.inquiry import NEVER
from takedown_cli.intake.listing import chunks, take_off_list
from takedown_cli.intake.schema import cases, contributions, feedback, hashes, items, listings, withdrawals
from takedown_cli.intake.writer import Turn

#: Days that what was withdrawn is kept so that its holder can see it, and a tombstone so that every platform meets it.
WITHDRAWN_DAYS: Final = 30
TOMBSTONE_DAYS: Final = 90
#: While it waits for readers nothing can be written, so it waits a second (in milliseconds), and lets writers by.
_WAIT: Final = 1000
_TRIES: Final = 5
_BETWEEN: Final = 0.5


@dataclass(frozen=True, slots=True)
class Purged:
    """How many cases and hash records were deleted; ``erased`` says that the database's log holds nothing of them."""

    cases: int
    hashes: int
    erased: bool = True


def purge(turn: Turn) -> Purged:
    """Delete expired and long withdrawn cases, which hashes long withdrawn items had, and old tombstones."""
    before = (date.fromisoformat(turn.day) - timedelta(days=WITHDRAWN_DAYS)).isoformat()
    gone = _expired(turn, before)
    for case_id in gone:
        numbers = turn.connection.scalars(
            select(items.c.number).where(items.c.case_id == case_id, items.c.state != "withdrawn")
        ).all()
        for chunk in chunks(numbers):
            take_off_list(turn, case_id, chunk)
    for some in chunks(gone):
        turn.connection.execute(delete(cases).where(cases.c.id.in_(some)))
    _forget_withdrawn(turn, before)
    return Purged(len(gone), _tombstones(turn))


def _expired(turn: Turn, before: str) -> list[int]:
    """Cases past their day, and those of which nothing that has a hash is left since ``before``."""
    still_listed = exists().where(items.c.case_id == cases.c.id, items.c.state != "withdrawn", items.c.fingerprints > 0)
    last = select(func.max(withdrawals.c.day)).where(withdrawals.c.case_id == cases.c.id).scalar_subquery()
    query = select(cases.c.id).where((cases.c.expires <= turn.day) | and_(~still_listed, last <= before))
    return list(turn.connection.scalars(query.where(cases.c.expires != NEVER)))


def _forget_withdrawn(turn: Turn, before: str) -> None:
    """An item withdrawn from a case that goes on need not hold its hashes until that case ends."""
    quiet = select(withdrawals.c.case_id).group_by(withdrawals.c.case_id).having(func.max(withdrawals.c.day) <= before)
    withdrawn = exists().where(
        items.c.case_id == listings.c.case_id, items.c.number == listings.c.number, items.c.state == "withdrawn"
    )
    turn.connection.execute(delete(listings).where(listings.c.case_id.in_(quiet), withdrawn))


def _tombstones(turn: Turn) -> int:
    old = turn.modified - TOMBSTONE_DAYS * 86_400
    mentioned = exists().where(listings.c.hash_id == hashes.c.id)
    contributed = exists().where(contributions.c.hash_id == hashes.c.id)
    dead = (hashes.c.state == "withdrawn") & (hashes.c.modified < old) | (hashes.c.state == "held")
    rows = list(turn.connection.scalars(select(hashes.c.id).where(dead, ~mentioned, ~contributed)))
    for some in chunks(rows):
        turn.connection.execute(delete(feedback).where(feedback.c.hash_id.in_(some)))
        turn.connection.execute(delete(hashes).where(hashes.c.id.in_(some)))
    return len(rows)


def empty_log(engine: Engine) -> bool:
    """On SQLite: move the write-ahead log into the file and empty it, so that it holds nothing deleted.

    False when it could not be emptied: somebody reads a state of things that is older, or the disk is full. What was
    deleted may be in the log until the next time.
    """
    if engine.dialect.name != "sqlite":
        return True
    for _ in range(_TRIES - 1):
        if _emptied(engine):
            return True
        time.sleep(_BETWEEN)
    return _emptied(engine)


def _emptied(engine: Engine) -> bool:
    try:
        with engine.connect() as connection:
            raw = connection.connection.driver_connection
            assert raw is not None
            connection.rollback()
            [usual] = raw.execute("PRAGMA busy_timeout").fetchone()
            raw.execute(f"PRAGMA busy_timeout={_WAIT}")
            try:
                [busy, in_log, _] = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                raw.execute(f"PRAGMA busy_timeout={usual}")
    except (SQLAlchemyError, sqlite3.Error):
        return False
    return bool(busy == in_log == 0)
