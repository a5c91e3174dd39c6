"""Deletes expired data; on SQLite, from the file and from its log.

An expired case leaves a tombstone in the feeds, and tombstones expire too. A hash that somebody still reports is not
deleted. When a tombstone's hash is deleted, the random id of its record stays for years, without the hash.
"""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy import Engine, and_, delete, exists, func, insert, literal, select
from sqlalchemy.exc import SQLAlchemyError

from takedown_cli.intake.cases.hash_records import withdraw_items
from takedown_cli.intake.cases.hash_state import CONTRIBUTED
from takedown_cli.intake.cases.inquiries import NEVER, WITHDRAWN_DAYS
from takedown_cli.intake.store.prepared_statements import in_chunks
from takedown_cli.intake.store.tables import (
    cases,
    clips,
    contributions,
    feedback,
    hashes,
    items,
    listings,
    removals,
    withdrawals,
)
from takedown_cli.intake.store.writer import WriteTransaction
from takedown_cli.protocol.feed import REMOVAL_DAYS

#: Days that a tombstone is kept, so that every platform meets it.
TOMBSTONE_DAYS: Final = 90
#: While it waits for readers nothing can be written, so it waits a second (in milliseconds), and lets writers by.
_WAIT: Final = 1000
_TRIES: Final = 5
_BETWEEN: Final = 0.5


@dataclass(frozen=True, slots=True)
class Purged:
    """The number of deleted cases and hash records. ``erased`` means that the database's log holds nothing of them."""

    cases: int
    hashes: int
    erased: bool = True


def purge_expired(transaction: WriteTransaction) -> Purged:
    """Delete expired and long withdrawn cases, the hashes of long withdrawn items, and old tombstones."""
    before = (date.fromisoformat(transaction.day) - timedelta(days=WITHDRAWN_DAYS)).isoformat()
    gone = _expired_cases(transaction, before)
    for case_id in gone:
        numbers = transaction.scalars(
            select(items.c.number).where(items.c.case_id == case_id, items.c.state != "withdrawn")
        ).all()
        for chunk in in_chunks(numbers):
            withdraw_items(transaction, case_id, chunk)
    for some in in_chunks(gone):
        transaction.execute(delete(cases).where(cases.c.id.in_(some)))
    _forget_withdrawn_hashes(transaction, before)
    last = (date.fromisoformat(transaction.day) - timedelta(days=REMOVAL_DAYS)).isoformat()
    transaction.execute(delete(removals).where(removals.c.day < last))
    transaction.execute(delete(clips).where(clips.c.digest.is_(None), clips.c.day < last))
    return Purged(len(gone), _delete_tombstones(transaction))


def _expired_cases(transaction: WriteTransaction, before: str) -> list[int]:
    """Return cases past their day, and those without any listed hash since ``before``."""
    still_listed = exists().where(items.c.case_id == cases.c.id, items.c.state != "withdrawn", items.c.fingerprints > 0)
    last = select(func.max(withdrawals.c.day)).where(withdrawals.c.case_id == cases.c.id).scalar_subquery()
    query = select(cases.c.id).where((cases.c.expires <= transaction.day) | and_(~still_listed, last <= before))
    return list(transaction.scalars(query.where(cases.c.expires != NEVER)))


def _forget_withdrawn_hashes(transaction: WriteTransaction, before: str) -> None:
    """Delete the hashes of withdrawn items of cases that go on."""
    quiet = select(withdrawals.c.case_id).group_by(withdrawals.c.case_id).having(func.max(withdrawals.c.day) <= before)
    withdrawn = exists().where(
        items.c.case_id == listings.c.case_id, items.c.number == listings.c.number, items.c.state == "withdrawn"
    )
    transaction.execute(delete(listings).where(listings.c.case_id.in_(quiet), withdrawn))


def _delete_tombstones(transaction: WriteTransaction) -> int:
    old = transaction.modified - TOMBSTONE_DAYS * 86_400
    mentioned = exists().where(listings.c.hash_id == hashes.c.id)
    dead = hashes.c.state.not_in(("active", "disputed")) & ((hashes.c.modified < old) | ~hashes.c.shown)
    rows = list(transaction.scalars(select(hashes.c.id).where(dead, ~mentioned, ~CONTRIBUTED)))
    for some in in_chunks(rows):
        transaction.execute(delete(contributions).where(contributions.c.hash_id.in_(some)))  # of the revoked
        transaction.execute(delete(feedback).where(feedback.c.hash_id.in_(some)))
        given = hashes.c.id.in_(some) & hashes.c.shown
        left = select(hashes.c.record, hashes.c.list, hashes.c.seq, literal(transaction.day)).where(given)
        transaction.execute(insert(removals).from_select(["record", "list", "seq", "day"], left))
        transaction.execute(delete(hashes).where(hashes.c.id.in_(some)))
    return len(rows)


def empty_write_ahead_log(engine: Engine) -> bool:
    """On SQLite, move the write-ahead log into the file and empty it. Return whether that worked.

    It fails while another process reads an older state, or if the disk is full. Deleted data may then stay in the log
    until the next time.
    """
    if engine.dialect.name != "sqlite":
        return True
    for _ in range(_TRIES - 1):
        if _try_to_empty(engine):
            return True
        time.sleep(_BETWEEN)
    return _try_to_empty(engine)


def _try_to_empty(engine: Engine) -> bool:
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
