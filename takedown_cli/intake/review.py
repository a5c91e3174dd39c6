"""Review: what is held and why, for the operator to release or drop, without any picture.

It guarantees that what is released is listed as if it had just come, and that disputed hashes come off the lists.
It must never show a hash or anything that finds a case from outside.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, and_, bindparam, case, func, select, update

from takedown_cli.intake.cases import note_withdrawal
from takedown_cli.intake.listing import chunks, take_off_list, touch
from takedown_cli.intake.schema import cases, feedback, hashes, items, listings
from takedown_cli.intake.standing import AGREE, CONFIRMED, settle
from takedown_cli.intake.writer import Turn

#: Reasons that an operator can lift.
REVIEWABLE: Final = ("flood", "budget")

_OF_ITEM = and_(listings.c.case_id == items.c.case_id, listings.c.number == items.c.number)


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


def held(connection: Connection) -> list[Held]:
    """What is held, oldest first."""
    adult = case((items.c.age == "adult", "adult"), else_="under-18")
    query = (
        select(items.c.case_id, cases.c.received, items.c.reason, adult, func.count(), func.sum(items.c.fingerprints))
        .join(cases, cases.c.id == items.c.case_id)
        .where(items.c.state == "held", items.c.reason.in_((*REVIEWABLE, "disputed")))
        .group_by(items.c.case_id, cases.c.received, items.c.reason, adult)
        .order_by(cases.c.received, items.c.case_id)
    )
    return [Held(*row) for row in connection.execute(query)]


def provisional(connection: Connection) -> list[Provisional]:
    """What is listed on an anonymous report alone."""
    query = (
        select(hashes.c.list, func.count())
        .where(hashes.c.state == "active", hashes.c.standing != CONFIRMED)
        .group_by(hashes.c.list)
        .order_by(hashes.c.list)
    )
    return [Provisional(*row) for row in connection.execute(query)]


def _waiting(turn: Turn, case_ids: Sequence[int] | None) -> dict[int, list[int]]:
    query = select(items.c.case_id, items.c.number).where(items.c.state == "held", items.c.reason.in_(REVIEWABLE))
    if case_ids is not None:
        query = query.where(items.c.case_id.in_(case_ids))
    found: dict[int, list[int]] = {}
    for case_id, number in turn.connection.execute(query.order_by(items.c.case_id, items.c.number)):
        found.setdefault(case_id, []).append(number)
    return found


def release(turn: Turn, case_ids: Sequence[int] | None = None) -> int:
    """List what was held for review: of these cases, or all of it. The number of items."""
    waiting = _waiting(turn, case_ids)
    for case_id, numbers in waiting.items():
        for chunk in chunks(numbers):
            mine = and_(items.c.case_id == case_id, items.c.number.in_(chunk))
            rows = turn.connection.scalars(
                select(listings.c.hash_id).where(listings.c.case_id == case_id, listings.c.number.in_(chunk)).distinct()
            ).all()
            touch(turn, dict.fromkeys(rows, "active"))
            turn.connection.execute(update(items).where(mine).values(state="listed", reason=None, seq=turn.last_seq))
    return sum(map(len, waiting.values()))


def drop(turn: Turn, case_ids: Sequence[int]) -> int:
    """Take what was held of these cases as withdrawn. The number of items."""
    waiting = _waiting(turn, case_ids)
    for case_id, numbers in waiting.items():
        for chunk in chunks(numbers):
            take_off_list(turn, case_id, chunk)
        note_withdrawal(turn, case_id, secrets.token_bytes(16), len(numbers))
    return sum(map(len, waiting.values()))


def weigh(turn: Turn, rows: Iterable[int]) -> None:
    """After new feedback: a record that platforms agree is none of this comes off the list, or back onto it.

    And one that enough of them block is no longer provisional.
    """
    for chunk in chunks(rows):
        settle(turn, chunk)
        said = func.sum(case((feedback.c.value == "NotBlocked", 1), else_=0)).label("against")
        agreed = func.sum(case((feedback.c.value == "Blocked", 1), else_=0)).label("agreed")
        query = (
            select(hashes.c.id, hashes.c.state, said, agreed)
            .join(feedback, feedback.c.hash_id == hashes.c.id)
            .where(hashes.c.id.in_(chunk), hashes.c.state.in_(("active", "disputed")))
            .group_by(hashes.c.id, hashes.c.state)
        )
        changed = {}
        for row in turn.connection.execute(query):
            disputed = row.against >= AGREE and row.against > row.agreed
            if disputed != (row.state == "disputed"):
                changed[row.id] = "disputed" if disputed else "active"
        touch(turn, changed)
        if changed:
            _mark_items(turn, list(changed))


def _mark_items(turn: Turn, rows: Sequence[int]) -> None:
    """An item all of whose records are disputed is held; with one that is not, it is listed."""
    touched = select(listings.c.case_id, listings.c.number).where(listings.c.hash_id.in_(rows)).distinct().subquery()
    active = func.sum(case((hashes.c.state == "active", 1), else_=0)).label("active")
    query = (
        select(listings.c.case_id, listings.c.number, active)
        .join(hashes, hashes.c.id == listings.c.hash_id)
        .join(touched, and_(touched.c.case_id == listings.c.case_id, touched.c.number == listings.c.number))
        .group_by(listings.c.case_id, listings.c.number)
    )
    changes = [
        {"case": row.case_id, "item": row.number, "to": "listed" if row.active else "held"}
        for row in turn.connection.execute(query)
    ]
    if changes:
        turn.connection.execute(_MARK, changes)


_DISPUTABLE = (items.c.state == "listed") | (items.c.reason == "disputed")
_MARK = (
    update(items)
    .where(items.c.case_id == bindparam("case"), items.c.number == bindparam("item"), _DISPUTABLE)
    .where(items.c.state != "withdrawn")
    .values(state=bindparam("to"), reason=case((bindparam("to") == "held", "disputed"), else_=None))
)
