"""The text of a manifest as rows of cells: CSV as spreadsheets write it, or JSONL, strictly.

It guarantees that a row which cannot be read costs that row alone, and that row numbers are those an editor shows.
It must never interpret a cell: what one may hold and what it means is decided elsewhere.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from takedown_cli.helpline.manifest.cell import holds_case_number
from takedown_cli.helpline.manifest.faults import Faults

COLUMNS: Final = ("reference", "source", "age", "for", "authority", "copies", "intake", "language")
REQUIRED: Final = ("reference", "source")

_MAX_BYTES: Final = 64 << 20
MAX_ROWS: Final = 100_000
_MAX_ROW: Final = 16_000  # characters
_MOST_LINES: Final = 50  # of one row, when cells hold line breaks
_DELIMITERS: Final = ",;\t"
_WIDE_MARKS: Final = (b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")
#: How spreadsheet documents begin: ZIP (xlsx, ods) and the older compound files (xls).
_DOCUMENTS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")


@dataclass(frozen=True, slots=True)
class RawRow:
    """One caller's cells by column, as they were typed; a column that is none of ours goes by its letter.

    ``row`` is as in ``Caller``.
    """

    row: int
    cells: dict[str, str]


def rows(data: bytes, faults: Faults) -> list[RawRow]:
    """The rows of a CSV or JSONL file. What is wrong goes to ``faults``; the rows that hold come back."""
    whole = _wrong_with_all(data)
    if whole is not None:
        faults.add(whole)
        return []
    lines = _lines(data.removeprefix(b"\xef\xbb\xbf"))
    first = next((line for line in lines if line and line.strip()), "") or ""
    if first.lstrip().startswith("["):
        faults.add("manifest-json-array")
        return []
    if len(lines) > MAX_ROWS:
        faults.add("manifest-too-many-rows")
        return []
    return list(_jsonl(lines, faults) if first.lstrip().startswith("{") else _csv(lines, faults))


def _wrong_with_all(data: bytes) -> str | None:
    if data.startswith(_DOCUMENTS):
        return "manifest-spreadsheet"
    if data.startswith(_WIDE_MARKS) or b"\0" in data[:4]:
        return "manifest-utf16"
    if len(data) > _MAX_BYTES:
        return "manifest-too-large"
    return None if data.strip() else "manifest-empty"


def _lines(data: bytes) -> list[str | None]:
    """The lines, ended as any system ends them; None for one that is not UTF-8."""
    lines: list[str | None] = []
    data = data.replace(b"\r\n", b"\n")
    for line in data.split(b"\n" if b"\n" in data else b"\r"):
        try:
            lines.append(line.decode("utf-8"))
        except UnicodeDecodeError:
            lines.append(None)
    while lines and lines[-1] == "":
        lines.pop()
    return lines


def column_letter(index: int) -> str:
    """The heading that a spreadsheet gives to the column, counted from 0: A, B, …, Z, AA."""
    letters = ""
    index += 1
    while index:
        index, digit = divmod(index - 1, 26)
        letters = chr(ord("A") + digit) + letters
    return letters


# ------------------------------------------------------------------------------------------------------------- JSONL


class _BadLineError(ValueError):
    """``reason`` is a fault's."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _jsonl(lines: list[str | None], faults: Faults) -> Iterator[RawRow]:
    for row, line in enumerate(lines, start=1):
        if line is not None and not line.strip():
            continue
        try:
            cells = _object(line)
        except _BadLineError as bad:
            faults.add(bad.reason, row)
            continue
        columns = [_column(name, position, row, faults) for position, name in enumerate(cells)]
        for name in REQUIRED:
            if name not in cells:
                faults.add(f"{name}-missing", row, name)
        yield RawRow(row, dict(zip(columns, cells.values(), strict=True)))


def _column(name: str, position: int, row: int, faults: Faults) -> str:
    """The column by our name; one that is none of ours by its letter, which is said.

    Its cells are read all the same: one of them may be a case number, and that has to be said too.
    """
    if name in COLUMNS:
        return name
    letter = column_letter(position)
    faults.add("cell-case-number" if holds_case_number(name) else "column-unknown", row, letter)
    return letter


