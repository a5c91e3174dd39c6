"""Statements that every request runs: compiled once, then given to the driver as they are.

It guarantees the same statement on every database, written in SQLAlchemy's terms; building it anew for each request
took most of the time that a request took. It must never be given a statement whose text depends on its values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.selectable import Select

Row = tuple[Any, ...]
Value = int | str | bytes | None


class Prepared:
    """A statement with named parameters. ``columns`` are those an insert names."""

    def __init__(self, statement: Select[*tuple[Any, ...]] | UpdateBase, columns: Sequence[str] | None = None) -> None:
        self._statement: Final = statement
        self._columns: Final = columns
        self._compiled: dict[str, tuple[str, Sequence[str] | None]] = {}

    def _text(self, connection: Connection) -> tuple[str, Sequence[str] | None]:
        """The text for this database; and the order of the parameters, where the driver wants them in order."""
        dialect = connection.dialect
        if dialect.name not in self._compiled:
            compiled = self._statement.compile(dialect=dialect, column_keys=self._columns)
            order = list(compiled.positiontup or ()) if compiled.positional else None
            self._compiled[dialect.name] = (str(compiled), order)
        return self._compiled[dialect.name]

    def rows(self, connection: Connection, **values: Value) -> list[Row]:
        """Run it, and give all rows."""
        text, order = self._text(connection)
        cursor = connection.connection.cursor()
        try:
            cursor.execute(text, _arranged(values, order))
            return list(cursor.fetchall())
        finally:
            cursor.close()

    def row(self, connection: Connection, **values: Value) -> Row | None:
        """Run it, and give the first row, if there is one."""
        found = self.rows(connection, **values)
        return found[0] if found else None

    def run(self, connection: Connection, *many: Mapping[str, Value]) -> None:
        """Run it once for each set of values."""
        text, order = self._text(connection)
        cursor = connection.connection.cursor()
        try:
            if len(many) == 1:
                cursor.execute(text, _arranged(many[0], order))
            else:
                cursor.executemany(text, [_arranged(values, order) for values in many])
        finally:
            cursor.close()


def _arranged(values: Mapping[str, Value], order: Iterable[str] | None) -> Any:
    return values if order is None else tuple(values[name] for name in order)
