"""The platforms that take part: their keys, what each key opens, and which lists each of them may pull.

It guarantees that a key is shown once and stored only as an HMAC, and that the two lists stay apart.
It must never give a participant anything that another one could recognise a case by.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import Connection, Row, and_, insert, select, update
from sqlalchemy.exc import IntegrityError

from takedown_cli.errors import ConfigError
from takedown_cli.intake.database import new_id
from takedown_cli.intake.keyring import Keyring
from takedown_cli.intake.schema import clock, participant_keys, participants, pulls
from takedown_cli.intake.signals import EVERY_CLASS
from takedown_cli.intake.writer import Turn

Lists = Literal["under-18", "adult", "both"]
LISTS: Final = {"under-18": ("under-18",), "adult": ("adult",), "both": ("under-18", "adult")}

#: What a key opens. The subscription key goes with every call; each endpoint has its own besides.
SUBSCRIPTION: Final = "subscription"
SCOPES: Final = ("fetch", "feedback", "submit", "ncmec")
#: What a new participant gets: to pull and to answer. Listing hashes of its own is for those who are trusted with it.
USUAL: Final = ("fetch", "feedback", "ncmec")
_USER: Final = "participant-"


@dataclass(frozen=True, slots=True)
class Participant:
    """A platform. ``lists`` names what it may pull, ``classes`` are the class bits that it subscribed to.

    ``confirmed`` says that it wants confirmed hashes only. What was withdrawn up to place ``joined`` it never saw.
    """

    id: int
    name: str
    lists: tuple[str, ...]
    classes: int
    confirmed: bool
    joined: int
    since: str
    revoked: str | None


@dataclass(frozen=True, slots=True)
class Keys:
    """A participant's secrets, to be shown once: the subscription key, and a key per endpoint."""

    participant_id: int
    subscription: str
    endpoints: dict[str, str]

    @property
    def username(self) -> str:
        """The user name at the NCMEC-shaped feed, whose password is the key of the scope ``ncmec``."""
        return f"{_USER}{self.participant_id}"


def _digest(keyring: Keyring, key: str) -> bytes:
    return hmac.digest(keyring.derived("participant-keys"), key.encode(), "sha256")


def add(
    turn: Turn,
    keyring: Keyring,
    name: str,
    lists: Lists,
    scopes: tuple[str, ...] = USUAL,
    classes: int = EVERY_CLASS,
    confirmed: bool = False,
) -> Keys:
    """Take a platform in. Raises ConfigError when the name is taken or cannot be used."""
    if not 1 <= len(name) <= 80 or not name.isprintable():
        raise ConfigError("A participant's name must have 1 to 80 printable characters.", hint="Choose another name.")
    joined = select(clock.c.seq).scalar_subquery()
    row = {"name": name, "lists": lists, "classes": classes, "confirmed": confirmed, "since": turn.day}
    try:
        made = turn.connection.execute(insert(participants).values(**row, joined=joined))
    except IntegrityError:
        raise ConfigError("There is a participant of that name already.", hint="Choose another name.") from None
    return issue(turn, keyring, new_id(made), scopes)


def issue(turn: Turn, keyring: Keyring, participant_id: int, scopes: tuple[str, ...]) -> Keys:
    """Draw new keys, 256 bits each, for a participant."""
    drawn = {scope: secrets.token_urlsafe(32) for scope in (SUBSCRIPTION, *scopes)}
    turn.connection.execute(
        insert(participant_keys),
        [
            {
                "digest": _digest(keyring, key),
                "participant_id": participant_id,
                "scope": scope,
                "since": turn.day,
            }
            for scope, key in drawn.items()
        ],
    )
    return Keys(participant_id, drawn.pop(SUBSCRIPTION), drawn)


