"""Opens the database so that committed data survives and deleted data is gone.

On SQLite: write-ahead log, one fsync a commit, freed pages overwritten, foreign keys enforced.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Connection, CursorResult, Engine, create_engine, event
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from takedown_cli.core.errors import ConfigError, IntakeDatabaseError, MissingExtraError, TakedownError

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

#: What PostgreSQL answers when its disk is full.
_DISK_FULL: Final = "53100"
_MAKE_ROOM: Final = "Make room on the disk. What was acknowledged is stored, and what failed can be repeated."


def open_engine(url: str, *, writer: bool = False) -> Engine:
    """Return an engine for readers, or the one for the single writer. Raise ConfigError, MissingExtraError."""
    try:
        # hide_parameters: the text of a database error must never hold a hash.
        # LIFO: SQLite keeps a cache for each connection, and with few readers most connections never fill theirs.
        engine = create_engine(
            url,
            hide_parameters=True,
            pool_size=1 if writer else 8,
            max_overflow=0,
            pool_timeout=10,
            pool_use_lifo=True,
        )
    except ImportError:
        raise MissingExtraError(hint="In a clone of takedown, install it with: pip install '.[postgres]'.") from None
    except (ArgumentError, NoSuchModuleError, TypeError):
        raise ConfigError("The database address is not valid.", hint="Use sqlite or postgresql+psycopg.") from None
    if engine.dialect.name == "postgresql" and not writer:
        engine = engine.execution_options(isolation_level="REPEATABLE READ")  # one state of things for a whole page
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine, "BEGIN IMMEDIATE" if writer else "BEGIN")
    return engine


@contextmanager
def translate_errors(sentence: str) -> Iterator[None]:
    """Replace the database's own errors: IntakeDatabaseError for a damaged file, ConfigError for all others.

    ``sentence`` says what could not be done where the error itself does not say why.
    """
    try:
        yield
    except SQLAlchemyError as error:
        raise _explain(error, sentence) from None


def _explain(error: SQLAlchemyError, sentence: str) -> TakedownError:
    orig = getattr(error, "orig", None)
    code = getattr(orig, "sqlite_errorcode", 0) & 0xFF
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return IntakeDatabaseError()
    if code == sqlite3.SQLITE_FULL or getattr(orig, "sqlstate", None) == _DISK_FULL:
        return ConfigError("The disk is full: the intake's database cannot grow.", hint=_MAKE_ROOM)
    if code == sqlite3.SQLITE_IOERR:
        return ConfigError(f"{sentence} The disk failed, or is full.", hint=_MAKE_ROOM)
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return ConfigError(f"{sentence} Another program keeps it locked.", hint="Let it end, and try again.")
    if code in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}:
        return ConfigError(
            f"{sentence} This account may not use its file.",
            hint="Run the command as the account that serves, or give the folder and all its files to that account.",
        )
    if isinstance(error, OperationalError) and type(orig).__module__.startswith("psycopg"):
        return ConfigError(
            "The PostgreSQL database does not answer, or does not let this account in.",
            hint="Start PostgreSQL. Check 'database' in intake.toml, and that this account can open it with psql.",
        )
    return ConfigError(sentence, hint="Check its address and its permissions.")


def _prepare_sqlite(engine: Engine, begin: str) -> None:
    """Begin transactions here instead of in the driver, which begins them late and only for writing."""

    def connected(connection: Any, record: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))


class LoopConnection:
    """A connection that one thread keeps open for short reads: borrowing one each time takes longer than the read."""

    def __init__(self, engine: Engine) -> None:
        """Connect to an engine on SQLite."""
        self._connection = engine.connect()

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Give a connection to one state of the database, for prepared statements that read."""
        driver = self._connection.connection.driver_connection
        assert driver is not None
        driver.execute("BEGIN")
        try:
            yield self._connection
        finally:
            driver.execute("COMMIT")

    def close(self) -> None:
        self._connection.close()


def inserted_id(made: CursorResult[*tuple[Any, ...]]) -> int:
    """Return the row id of an insert of one row."""
    key = made.inserted_primary_key
    assert key is not None
    return int(key[0])