def _object(line: str | None) -> dict[str, str]:
    if line is None:
        raise _BadLineError("row-encoding")
    if len(line) > _MAX_ROW:
        raise _BadLineError("row-too-long")
    try:
        found = json.loads(line, object_pairs_hook=_once, parse_constant=_no_constant)
    except _BadLineError:
        raise
    except RecursionError:
        raise _BadLineError("json-too-deep") from None
    except ValueError:
        raise _BadLineError("json-invalid") from None
    if not isinstance(found, dict):
        raise _BadLineError("json-not-object")
    return {name: _text(value) for name, value in found.items()}


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _BadLineError("json-key-twice")
    return found


def _no_constant(_name: str) -> NoReturn:
    raise _BadLineError("json-invalid")  # NaN and Infinity, which are not JSON


def _text(value: object) -> str:
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return " ".join(value)  # copies may be a list of classes
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _BadLineError("json-not-text")
    return value


# --------------------------------------------------------------------------------------------------------------- CSV


def _csv(lines: list[str | None], faults: Faults) -> Iterator[RawRow]:
    delimiter, names, start = _headings(lines, faults)
    if not names:
        return
    row = start
    while start < len(lines):
        row += 1
        line = lines[start]
        reason, cells, used = _split(lines, start, delimiter, len(names))
        start += used
        if line is not None and not line.strip(f" {delimiter}"):
            continue  # spreadsheets leave rows of nothing but separators
        if reason is None:
            reason = "row-too-many-cells" if any(cells[len(names) :]) else None
            reason = "row-too-few-cells" if len(cells) < len(names) else reason
        if reason is not None:
            faults.add(reason, row)
            continue
        yield RawRow(row, dict(zip(names, cells, strict=False)))


def _headings(lines: list[str | None], faults: Faults) -> tuple[str, list[str], int]:
    """The delimiter, the name of each column (empty for one without a heading), and how many lines that took."""
    start = 0
    forced = ""
    if lines and lines[0] is not None and lines[0].lower().startswith("sep=") and len(lines[0]) == 5:
        forced, start = lines[0][4], 1
    while start < len(lines) and lines[start] == "":
        start += 1
    best: tuple[str, list[str]] = (forced or ",", [])
    for delimiter in forced or _DELIMITERS:
        _, cells, _ = _split(lines, start, delimiter, 0)
        found = [cell.strip().casefold() for cell in cells]
        if len(set(found) & {*COLUMNS}) > len(set(best[1]) & {*COLUMNS}):
            best = delimiter, found
    delimiter, names = best
    while names and not names[-1]:
        names.pop()
    known = _checked_headings(names, start + 1, faults)
    return delimiter, known, start + 1


def _checked_headings(names: list[str], row: int, faults: Faults) -> list[str]:
    for missing in (name for name in REQUIRED if name not in names):
        faults.add("column-missing", row, missing)
    columns: list[str] = []
    for position, name in enumerate(names):
        if not name:
            faults.add("column-unnamed", row, column_letter(position))
            columns.append(column_letter(position))
        elif name in columns:
            faults.add("column-twice", row, name)
            columns.append(column_letter(position))
        else:
            columns.append(_column(name, position, row, faults))
    return columns


def _split(lines: list[str | None], start: int, delimiter: str, width: int) -> tuple[str | None, list[str], int]:
    """What is wrong with the row that begins at line ``start``, its cells, and how many lines it took."""
    line = lines[start] if start < len(lines) else ""
    if line is None:
        return "row-encoding", [], 1
    if len(line) > _MAX_ROW:
        return "row-too-long", [], 1
    if "\r" in line:
        return "row-line-break", [], 1
    if line.count('"') % 2:
        broken = _over_lines(lines, start, delimiter, width)
        return ("row-line-break", [], broken) if broken else ("row-quotes", [], 1)
    cells = _cells(line, delimiter)
    return (None, cells, 1) if cells is not None else ("row-quotes", [], 1)


def _over_lines(lines: list[str | None], start: int, delimiter: str, width: int) -> int:
    """How many lines make one whole row because cells hold line breaks; 0 when a quote is just not closed."""
    text = ""
    for count, line in enumerate(lines[start : start + _MOST_LINES], start=1):
        if line is None or len(text) > _MAX_ROW:
            return 0
        text += line + "\n"
        if count > 1 and text.count('"') % 2 == 0:
            cells = _cells(text.removesuffix("\n"), delimiter)
            return count if cells is not None and len(cells) == width else 0
    return 0


def _cells(text: str, delimiter: str) -> list[str] | None:
    try:
        found = list(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return found[0] if found else []
