"""The platforms that take part: their keys, the endpoints that each key opens, and the lists that each may pull.

A key is shown once and stored only as an HMAC.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Connection, Row, and_, insert, or_, select, union, update
from sqlalchemy.exc import IntegrityError

from takedown_cli.core.errors import ConfigError
from takedown_cli.intake.cases.hash_state import ALWAYS, settle_records
from takedown_cli.intake.messages.keyring import Keyring
from takedown_cli.intake.messages.signals import EVERY_CLASS
from takedown_cli.intake.store.engine import inserted_id
from takedown_cli.intake.store.tables import clock, contributions, feedback, participant_keys, participants, pulls
from takedown_cli.intake.store.writer import WriteTransaction

Lists = Literal["under-18", "adult", "both"]
LISTS: Final = {"under-18": ("under-18",), "adult": ("adult",), "both": ("under-18", "adult")}

#: What a key opens. A call in the StopNCII shape needs the subscription key, and the endpoint's own key besides. The
#: user's password opens the NCMEC shape, and one token the native feed.
SUBSCRIPTION: Final = "subscription"
SCOPES: Final = ("fetch", "feedback", "submit", "ncmec", "feed")
#: What a new participant gets: to pull and to answer. Listing hashes of its own is for those who are trusted with it.
DEFAULT_SCOPES: Final = ("fetch", "feedback", "ncmec", "feed")
_USER: Final = "participant-"


@dataclass(frozen=True, slots=True)
class Participant:
    """A platform. ``lists`` names what it may pull, ``classes`` are the class bits that it subscribed to.

    ``confirmed``: it wants only confirmed hashes. It never saw what was withdrawn up to place ``joined``.
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
        """Return the user name at the NCMEC-shaped feed. Its password is the key of the scope ``ncmec``."""
        return f"{_USER}{self.participant_id}"


def _key_digest(keyring: Keyring, key: str) -> bytes:
    return hmac.digest(keyring.derive_key("participant-keys"), key.encode(), "sha256")


def add_participant(
    transaction: WriteTransaction,
    keyring: Keyring,
    name: str,
    lists: Lists,
    scopes: tuple[str, ...] = DEFAULT_SCOPES,
    classes: int = EVERY_CLASS,
    confirmed: bool = False,
) -> Keys:
    """Add a platform. Raise ConfigError when the name is taken or cannot be used."""
    if not 1 <= len(name) <= 80 or not name.isprintable():
        raise ConfigError("A participant's name must have 1 to 80 printable characters.", hint="Choose another name.")
    joined = select(clock.c.seq).scalar_subquery()
    row = {"name": name, "lists": lists, "classes": classes, "confirmed": confirmed, "since": transaction.day}
    try:
        made = transaction.execute(insert(participants).values(**row, joined=joined))
    except IntegrityError:
        raise ConfigError("A participant with this name exists already.", hint="Choose another name.") from None
    return issue_keys(transaction, keyring, inserted_id(made), scopes)


def issue_keys(transaction: WriteTransaction, keyring: Keyring, participant_id: int, scopes: tuple[str, ...]) -> Keys:
    """Draw new keys, 256 bits each, for a participant."""
    drawn = {scope: secrets.token_urlsafe(32) for scope in (SUBSCRIPTION, *scopes)}
    transaction.execute(
        insert(participant_keys),
        [
            {
                "digest": _key_digest(keyring, key),
                "participant_id": participant_id,
                "scope": scope,
                "since": transaction.day,
            }
            for scope, key in drawn.items()
        ],
    )
    return Keys(participant_id, drawn.pop(SUBSCRIPTION), drawn)


def rotate_keys(transaction: WriteTransaction, keyring: Keyring, name: str, grace_days: int = 0) -> Keys:
    """Replace a participant's keys by new ones for the same scopes. Raise ConfigError.

    The old keys work for ``grace_days`` more days; those of an earlier rotation end now. A participant from before the
    native feed gets a key for it, if it may pull at all.
    """
    participant_id = _find_participant(transaction.connection, name)
    mine = participant_keys.c.participant_id == participant_id
    newest = and_(mine, participant_keys.c.revoked.is_(None))
    scopes = set(transaction.scalars(select(participant_keys.c.scope).where(newest))) - {SUBSCRIPTION}
    if "fetch" in scopes:
        scopes.add("feed")
    _end_keys(transaction, participant_id)
    last = (date.fromisoformat(transaction.day) + timedelta(days=grace_days)).isoformat()
    transaction.execute(update(participant_keys).where(newest).values(revoked=last))
    return issue_keys(transaction, keyring, participant_id, tuple(scope for scope in SCOPES if scope in scopes))


def _end_keys(transaction: WriteTransaction, participant_id: int) -> None:
    """Let keys that were replaced, and would still work for some days, open nothing from today on."""
    later = participant_keys.c.revoked > transaction.day
    mine = and_(participant_keys.c.participant_id == participant_id, later)
    transaction.execute(update(participant_keys).where(mine).values(revoked=transaction.day))


