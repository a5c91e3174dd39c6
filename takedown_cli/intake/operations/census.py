"""Counts what an intake has, for the operator who watches it: lists, what is held, and when platforms pulled."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, case, distinct, func, select, text

from takedown_cli.intake.cases.hash_state import CONFIRMED
from takedown_cli.intake.cases.holds import REVIEWABLE
from takedown_cli.intake.store.tables import OVERRULED, clock, hashes, items, participants, pulls
from takedown_cli.protocol.lists import LISTS


@dataclass(frozen=True, slots=True)
class ListSize:
    """How many hashes a list has. ``provisional`` ones are among the ``active``; ``withdrawn`` ones are tombstones."""

    list: str
    active: int
    provisional: int
    withdrawn: int


@dataclass(frozen=True, slots=True)
class PlatformPull:
    """A platform that may pull, the day it was added, and the day of its last pull, if there was one."""

    name: str
    since: str
    last_pull: str | None


@dataclass(frozen=True, slots=True)
class Census:
    """What an intake has. ``modified`` is the second of the last change of a hash; ``size`` is in bytes."""

    lists: tuple[ListSize, ...]
    held_cases: int
    held_items: int
    held_hashes: int
    platforms: tuple[PlatformPull, ...]
    modified: int
    size: int


def take_census(connection: Connection) -> Census:
    """Count everything. This takes longer the more hashes there are: about a second for a million."""
    cases, held, fingerprints = connection.execute(
        select(
            func.count(distinct(items.c.case_id)), func.count(), func.coalesce(func.sum(items.c.fingerprints), 0)
        ).where(items.c.state == "held", items.c.reason.in_((*REVIEWABLE, *OVERRULED)))
    ).one()
    modified = connection.scalar(select(clock.c.modified)) or 0
    return Census(
        _list_sizes(connection),
        cases,
        held,
        fingerprints,
        _last_pulls(connection),
        modified,
        _database_size(connection),
    )


def _list_sizes(connection: Connection) -> tuple[ListSize, ...]:
    active = hashes.c.state == "active"
    kinds = (active, active & (hashes.c.standing != CONFIRMED), hashes.c.state == "withdrawn")
    query = select(hashes.c.list, *(func.sum(case((kind, 1), else_=0)) for kind in kinds)).group_by(hashes.c.list)
    found = {name: ListSize(name, *counts) for name, *counts in connection.execute(query)}
    return tuple(found.get(name, ListSize(name, 0, 0, 0)) for name in LISTS)


def _last_pulls(connection: Connection) -> tuple[PlatformPull, ...]:
    query = (
        select(participants.c.name, participants.c.since, func.max(pulls.c.day))
        .outerjoin(pulls, pulls.c.participant_id == participants.c.id)
        .where(participants.c.revoked.is_(None))
        .group_by(participants.c.id, participants.c.name, participants.c.since)
        .order_by(participants.c.id)
    )
    return tuple(PlatformPull(*row) for row in connection.execute(query))


def _database_size(connection: Connection) -> int:
    if connection.dialect.name == "sqlite":
        pages = connection.execute(text("PRAGMA page_count")).scalar() or 0
        return int(pages) * int(connection.execute(text("PRAGMA page_size")).scalar() or 0)
    return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar() or 0)
