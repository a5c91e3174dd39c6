"""Migrations make the tables that the code describes, on an empty database as on an old one."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from takedown_cli.errors import ConfigError
from takedown_cli.intake import migrations
from takedown_cli.intake.database import open_engine
from takedown_cli.intake.schema import metadata
from takedown_cli.intake.server import Running


def test_a_migrated_database_has_the_described_tables(intake: Running) -> None:
    def differences(connection: object) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))  # type: ignore[arg-type]

    assert intake.intake.read(differences) == []


def test_the_newest_revision_is_the_head() -> None:
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert scripts.get_heads() == [migrations.HEAD]


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'intake.db'}", writer=True)
    migrations.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigError):
        migrations.upgrade(engine)
    engine.dispose()
