"""An SQLite file of mode 0600 in a platform's folder, with transactions and errors of our own."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from takedown_cli.core.errors import ListError, OutputError

#: Seconds that the lock of another command is waited for.
_PATIENCE: Final = 5.0
_LOCKED: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_NO_SPACE: Final = frozenset({
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class DatabaseForm:
    """A kind of file: SQLite's application id, the version of its tables, the statements that make them.

    ``upgrades`` are the statements that make each version from the one before it, the last one ``version`` itself.
    Sentences say that another command is using it, that it could not be written, and that it is damaged; hints what to
    do then.
    """

    application: int
    version: int
    tables: tuple[str, ...]
    busy: str
    not_written: str
    not_written_hint: str
    damaged: str
    damaged_hint: str
    upgrades: tuple[tuple[str, ...], ...] = ()


class PrivateDatabase:
    """An open file of a form, as a context manager; made if there is none. Raises ListError, OutputError."""

    def __init__(self, path: Path, form: DatabaseForm) -> None:
        self._form = form
        try:
            # SQLite itself would make it readable for others. Files that it puts beside it have the same mode.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600))
        except OSError:
            raise OutputError(form.not_written, hint=form.not_written_hint) from None
        with self.explained():
            self.connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
            try:
                self._prepare()
            except BaseException:
                self.connection.close()
                raise

    def _prepare(self) -> None:
        if not self._number("SELECT count(*) FROM sqlite_master"):
            # Readers then go on while somebody writes.
            self.connection.execute("PRAGMA journal_mode = WAL")
            with self.transaction():
                if not self._number("SELECT count(*) FROM sqlite_master"):  # nobody else was faster
                    self.connection.execute(f"PRAGMA application_id = {self._form.application}")
                    self.connection.execute(f"PRAGMA user_version = {self._form.version}")
                    for statement in self._form.tables:
                        self.connection.execute(statement)
        first = self._form.version - len(self._form.upgrades)
        if self._is_one_of(range(first, self._form.version)):
            with self.transaction():
                # Nobody else was faster, in part or in whole.
                for version in range(self._number("PRAGMA user_version"), self._form.version):
                    for statement in self._form.upgrades[version - first]:
                        self.connection.execute(statement)
                self.connection.execute(f"PRAGMA user_version = {self._form.version}")
        if not self._is_one_of(range(self._form.version, self._form.version + 1)):
            raise ListError(self._form.damaged, hint=self._form.damaged_hint)

    def _is_one_of(self, versions: range) -> bool:
        application, version = self._number("PRAGMA application_id"), self._number("PRAGMA user_version")
        return application == self._form.application and version in versions

    def _number(self, query: str) -> int:
        return int(self.connection.execute(query).fetchone()[0])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(sqlite3.Error):
            self.connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Have all changes of the block count when it ends, and none if it fails."""
        with self.explained():
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # SQLite itself rolled back already, as after a full disk
                    self.connection.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Have everything that is read in the block be of one state."""
        with self.explained():
            self.connection.execute("BEGIN")
            try:
                yield
            finally:
                with suppress(sqlite3.Error):
                    self.connection.execute("COMMIT")

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Raise OutputError or ListError in the place of SQLite's errors."""
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code in _LOCKED:
                raise OutputError(self._form.busy, hint="Wait until it ends, then run this again.") from None
            if code in _NO_SPACE:
                raise OutputError(self._form.not_written, hint=self._form.not_written_hint) from None
            raise ListError(self._form.damaged, hint=self._form.damaged_hint) from None
