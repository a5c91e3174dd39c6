"""Statements that every request runs: compiled once, then given to the driver as they are.

It guarantees the same statement on every database, written in SQLAlchemy's terms; building it anew for each request
took most of the time that a request took. It must never be given a statement whose text depends on its values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.selectable import SelectBase

Row = tuple[Any, ...]
Value = int | str | bytes | None


@dataclass(frozen=True, slots=True)
class _Compiled:
    """The text for one database, the order of parameters where its driver wants one, and values that never change."""

    text: str
    order: Sequence[str] | None
    constants: Mapping[str, Value]

    def arranged(self, values: Mapping[str, Value]) -> Any:
        everything = {**self.constants, **values} if self.constants else values
        return everything if self.order is None else tuple(everything[name] for name in self.order)


class Prepared:
    """A statement with named parameters. ``columns`` are those an insert names."""

    def __init__(self, statement: SelectBase | UpdateBase, columns: Sequence[str] | None = None) -> None:
        self._statement: Final = statement
        self._columns: Final = columns
        self._compiled: dict[str, _Compiled] = {}

    def _text(self, connection: Connection) -> _Compiled:
        dialect = connection.dialect
        if dialect.name not in self._compiled:
            compiled = self._statement.compile(dialect=dialect, column_keys=self._columns)
            order = list(compiled.positiontup or ()) if compiled.positional else None
            constants = {name: value for name, value in compiled.params.items() if value is not None}
            self._compiled[dialect.name] = _Compiled(str(compiled), order, constants)
        return self._compiled[dialect.name]

    def rows(self, connection: Connection, **values: Value) -> list[Row]:
        """Run it, and give all rows."""
        compiled = self._text(connection)
        cursor = connection.connection.cursor()
        try:
            cursor.execute(compiled.text, compiled.arranged(values))
            return list(cursor.fetchall())
        finally:
            cursor.close()

    def row(self, connection: Connection, **values: Value) -> Row | None:
        """Run it, and give the first row, if there is one."""
        found = self.rows(connection, **values)
        return found[0] if found else None

    def run(self, connection: Connection, *many: Mapping[str, Value]) -> None:
        """Run it once for each set of values."""
        compiled = self._text(connection)
        cursor = connection.connection.cursor()
        try:
            if len(many) == 1:
                cursor.execute(compiled.text, compiled.arranged(many[0]))
            else:
                cursor.executemany(compiled.text, [compiled.arranged(values) for values in many])
        finally:
            cursor.close()
