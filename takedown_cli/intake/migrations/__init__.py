"""Migrations: bringing a database to the tables of this version, whichever version made it.

It guarantees that a database is at the newest revision before anything is read or written, in one transaction.
It must never be run against a database of a newer version: that is refused.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import Engine, inspect, text

from takedown_cli.errors import ConfigError
from takedown_cli.intake.database import telling

#: The newest revision.
HEAD: Final = "0002"


def revision_of(engine: Engine) -> str | None:
    """The revision that a database is at; None for an empty one."""
    with engine.begin() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def upgrade(engine: Engine) -> None:
    """Bring a database to ``HEAD``. Raises ConfigError when it cannot be, or is of a newer
    version; IntakeDatabaseError when it is damaged."""
    with telling("The intake's database cannot be opened.", "Check its address and rights."):
        before = revision_of(engine)
        if before == HEAD:
            return
        if before is not None and before > HEAD:
            raise ConfigError("This database was made by a newer version of takedown.", hint="Install that version.")
        _run(engine)


def _run(engine: Engine) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":  # several processes may start at once
            connection.execute(text("SELECT pg_advisory_xact_lock(20480)"))
        config.attributes["connection"] = connection
        command.upgrade(config, HEAD)
