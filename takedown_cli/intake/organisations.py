"""The organisations whose second signature counts: helplines that answer for those they send in.

It guarantees that what a known organisation countersigned is not held as part of a flood, up to its daily quota.
It must never hold a private key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from takedown_cli import keys
from takedown_cli.errors import ConfigError
from takedown_cli.intake.schema import organisations, submissions
from takedown_cli.intake.writer import Turn

_LIST: Final = "'takedown intake organisation list' shows them."


@dataclass(frozen=True, slots=True)
class Organisation:
    """A helpline. ``key_id`` names its public key; ``today`` counts its submissions of this day."""

    name: str
    key_id: str
    quota: int
    today: int
    since: str
    revoked: str | None


def add(turn: Turn, name: str, key: bytes, quota: int) -> None:
    """Take an organisation in by its public key, 32 bytes. Raises ConfigError."""
    if not 1 <= len(name) <= 80 or not name.isprintable():
        raise ConfigError("An organisation's name must have 1 to 80 printable characters.", hint="Choose another name.")
    if len(key) != 32:
        raise ConfigError("That is not a public key that can be used.", hint="See 'takedown keys show'.")
    try:
        turn.connection.execute(insert(organisations).values(name=name, key=key, quota=quota, since=turn.day))
    except IntegrityError:
        raise ConfigError("An organisation of that name or key is known already.", hint=_LIST) from None


def revoke(turn: Turn, name: str) -> None:
    """From now on its signature counts for nothing. Raises ConfigError when there is none of that name."""
    changed = turn.connection.execute(
        update(organisations)
        .where(organisations.c.name == name, organisations.c.revoked.is_(None))
        .values(revoked=turn.day)
    )
    if not changed.rowcount:
        raise ConfigError("There is no organisation of that name.", hint=_LIST)


def everyone(connection: Connection, day: str) -> list[Organisation]:
    """All organisations, also revoked ones, with their submissions of ``day``."""
    today = (
        select(func.count())
        .where(submissions.c.organisation_id == organisations.c.id, submissions.c.day == day)
        .scalar_subquery()
    )
    rows = connection.execute(select(organisations, today.label("today")).order_by(organisations.c.id))
    return [
        Organisation(row.name, keys.key_id(bytes(row.key)), row.quota, row.today, row.since, row.revoked)
        for row in rows
    ]
