"""The database: how it is opened, so that what was committed survives, and what was deleted is gone.

It guarantees on SQLite: WAL, one fsync per commit, freed pages overwritten, foreign keys enforced.
It must never be handed to a stage that talks to the network.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, CursorResult, Engine, create_engine, event
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from takedown_cli.errors import ConfigError, IntakeDatabaseError, MissingExtraError

_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",  # an acknowledged submission survives a power cut
    "fullfsync=ON",  # also on macOS, where a plain fsync does not reach the disk
    "checkpoint_fullfsync=ON",
    "secure_delete=ON",  # a withdrawn or expired hash is overwritten, not only unlinked
    "foreign_keys=ON",
    "busy_timeout=10000",
    "trusted_schema=OFF",
    "cell_size_check=ON",
    "cache_size=-16384",
)


def open_engine(url: str, *, writer: bool = False) -> Engine:
    """An engine for readers, or the one for the single writer. Raises ConfigError, MissingExtraError."""
    try:
        # hide_parameters: the text of a database error must never hold a hash.
        engine = create_engine(url, hide_parameters=True, pool_size=1 if writer else 8, max_overflow=0, pool_timeout=10)
    except ImportError:
        raise MissingExtraError(hint="Install it with: pip install 'takedown-cli[postgres]'") from None
    except (ArgumentError, NoSuchModuleError, TypeError):
        raise ConfigError("The database address cannot be used.", hint="Use sqlite or postgresql+psycopg.") from None
    if engine.dialect.name == "postgresql" and not writer:
        engine = engine.execution_options(isolation_level="REPEATABLE READ")  # one state of things for a whole page
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine, "BEGIN IMMEDIATE" if writer else "BEGIN")
    return engine


@contextmanager
def telling(sentence: str, hint: str = "Check its rights.") -> Iterator[None]:
    """Where the database's own errors end: raises IntakeDatabaseError for a damaged file, ConfigError for others."""
    try:
        yield
    except SQLAlchemyError as error:
        code = getattr(getattr(error, "orig", None), "sqlite_errorcode", 0) & 0xFF
        if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            raise IntakeDatabaseError from None
        raise ConfigError(sentence, hint=hint) from None


def _prepare_sqlite(engine: Engine, begin: str) -> None:
    """Take transactions over from the driver, which would start them late and only for writing."""

    def connected(connection: Any, record: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))


class Own:
    """A connection for one thread's short looks, kept open: borrowing one each time takes longer than the look."""

    def __init__(self, engine: Engine) -> None:
        """``engine`` is one on SQLite."""
        self._connection = engine.connect()

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """One state of things, for ``Prepared`` statements that read."""
        driver = self._connection.connection.driver_connection
        assert driver is not None
        driver.execute("BEGIN")
        try:
            yield self._connection
        finally:
            driver.execute("COMMIT")

    def close(self) -> None:
        self._connection.close()


def new_id(made: CursorResult[*tuple[Any, ...]]) -> int:
    """The row id that an insert of one row gave."""
    key = made.inserted_primary_key
    assert key is not None
    return int(key[0])
