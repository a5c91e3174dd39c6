"""Bring a database to the tables of this version, in one transaction, before anything is read or written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, inspect, text

from takedown_cli.core.errors import ConfigError
from takedown_cli.intake.store.engine import translate_errors

#: The newest revision.
HEAD: Final = "0009"


def revision_of(engine: Engine) -> str | None:
    """Return the revision of a database, or None for an empty one."""
    with engine.begin() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def upgrade(engine: Engine, afterwards: Callable[[Connection], object] = lambda _: None) -> None:
    """Bring a database to ``HEAD``. If it was not there, run ``afterwards`` in the same transaction.

    Raise ConfigError when that fails or the database is of a newer version, IntakeDatabaseError when it is damaged.
    """
    with translate_errors("The intake's database cannot be opened.", "Check its address and its permissions."):
        before = revision_of(engine)
        if before == HEAD:
            return
        if before is not None and before > HEAD:
            raise ConfigError("This database was made by a newer version of takedown.", hint="Install that version.")
        _run(engine, afterwards)


def _run(engine: Engine, afterwards: Callable[[Connection], object]) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":  # several processes may start at once
            connection.execute(text("SELECT pg_advisory_xact_lock(20480)"))
        config.attributes["connection"] = connection
        command.upgrade(config, HEAD)
        afterwards(connection)
