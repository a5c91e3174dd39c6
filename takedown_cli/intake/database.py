"""The database: how it is opened, so that what was committed survives, and what was deleted is gone.

It guarantees on SQLite: WAL, one fsync per commit, freed pages overwritten, foreign keys enforced.
It must never be handed to a stage that talks to the network.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import CursorResult, Engine, create_engine, event, insert, select
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from takedown_cli.errors import ConfigError, MissingExtraError
from takedown_cli.intake.schema import clock, metadata

_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",  # an acknowledged submission survives a power cut
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
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine, "BEGIN IMMEDIATE" if writer else "BEGIN")
    return engine


def _prepare_sqlite(engine: Engine, begin: str) -> None:
    """Take transactions over from the driver, which would start them late and only for writing."""

    def connected(connection: Any, record: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))


def create_tables(engine: Engine) -> None:
    """Make the tables in an empty database. Raises ConfigError when it cannot be reached or written."""
    try:
        with engine.begin() as connection:
            metadata.create_all(connection)
            if connection.execute(select(clock.c.id)).first() is None:
                connection.execute(insert(clock).values(id=1, modified=0, seq=0))
    except SQLAlchemyError:
        raise ConfigError("The intake's database cannot be opened.", hint="Check its address and rights.") from None


def new_id(made: CursorResult[*tuple[Any, ...]]) -> int:
    """The row id that an insert of one row gave."""
    key = made.inserted_primary_key
    assert key is not None
    return int(key[0])
