"""Decisions that a relay took and has not handed on yet, and digests of messages, in one file of mode 0600.

A message counts once. Of what it held, only the verdict and the record or bank entry are kept, and only until they are
handed on.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final, Self, cast

from takedown_cli.platform.feedback.callbacks import Decision, Word
from takedown_cli.platform.private_database import DatabaseForm, PrivateDatabase

_FORM: Final = DatabaseForm(
    application=0x74647271,  # "tdrq"
    version=1,
    tables=(
        "CREATE TABLE seen (digest BLOB PRIMARY KEY, until INTEGER) WITHOUT ROWID",
        """CREATE TABLE decided (number INTEGER PRIMARY KEY AUTOINCREMENT, verdict TEXT NOT NULL, record TEXT,
        bank TEXT, content INTEGER)""",
    ),
    busy="The relay's file is locked by another command.",
    not_written="The relay's file could not be written.",
    not_written_hint="Check the free space and the folder's permissions.",
    damaged="The relay's file is damaged.",
    damaged_hint="Move the file relay.db out of the platform's folder, and start the relay again.",
)


class RelayQueue:
    """The open file, as a context manager; for one thread. Raises OutputError, ListError."""

    def __init__(self, path: Path) -> None:
        self._database = PrivateDatabase(path, _FORM)
        self._connection = self._database.connection

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._database.__exit__(*exception)

    def take(self, digest: bytes, decision: Decision | None, until: int | None = None) -> bool:
        """Note a message by its digest, and keep its decision; they are on the disk afterwards.

        Return False, and change nothing, if the message was seen before. It is remembered for good, or ``until`` a
        second (Unix time) after which it would be stale anyway.
        """
        with self._database.transaction():
            self._connection.execute("DELETE FROM seen WHERE until < ?", (int(time.time()),))
            noted = self._connection.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (digest, until))
            if not noted.rowcount:
                return False
            if decision is not None:
                self._connection.execute(
                    "INSERT INTO decided (verdict, record, bank, content) VALUES (?, ?, ?, ?)",
                    (decision.verdict, decision.record, decision.bank, decision.content),
                )
            return True

    def waiting(self) -> list[tuple[int, Decision]]:
        """Return what was decided and not handed on, with its numbers, the oldest first."""
        query = "SELECT number, verdict, record, bank, content FROM decided ORDER BY number"
        with self._database.explained():
            rows = self._connection.execute(query).fetchall()
        return [(number, Decision(cast("Word", verdict), *rest)) for number, verdict, *rest in rows]

    def done(self, number: int) -> None:
        """Forget a decision that was handed on."""
        with self._database.transaction():
            self._connection.execute("DELETE FROM decided WHERE number = ?", (number,))
