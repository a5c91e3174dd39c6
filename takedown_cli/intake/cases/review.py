"""Shows what is held and why, and releases or drops it for the operator, without any picture.

A released item is listed as if it had just come. Disputed hashes leave the lists. No hash is shown.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from sqlalchemy import Connection, case, func, select, update

from takedown_cli.intake.cases.cases import record_withdrawal
from takedown_cli.intake.cases.hash_records import list_held_items, withdraw_items
from takedown_cli.intake.cases.hash_state import CONFIRMED, settle_records
from takedown_cli.intake.cases.holds import REVIEWABLE
from takedown_cli.intake.store.prepared_statements import in_chunks
from takedown_cli.intake.store.tables import LISTING_OF_ITEM, OVERRULED, cases, hashes, items, listings
from takedown_cli.intake.store.writer import WriteTransaction
from takedown_cli.protocol.lists import list_of_age
from takedown_cli.protocol.wire import Age


@dataclass(frozen=True, slots=True)
class Held:
    """Items of one case that wait, or are disputed. ``case`` is the intake's own number for it."""

    case: int
    received: str
    reason: str
    list: str
    items: int
    fingerprints: int


@dataclass(frozen=True, slots=True)
class Provisional:
    """How many hashes of one list are shown to platforms as provisional."""

    list: str
    hashes: int


def list_held(connection: Connection) -> list[Held]:
    """Return what is held, oldest first."""
    which_list = case({age: list_of_age(age) for age in get_args(Age)}, value=items.c.age)
    by = (items.c.case_id, cases.c.received, items.c.reason, which_list)
    query = (
        select(*by, func.count(), func.sum(items.c.fingerprints))
        .join(cases, cases.c.id == items.c.case_id)
        .where(items.c.state == "held", items.c.reason.in_((*REVIEWABLE, *OVERRULED)))
        .group_by(*by)
        .order_by(cases.c.received, items.c.case_id)
    )
    return [Held(*row) for row in connection.execute(query)]


def count_provisional(connection: Connection) -> list[Provisional]:
    """Return how much is listed on an anonymous report alone."""
    query = (
        select(hashes.c.list, func.count())
        .where(hashes.c.state == "active", hashes.c.standing != CONFIRMED)
        .group_by(hashes.c.list)
        .order_by(hashes.c.list)
    )
    return [Provisional(*row) for row in connection.execute(query)]


def _held_items(transaction: WriteTransaction, case_ids: Sequence[int] | None) -> dict[int, list[int]]:
    query = select(items.c.case_id, items.c.number).where(items.c.state == "held", items.c.reason.in_(REVIEWABLE))
    if case_ids is not None:
        query = query.where(items.c.case_id.in_(case_ids))
    found: dict[int, list[int]] = {}
    for case_id, number in transaction.execute(query.order_by(items.c.case_id, items.c.number)):
        found.setdefault(case_id, []).append(number)
    return found


def release_held(transaction: WriteTransaction, case_ids: Sequence[int] | None = None) -> int:
    """List the items that were held for review, in these cases or in all. Return their number.

    In cases that are named, disputed hashes are listed as well: the votes of platforms so far count no more.
    """
    waiting = _held_items(transaction, case_ids)
    for case_id, numbers in waiting.items():
        for chunk in in_chunks(numbers):
            list_held_items(transaction, case_id, chunk)
    return sum(map(len, waiting.values())) + sum(_uphold(transaction, case_id) for case_id in case_ids or ())


def _uphold(transaction: WriteTransaction, case_id: int) -> int:
    """Overrule the platforms that dispute the hashes of a case's disputed items. Return how many items that lists."""
    disputed = items.c.case_id == case_id, items.c.state == "held", items.c.reason == "disputed"
    query = select(listings.c.hash_id).join(items, LISTING_OF_ITEM).where(*disputed).distinct()
    before = transaction.scalar(select(func.count()).where(*disputed)) or 0
    rows = transaction.scalars(query).all()
    for chunk in in_chunks(rows):
        mine = hashes.c.id.in_(chunk), hashes.c.state == "disputed"
        transaction.execute(update(hashes).where(*mine).values(upheld=transaction.last_seq))
    settle_records(transaction, rows)
    return before - (transaction.scalar(select(func.count()).where(*disputed)) or 0)


def drop_held(transaction: WriteTransaction, case_ids: Sequence[int]) -> int:
    """Withdraw the held items of these cases. Return their number."""
    waiting = _held_items(transaction, case_ids)
    for case_id, numbers in waiting.items():
        for chunk in in_chunks(numbers):
            withdraw_items(transaction, case_id, chunk)
        record_withdrawal(transaction, case_id, secrets.token_bytes(16), len(numbers))
    return sum(map(len, waiting.values()))
