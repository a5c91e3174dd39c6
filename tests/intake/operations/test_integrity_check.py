"""The integrity check finds what is wrong with a database."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.intake.process import run
from tests.intake.served import intake_with, new_intake, somebody


@pytest.mark.parametrize("damage", ["beginning", "page", "rows"])
def test_a_damaged_database_ends_with_code_5(damage: str, home: Path) -> None:
    new_intake(home, test=True)
    run("participant", "add", str(home), "Example Platform")
    file = home / "intake.db"
    with closing(sqlite3.connect(file)) as connection:
        if damage == "rows":  # a key of nobody
            connection.execute("PRAGMA foreign_keys=OFF")
            connection.execute("DELETE FROM participants")
            connection.commit()
        [at] = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'participant_keys'").fetchone()
        [size] = connection.execute("PRAGMA page_size").fetchone()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    if damage != "rows":
        with file.open("r+b") as stream:
            stream.seek(0 if damage == "beginning" else (at - 1) * size)
            stream.write(b"\xa5" * size)
    said = run("verify", str(home), code=5)
    if damage == "rows":
        assert said["wrong"] == ["The database file is damaged."]
    elif said["schema"] == "takedown.error":
        assert (said["id"], said["exit_code"]) == ("intake-database", 5)
    else:
        assert said["wrong"]


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE hashes SET state = 'withdrawn'",
        "UPDATE items SET state = 'withdrawn'",
        "DELETE FROM listings",
        "UPDATE submissions SET item_count = item_count + 1",
        "UPDATE clock SET seq = 0",
        "UPDATE cases SET lookup = zeroblob(32) WHERE expires = '2099-12-31'",
    ],
)
def test_the_check_up_finds_what_is_wrong(harm: str, home: Path) -> None:
    with intake_with(home) as server:
        somebody(server).submit()
        assert server.intake.check_integrity().wrong == ()
        server.intake.operate(lambda transaction: transaction.execute(text(harm)))
        assert server.intake.check_integrity().wrong != ()
