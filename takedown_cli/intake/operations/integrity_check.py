"""Checks whether a database is intact, including the rules that its tables cannot express. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, exists, func, select, text

from takedown_cli.intake.cases import bars
from takedown_cli.intake.cases import cases as case_store
from takedown_cli.intake.cases.hash_state import find_differences
from takedown_cli.intake.cases.inquiries import NEVER, decoy_lookup
from takedown_cli.intake.messages.keyring import Keyring
from takedown_cli.intake.store.tables import (
    LISTING_OF_ITEM,
    cases,
    clock,
    hashes,
    items,
    submissions,
)


@dataclass(frozen=True, slots=True)
class Health:
    """The number of records checked, and a sentence for each fault."""

    cases: int
    items: int
    hashes: int
    wrong: tuple[str, ...]


def check_integrity(connection: Connection, keyring: Keyring) -> Health:
    """Check everything. This takes longer the larger the database is."""
    counts = [connection.scalar(select(func.count()).select_from(table)) or 0 for table in (cases, items, hashes)]
    wrong = ["The database file is damaged."] if _file_is_damaged(connection) else []
    if not case_store.find_case(connection, decoy_lookup(keyring)):
        wrong.append("The keys do not belong to this database.")
    wrong += [sentence for sentence, query in _MISTAKES.items() if connection.execute(query.limit(1)).first()]
    wrong += find_differences(connection)
    wrong += [f"Hash {row} is blocked by the operator, but not barred." for row in bars.find_unbarred(connection)]
    return Health(counts[0] - 1, counts[1] - 1, counts[2], tuple(wrong))  # the decoy is nobody's


def _file_is_damaged(connection: Connection) -> bool:
    if connection.dialect.name != "sqlite":
        return False
    whole = connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"
    return not whole or connection.execute(text("PRAGMA foreign_key_check")).first() is not None


_SENT = select(func.sum(submissions.c.item_count)).where(submissions.c.case_id == cases.c.id).scalar_subquery()
_KEPT = select(func.count()).where(items.c.case_id == cases.c.id).scalar_subquery()
#: What is wrong with a database in which one of these finds a row.
_MISTAKES: Final = {
    "A listed item has no hash.": select(items.c.number).where(
        items.c.state == "listed", ~exists().where(LISTING_OF_ITEM).correlate(items)
    ),
    "A case does not have the items that its submissions had.": select(cases.c.id).where(
        cases.c.expires != NEVER, func.coalesce(_SENT, 0) != _KEPT
    ),
    "A hash has a place in the feeds that was never assigned.": select(hashes.c.id).select_from(
        hashes.join(clock, hashes.c.seq > clock.c.seq)
    ),
}