def revoke_participant(transaction: WriteTransaction, name: str, since: str | None = None) -> None:
    """Revoke a participant and all its keys. What it said and listed counts no more; with ``since``, from that day on.

    Raise ConfigError.
    """
    participant_id = _find_participant(transaction.connection, name, revoked=since is not None)
    mine = participants.c.id == participant_id
    transaction.execute(update(participants).where(mine).values(revoked=transaction.day, distrusted=since or ALWAYS))
    _end_keys(transaction, participant_id)
    transaction.execute(
        update(participant_keys)
        .where(participant_keys.c.participant_id == participant_id, participant_keys.c.revoked.is_(None))
        .values(revoked=transaction.day)
    )
    said = select(feedback.c.hash_id).where(feedback.c.participant_id == participant_id)
    listed = select(contributions.c.hash_id).where(contributions.c.participant_id == participant_id)
    rows = transaction.scalars(union(said, listed)).all()
    settle_records(transaction, rows, moved=rows)  # others must read them again, without its answers


def _find_participant(connection: Connection, name: str, *, revoked: bool = False) -> int:
    """Return the row id of an active participant, or with ``revoked`` of any. Raise ConfigError."""
    query = select(participants.c.id).where(participants.c.name == name)
    found = connection.scalar(query if revoked else query.where(participants.c.revoked.is_(None)))
    if found is None:
        raise ConfigError("There is no participant with this name.", hint="See 'takedown intake participant list'.")
    return int(found)


@dataclass(frozen=True, slots=True)
class Pull:
    """How many records a participant pulled on a day, in lists that it read to their end."""

    participant: str
    day: str
    records: int


def list_pulls(connection: Connection) -> list[Pull]:
    """Return which participant pulled how much on which day."""
    query = (
        select(participants.c.name, pulls.c.day, pulls.c.records)
        .join(pulls, pulls.c.participant_id == participants.c.id)
        .order_by(pulls.c.day, participants.c.name)
    )
    return [Pull(*row) for row in connection.execute(query)]


def list_participants(connection: Connection) -> list[Participant]:
    """Return all participants, also revoked ones, in the order in which they were added."""
    return [_participant(row) for row in connection.execute(select(participants).order_by(participants.c.id))]


def _participant(row: Row[*tuple[Any, ...]]) -> Participant:
    lists = LISTS[row.lists]
    return Participant(row.id, row.name, lists, row.classes, row.confirmed, row.joined, row.since, row.revoked)


def _works_on(day: str) -> ColumnElement[bool]:
    return or_(participant_keys.c.revoked.is_(None), participant_keys.c.revoked > day)


def authenticate_keys(
    connection: Connection, keyring: Keyring, scope: str, endpoint_key: str, subscription_key: str, day: str
) -> Participant | None:
    """Return the owner of these keys, or None. Keys are looked up by HMAC, so the time reveals nothing about them."""
    wanted = {scope: _key_digest(keyring, endpoint_key), SUBSCRIPTION: _key_digest(keyring, subscription_key)}
    rows = connection.execute(
        select(participant_keys.c.scope, participant_keys.c.digest, participant_keys.c.participant_id).where(
            participant_keys.c.digest.in_(wanted.values()), _works_on(day)
        )
    ).all()
    owners = [row.participant_id for row in rows if hmac.compare_digest(bytes(row.digest), wanted.get(row.scope, b""))]
    if len(owners) != 2 or owners[0] != owners[1]:
        return None
    return _active_participant(connection, owners[0])


def authenticate_user(
    connection: Connection, keyring: Keyring, username: str, password: str, day: str
) -> Participant | None:
    """Return the owner of this user name and password of the NCMEC-shaped feed, or None."""
    owner = _owner_of(connection, keyring, password, "ncmec", day)
    return None if owner is None or username != f"{_USER}{owner}" else _active_participant(connection, owner)


def authenticate_token(connection: Connection, keyring: Keyring, token: str, day: str) -> Participant | None:
    """Return the owner of this token of the native feed, or None."""
    owner = _owner_of(connection, keyring, token, "feed", day)
    return None if owner is None else _active_participant(connection, owner)


def _owner_of(connection: Connection, keyring: Keyring, key: str, scope: str, day: str) -> int | None:
    query = select(participant_keys.c.participant_id).where(
        participant_keys.c.digest == _key_digest(keyring, key), participant_keys.c.scope == scope, _works_on(day)
    )
    return connection.scalar(query)


def _active_participant(connection: Connection, participant_id: int) -> Participant | None:
    row = connection.execute(
        select(participants).where(participants.c.id == participant_id, participants.c.revoked.is_(None))
    ).first()
    return None if row is None else _participant(row)
