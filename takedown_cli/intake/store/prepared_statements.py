"""Statements that every request runs. They are compiled once, and then given to the driver as text.

Building a statement with SQLAlchemy each time took most of the time of a request. The text of a statement must not
depend on its values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, TypeVar

from sqlalchemy import Connection
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.selectable import SelectBase

T = TypeVar("T")
Row = tuple[Any, ...]
Value = int | str | bytes | None
#: Values per statement: below every database's limit of parameters.
CHUNK: Final = 500


def in_chunks(values: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    remaining = iter(values)
    while chunk := list(islice(remaining, size)):
        yield chunk


@dataclass(frozen=True, slots=True)
class _Compiled:
    """The text for one database, the order of its parameters if its driver wants one, and values that never change."""

    text: str
    order: Sequence[str] | None
    constants: Mapping[str, Value]

    def arranged(self, values: Mapping[str, Value]) -> Any:
        everything = {**self.constants, **values} if self.constants else values
        return everything if self.order is None else tuple(everything[name] for name in self.order)


class PreparedStatement:
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
        """Run it and return all rows."""
        compiled = self._text(connection)
        with closing(connection.connection.cursor()) as cursor:
            cursor.execute(compiled.text, compiled.arranged(values))
            return list(cursor.fetchall())

    def row(self, connection: Connection, **values: Value) -> Row | None:
        """Run it and return the first row, or None."""
        found = self.rows(connection, **values)
        return found[0] if found else None

    def run(self, connection: Connection, *many: Mapping[str, Value]) -> None:
        """Run it once for each set of values."""
        compiled = self._text(connection)
        with closing(connection.connection.cursor()) as cursor:
            if len(many) == 1:
                cursor.execute(compiled.text, compiled.arranged(many[0]))
            else:
                cursor.executemany(compiled.text, [compiled.arranged(values) for values in many])
