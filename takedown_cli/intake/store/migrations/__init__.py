"""Bring a database to the tables of this version, in one transaction, before anything is read or written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, Engine, inspect, text

from takedown_cli.core.errors import ConfigError
from takedown_cli.intake.store.engine import translate_errors

if TYPE_CHECKING:
    from alembic.config import Config

#: The newest revision.
HEAD: Final = "0010"


def revision_of(engine: Engine) -> str | None:
    """Return the revision of a database, or None for an empty one."""
    with engine.begin() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def check_revision(revision: str | None) -> None:
    """Raise ConfigError if this is the revision of a newer version of takedown."""
    if revision is not None and revision > HEAD:
        raise ConfigError(
            f"The intake's database was made by a newer version of takedown: it has revision {revision}, and this "
            f"version knows revisions up to {HEAD}.",
            hint="Nothing was changed. Install the newer version again, or restore a backup from before the upgrade.",
        )


def upgrade(engine: Engine, afterwards: Callable[[Connection], bool] = lambda _: True) -> None:
    """Bring a database to ``HEAD``. If it was not there, run ``afterwards`` in the same transaction.

    If ``afterwards`` returns False, all of it is undone. Raise ConfigError when that fails or the database is of a
    newer version, IntakeDatabaseError when it is damaged.
    """
    with translate_errors("The intake's database cannot be opened."):
        before = revision_of(engine)
        if before == HEAD:
            return
        check_revision(before)
        _run(engine, afterwards)


def _run(engine: Engine, afterwards: Callable[[Connection], bool]) -> None:
    from alembic import command

    config = _config()
    with engine.connect() as connection, connection.begin() as transaction:
        if connection.dialect.name == "postgresql":  # several processes may start at once
            connection.execute(text("SELECT pg_advisory_xact_lock(20480)"))
        config.attributes["connection"] = connection
        command.upgrade(config, HEAD)
        if not afterwards(connection):
            transaction.rollback()


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config


def pending_steps(revision: str | None) -> list[tuple[str, str]]:
    """Return each step from ``revision`` to ``HEAD``, oldest first: its revision, and in a line what it is for."""
    from alembic.script import ScriptDirectory

    steps = [
        step for step in ScriptDirectory.from_config(_config()).walk_revisions() if step.revision > (revision or "")
    ]
    return [(step.revision, step.doc.partition("\n")[0]) for step in reversed(steps)]
