"""Migrations make the tables that the code describes, on an empty database as on an old one."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from takedown_cli.core.errors import ConfigError
from takedown_cli.intake.http.server import Running
from takedown_cli.intake.messages.signals import EVERY_CLASS
from takedown_cli.intake.store import migrations
from takedown_cli.intake.store.engine import open_engine
from takedown_cli.intake.store.tables import metadata


def test_a_migrated_database_has_the_described_tables(intake: Running) -> None:
    def differences(connection: object) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))  # type: ignore[arg-type]

    assert intake.intake.read(differences) == []


def test_the_newest_revision_is_the_head() -> None:
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert scripts.get_heads() == [migrations.HEAD]


#: A database of revision 0001: the class bits 2 and 8 stood for any predicted copy.
OLD = """
INSERT INTO participants (id, name, lists, classes, since) VALUES (1, 'A', 'both', 15, '2026-01-31');
INSERT INTO participants (id, name, lists, classes, since) VALUES (2, 'B', 'both', 5, '2026-01-31');
INSERT INTO organisations (id, name, key, quota, since) VALUES (1, 'H', :blob, 5, '2026-01-31');
INSERT INTO cases (id, lookup, key, received, expires, behalf)
    VALUES (11, :one, :blob, '2026-01-31', '2027-01-31', 'self'), (12, :two, :blob, '2026-01-31', '2027-01-31', 'self');
INSERT INTO submissions (case_id, digest, day, expires, item_count, organisation_id)
    VALUES (11, :blob, '2026-01-31', '2027-01-31', 1, NULL), (12, :blob, '2026-01-31', '2027-01-31', 1, 1);
INSERT INTO items (case_id, number, media, age, state, fingerprints, seq)
    VALUES (11, 1, 'image', 'adult', 'listed', 2, 3), (12, 1, 'image', 'adult', 'listed', 1, 3);
INSERT INTO hashes (id, list, signal, value, state, classes, modified, seq)
    VALUES (1, 'adult', 'pdq', :one, 'active', 1, 5, 1), (2, 'adult', 'pdq', :two, 'active', 2, 5, 2),
           (3, 'adult', 'pdq', :blob, 'active', 1, 5, 3);
INSERT INTO listings (case_id, number, hash_id) VALUES (11, 1, 1), (11, 1, 2), (12, 1, 3);
INSERT INTO feedback (hash_id, participant_id, value, tags, day, seq)
    VALUES (1, 1, 'Blocked', '[]', '2026-01-31', 4), (1, 2, 'Blocked', '[]', '2026-01-31', 5);
"""


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_an_old_database_means_the_same_afterwards(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'intake.db'}"
    if kind == "postgresql":
        url = request.getfixturevalue("database_server").new_database()
    engine = open_engine(url, writer=True)
    with monkeypatch.context() as before:
        before.setattr(migrations, "HEAD", "0001")
        migrations.upgrade(engine)
    blobs = {"one": b"1" * 32, "two": b"2" * 32, "blob": b"3" * 32}
    with engine.begin() as connection:
        for statement in filter(str.strip, OLD.split(";")):
            named = {name: value for name, value in blobs.items() if f":{name}" in statement}
            connection.execute(text(statement), named)
    migrations.upgrade(engine)
    with engine.begin() as connection:

        def rows(query: str) -> list[tuple[object, ...]]:
            return [tuple(row) for row in connection.execute(text(query))]

        assert rows("SELECT id, standing FROM hashes ORDER BY id") == [
            (1, "confirmed"), (2, "provisional"), (3, "confirmed"),
        ]  # fmt: skip
        assert rows("SELECT hash_id, classes FROM listings ORDER BY hash_id") == [(1, 1), (2, 2), (3, 1)]
        assert rows("SELECT case_id, vouched FROM items WHERE case_id > 10 ORDER BY case_id") == [(11, 0), (12, 1)]
        assert rows("SELECT joined, classes FROM participants ORDER BY id") == [(0, EVERY_CLASS), (0, 5)]
        assert rows("SELECT case_id, number, organisation_id, day FROM vouchers") == [(12, 1, 1, "2026-01-31")]
        assert rows("SELECT first FROM submissions") == [(1,), (1,)]
        assert rows("SELECT case_id, hash_count, units, charged FROM submissions ORDER BY case_id") == [
            (11, 2, 1, "2026-01-31"), (12, 1, 1, "2026-01-31"),
        ]  # fmt: skip
        assert {bool(shown) for (shown,) in rows("SELECT shown FROM hashes")} == {True}
        assert rows("SELECT count(DISTINCT record), min(length(record)), max(length(record)) FROM hashes") == [
            (3, 16, 16)
        ]
        assert rows("SELECT length(era) FROM clock") == [(8,)]
    engine.dispose()


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'intake.db'}", writer=True)
    migrations.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigError):
        migrations.upgrade(engine)
    engine.dispose()
