"""The organisations whose second signature counts: helplines that answer for what they send.

Up to its daily quota, a known organisation's submissions are not held during a flood.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, and_, exists, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from takedown_cli.core.errors import ConfigError
from takedown_cli.intake.cases.hash_state import ALWAYS, VOUCHED, settle_clips, settle_records, settle_vouching
from takedown_cli.intake.store.tables import (
    ITEM_COUNTS,
    LISTING_OF_ITEM,
    items,
    listings,
    organisations,
    submissions,
    vouchers,
)
from takedown_cli.intake.store.writer import WriteTransaction
from takedown_cli.protocol import public_keys

_LIST: Final = "'takedown intake organisation list' shows them."


@dataclass(frozen=True, slots=True)
class Organisation:
    """A helpline. ``key_id`` names its public key; ``today`` counts its submissions of today, large ones repeatedly."""

    name: str
    key_id: str
    quota: int
    today: int
    since: str
    revoked: str | None


def add_organisation(transaction: WriteTransaction, name: str, key: bytes, quota: int) -> None:
    """Add an organisation with its public key, 32 bytes. Raise ConfigError."""
    if not 1 <= len(name) <= 80 or not name.isprintable():
        raise ConfigError("An organisation's name must have 1 to 80 printable characters.", hint="Choose another name.")
    if len(key) != 32:
        raise ConfigError("This public key is not valid.", hint="See 'takedown keys show'.")
    try:
        transaction.execute(insert(organisations).values(name=name, key=key, quota=quota, since=transaction.day))
    except IntegrityError:
        raise ConfigError("An organisation with this name or key exists already.", hint=_LIST) from None


def revoke_organisation(transaction: WriteTransaction, name: str, since: str | None = None) -> None:
    """Ignore an organisation's signature, also on what it has countersigned already.

    With ``since`` (a day) what it countersigned before that day still counts, and what came with its signature from
    then on is held for review. Raise ConfigError when there is none of that name.
    """
    named = organisations.c.name == name
    if since is None:
        named = and_(named, organisations.c.revoked.is_(None))
    row = transaction.scalar(select(organisations.c.id).where(named))
    if row is None:
        raise ConfigError("There is no organisation with this name.", hint=_LIST)
    mine = organisations.c.id == row
    transaction.execute(update(organisations).where(mine).values(revoked=transaction.day, distrusted=since or ALWAYS))
    settle_vouching(transaction, row)
    if since is not None:
        _hold_items(transaction, row, since)


def _hold_items(transaction: WriteTransaction, organisation: int, since: str) -> None:
    """Hold what an organisation's signature listed from that day on, unless another organisation vouches for it.

    That is what came with the signature, and what was signed later, which may have released it.
    """
    came = exists().where(
        submissions.c.case_id == items.c.case_id,
        submissions.c.organisation_id == organisation,
        submissions.c.day >= since,
        items.c.number >= submissions.c.first,
        items.c.number < submissions.c.first + submissions.c.item_count,
    )
    signed = exists().where(
        vouchers.c.case_id == items.c.case_id,
        vouchers.c.number == items.c.number,
        vouchers.c.organisation_id == organisation,
        vouchers.c.day >= since,
    )
    held = and_(or_(came, signed), ITEM_COUNTS, ~VOUCHED)
    rows = transaction.scalars(select(listings.c.hash_id).join(items, LISTING_OF_ITEM).where(held).distinct()).all()
    shown = select(items.c.clip_id).where(held, items.c.clip_id.is_not(None)).distinct()
    clips = transaction.scalars(shown).all()
    transaction.execute(update(items).where(held).values(state="held", reason="revoked"))
    settle_records(transaction, rows)
    settle_clips(transaction, clips)


def list_organisations(connection: Connection, day: str) -> list[Organisation]:
    """Return all organisations, also revoked ones, with their number of submissions on ``day``."""
    today = (
        select(func.coalesce(func.sum(submissions.c.units), 0))
        .where(submissions.c.organisation_id == organisations.c.id, submissions.c.charged == day)
        .scalar_subquery()
    )
    rows = connection.execute(select(organisations, today.label("today")).order_by(organisations.c.id))
    return [
        Organisation(row.name, public_keys.key_id(bytes(row.key)), row.quota, int(row.today), row.since, row.revoked)
        for row in rows
    ]