def rotate(turn: Turn, keyring: Keyring, name: str) -> Keys:
    """New keys for the scopes that a participant's keys opened; the old ones open nothing. Raises ConfigError."""
    participant_id = _named(turn.connection, name)
    mine = and_(participant_keys.c.participant_id == participant_id, participant_keys.c.revoked.is_(None))
    scopes = set(turn.connection.scalars(select(participant_keys.c.scope).where(mine))) - {SUBSCRIPTION}
    turn.connection.execute(update(participant_keys).where(mine).values(revoked=turn.day))
    return issue(turn, keyring, participant_id, tuple(scope for scope in SCOPES if scope in scopes))


def revoke(turn: Turn, name: str) -> None:
    """Shut a participant out. Raises ConfigError."""
    participant_id = _named(turn.connection, name)
    turn.connection.execute(update(participants).where(participants.c.id == participant_id).values(revoked=turn.day))
    turn.connection.execute(
        update(participant_keys)
        .where(participant_keys.c.participant_id == participant_id, participant_keys.c.revoked.is_(None))
        .values(revoked=turn.day)
    )


def _named(connection: Connection, name: str) -> int:
    found = connection.scalar(
        select(participants.c.id).where(participants.c.name == name, participants.c.revoked.is_(None))
    )
    if found is None:
        raise ConfigError("There is no participant of that name.", hint="See 'takedown intake participant list'.")
    return int(found)


@dataclass(frozen=True, slots=True)
class Pull:
    """What a participant pulled on a day: so many records, in lists that were pulled to their end."""

    participant: str
    day: str
    records: int


def audit(connection: Connection) -> list[Pull]:
    """Who pulled when and how much, by day."""
    query = (
        select(participants.c.name, pulls.c.day, pulls.c.records)
        .join(pulls, pulls.c.participant_id == participants.c.id)
        .order_by(pulls.c.day, participants.c.name)
    )
    return [Pull(*row) for row in connection.execute(query)]


def everyone(connection: Connection) -> list[Participant]:
    """All participants, also revoked ones, in the order they came."""
    return [_participant(row) for row in connection.execute(select(participants).order_by(participants.c.id))]


def _participant(row: Row[*tuple[Any, ...]]) -> Participant:
    lists = LISTS[row.lists]
    return Participant(row.id, row.name, lists, row.classes, row.confirmed, row.joined, row.since, row.revoked)


def authenticate(
    connection: Connection, keyring: Keyring, scope: str, endpoint_key: str, subscription_key: str
) -> Participant | None:
    """Whose keys these are, or None. Keys are found by an HMAC, so the time taken says nothing about them."""
    wanted = {scope: _digest(keyring, endpoint_key), SUBSCRIPTION: _digest(keyring, subscription_key)}
    rows = connection.execute(
        select(participant_keys.c.scope, participant_keys.c.digest, participant_keys.c.participant_id).where(
            participant_keys.c.digest.in_(wanted.values()), participant_keys.c.revoked.is_(None)
        )
    ).all()
    owners = [row.participant_id for row in rows if hmac.compare_digest(bytes(row.digest), wanted.get(row.scope, b""))]
    if len(owners) != 2 or owners[0] != owners[1]:
        return None
    return _active(connection, owners[0])


def authenticate_user(connection: Connection, keyring: Keyring, username: str, password: str) -> Participant | None:
    """Whose user name and password (of the NCMEC-shaped feed) these are, or None."""
    row = connection.execute(
        select(participant_keys.c.participant_id).where(
            participant_keys.c.digest == _digest(keyring, password),
            participant_keys.c.scope == "ncmec",
            participant_keys.c.revoked.is_(None),
        )
    ).first()
    if row is None or username != f"{_USER}{row.participant_id}":
        return None
    return _active(connection, row.participant_id)


def _active(connection: Connection, participant_id: int) -> Participant | None:
    row = connection.execute(
        select(participants).where(participants.c.id == participant_id, participants.c.revoked.is_(None))
    ).first()
    return None if row is None else _participant(row)
