"""The check-up: whether a database is whole, told as a list of what is wrong with it.

It guarantees that every promise the tables cannot express is looked at: who stands for what, places, keys.
It must never change anything.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Select, and_, exists, func, literal, select, text

from takedown_cli.intake import cases as case_store
from takedown_cli.intake.inquiry import NEVER, decoy_lookup
from takedown_cli.intake.keyring import Keyring
from takedown_cli.intake.schema import cases, clock, contributions, hashes, items, listings, submissions


@dataclass(frozen=True, slots=True)
class Health:
    """Counts of what there is, and sentences about what is wrong; none when all is well."""

    cases: int
    items: int
    hashes: int
    wrong: tuple[str, ...]


def examine(connection: Connection, keyring: Keyring) -> Health:
    """Look at everything; takes a time that grows with the database."""
    counts = [connection.scalar(select(func.count()).select_from(table)) or 0 for table in (cases, items, hashes)]
    wrong = [sentence for sentence, bad in _findings(connection, keyring) if bad]
    return Health(counts[0] - 1, counts[1] - 1, counts[2], tuple(wrong))  # the decoy is nobody's


def _findings(connection: Connection, keyring: Keyring) -> list[tuple[str, bool]]:
    return [
        ("The database file is damaged.", _damaged(connection)),
        ("The keys are not those of this database.", not case_store.find(connection, decoy_lookup(keyring))),
        ("A listed item has no hash.", _any(connection, _listed_without_hash())),
        ("A hash is listed that nobody stands for.", _any(connection, _active_for_nobody())),
        ("A listed item's hash is off the list.", _any(connection, _listed_but_not_active())),
        ("A case has not the items its submissions had.", _any(connection, _miscounted())),
        ("A hash has a place that was not given yet.", _any(connection, _beyond_the_clock())),
    ]


def _damaged(connection: Connection) -> bool:
    if connection.dialect.name != "sqlite":
        return False
    whole = connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"
    return not whole or connection.execute(text("PRAGMA foreign_key_check")).first() is not None


def _any(connection: Connection, query: Select[int]) -> bool:
    return connection.execute(query.limit(1)).first() is not None


_SAME_ITEM = and_(listings.c.case_id == items.c.case_id, listings.c.number == items.c.number)


def _listed_without_hash() -> Select[int]:
    return select(literal(1)).where(items.c.state == "listed", ~exists().where(_SAME_ITEM).correlate(items))


def _listed_but_not_active() -> Select[int]:
    joined = items.join(listings, _SAME_ITEM).join(hashes, hashes.c.id == listings.c.hash_id)
    off = hashes.c.state.in_(("withdrawn", "held"))
    return select(literal(1)).select_from(joined).where(items.c.state == "listed", off)


def _active_for_nobody() -> Select[int]:
    by_item = exists().where(listings.c.hash_id == hashes.c.id, _SAME_ITEM, items.c.state != "withdrawn")
    by_participant = exists().where(contributions.c.hash_id == hashes.c.id)
    return select(literal(1)).where(hashes.c.state == "active", ~by_item, ~by_participant)


def _miscounted() -> Select[int]:
    sent = select(func.sum(submissions.c.item_count)).where(submissions.c.case_id == cases.c.id).scalar_subquery()
    kept = select(func.count()).where(items.c.case_id == cases.c.id).scalar_subquery()
    return select(literal(1)).select_from(cases).where(cases.c.expires != NEVER, func.coalesce(sent, 0) != kept)


def _beyond_the_clock() -> Select[int]:
    return select(literal(1)).select_from(hashes.join(clock, hashes.c.seq > clock.c.seq))
