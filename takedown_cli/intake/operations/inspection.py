"""Looks an intake over for its operator, without changing anything: what it has, how it does, what needs attention."""

from __future__ import annotations

import http.client
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from takedown_cli.core.clock import SYSTEM, Clock
from takedown_cli.intake.messages.keyring import Keyring
from takedown_cli.intake.operations.census import Census, take_census
from takedown_cli.intake.operations.serving_lock import find_server
from takedown_cli.intake.operations.upkeep import clock_doubt, last_done
from takedown_cli.intake.settings import Home
from takedown_cli.intake.store.engine import open_engine, translate_errors
from takedown_cli.intake.store.migrations import HEAD, check_revision, revision_of

#: From when on something needs attention: days since the last purge, backup and pull, a share of the capacity in use,
#: free bytes, and seconds that the clock is behind the last change. The alert rules in docs/deploy have the same.
PURGE_DAYS: Final = 2
BACKUP_DAYS: Final = 7
PULL_DAYS: Final = 3
LOAD: Final = 0.9
FREE_BYTES: Final = 1_000_000_000
BEHIND_SECONDS: Final = 86_400
_PATIENCE: Final = 10.0


@dataclass(frozen=True, slots=True)
class Attention:
    """Something that needs the operator. ``id`` is stable; ``platform`` is the name of the one that it is about."""

    id: str
    sentence: str
    platform: str | None = None


@dataclass(frozen=True, slots=True)
class Server:
    """Where the serving process listens, and the shares of its capacity in use, None if it does not answer."""

    host: str
    port: int
    load: float | None
    large_load: float | None


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found. ``census`` is None while the database, at ``revision``, is of an earlier version.

    ``free`` is the free space in bytes; ``attention`` lists what needs the operator.
    """

    test: bool
    revision: str | None
    server: Server | None
    census: Census | None
    last_purge: str | None
    last_backup: str | None
    free: int
    attention: tuple[Attention, ...]


def inspect_intake(home: Home, clock: Clock = SYSTEM) -> Inspection:
    """Look over the intake in a folder, which another process may be serving.

    Raise ConfigError if its settings, keys or database cannot be used or are of a newer version, and
    IntakeDatabaseError if the database is damaged.
    """
    settings = home.load()
    token = Keyring.load(home).derive_key("metrics").hex()
    engine = open_engine(home.database_url(settings))
    try:
        with translate_errors("The intake's database cannot be read."):
            revision = revision_of(engine)
            check_revision(revision)
            with engine.begin() as connection:
                census = take_census(connection) if revision == HEAD else None
    finally:
        engine.dispose()
    address = find_server(home)
    server = None if address is None else _ask_server(*address, token)
    purge, backup = last_done(home, "purge"), last_done(home, "backup")
    free = shutil.disk_usage(home.path).free
    found = [
        *_of_the_server(server),
        *(_of_the_census(census, clock) if census else [_OLD]),
        *_of_the_chores(purge, backup, clock.day(), clock_doubt(home, clock.day())),
    ]
    if free < FREE_BYTES:
        found.append(Attention("disk-low", "The disk of the intake's folder is nearly full. Make room on it."))
    return Inspection(settings.test, revision, server, census, purge, backup, free, tuple(found))


_OLD: Final = Attention(
    "database-old",
    "The database is of an earlier version. The server brings it up to date when it starts. "
    "To try that out, run:\n  takedown intake upgrade DIR --dry-run",
)


def _ask_server(host: str, port: int, token: str) -> Server:
    """Return what the serving process says of its load, asked at its own address and through no proxy."""
    gauges: dict[str, float] = {}
    connection = http.client.HTTPConnection(host, port, timeout=_PATIENCE)
    try:
        connection.request("GET", "/metrics", headers={"Authorization": f"Bearer {token}"})
        for line in connection.getresponse().read().decode().splitlines():
            name, _, value = line.rpartition(" ")
            if name.startswith("takedown_intake_load{"):
                gauges[name] = float(value)
    except (OSError, ValueError, http.client.HTTPException):
        gauges = {}
    finally:
        connection.close()
    small, large = (gauges.get(f'takedown_intake_load{{size="{size}"}}') for size in ("small", "large"))
    return Server(host, port, small, large)


def _of_the_server(server: Server | None) -> Iterator[Attention]:
    if server is None:
        yield Attention(
            "not-serving", "No server is running on this folder. To start it, run:\n  takedown intake serve DIR"
        )
    elif server.load is None or server.large_load is None:
        yield Attention("not-answering", "The server does not answer. Look at its log, and start it again.")
    elif max(server.load, server.large_load) > LOAD:
        yield Attention("busy", "The server is busy: nearly all of its capacity is in use.")


def _of_the_census(census: Census, clock: Clock) -> Iterator[Attention]:
    if census.held_cases:
        yield Attention("held", "Cases are held back. To look at them, run:\n  takedown intake review DIR")
    for platform in census.platforms:
        days = _days_since(platform.last_pull or platform.since, clock.day())
        if days > PULL_DAYS:
            what = "has pulled no list" if platform.last_pull is None else "has not pulled its list"
            yield Attention("platform-silent", f"A platform {what} for {days} days. Ask its operator.", platform.name)
    if census.modified - clock.seconds() > BEHIND_SECONDS:
        last = datetime.fromtimestamp(census.modified, UTC).date()
        yield Attention("clock-behind", f"The computer's clock is behind: the last change was on {last}. Set it right.")


def _of_the_chores(purge: str | None, backup: str | None, today: str, doubt: str | None) -> Iterator[Attention]:
    if doubt is not None:
        yield Attention(
            "clock-doubtful",
            f"{doubt} Nothing is deleted until you say that it is right:\n  takedown intake purge DIR",
        )
    elif purge is not None and _days_since(purge, today) > PURGE_DAYS:
        yield Attention(
            "purge-late",
            f"What has expired was last deleted on {purge}. Look for purge-failed or log-not-emptied in the log.",
        )
    if backup is None:
        yield Attention("no-backup", "No backup is known. To make one, run:\n  takedown intake backup DIR TARGET")
    elif _days_since(backup, today) > BACKUP_DAYS:
        yield Attention(
            "backup-old", f"The last backup is of {backup}. To make one, run:\n  takedown intake backup DIR TARGET"
        )


def _days_since(day: str, today: str) -> int:
    return (date.fromisoformat(today) - date.fromisoformat(day)).days
