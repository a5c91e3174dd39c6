"""Reads the text of a manifest, CSV as spreadsheets write it or JSONL, strictly, as rows of cells.

A row that cannot be read does not affect the others. Row numbers are those that an editor shows.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from takedown_cli.core.given_text import decode_text, is_utf16
from takedown_cli.helpline.manifest.cell_rules import holds_case_number
from takedown_cli.helpline.manifest.faults import FaultError, Faults

COLUMNS: Final = ("reference", "source", "age", "for", "authority", "copies", "intake", "language")
REQUIRED: Final = ("reference", "source")

MAX_BYTES: Final = 64 << 20
MAX_ROWS: Final = 100_000
_MAX_ROW: Final = 16_000  # characters
_MOST_LINES: Final = 50  # of one row, when cells hold line breaks
_DELIMITERS: Final = ",;\t"
#: How spreadsheet documents begin: ZIP (xlsx, ods) and the older compound files (xls).
_DOCUMENTS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")


@dataclass(frozen=True, slots=True)
class RawRow:
    """One caller's cells by column, as they were typed. An unknown column is named by its letter.

    ``row`` is as in ``Caller``.
    """

    row: int
    cells: dict[str, str]


def parse_rows(data: bytes, faults: Faults) -> list[RawRow]:
    """Return the rows of a CSV or JSONL file that could be read. Faults go to ``faults``."""
    whole = _find_fault_of_file(data)
    if whole is not None:
        faults.add(whole)
        return []
    lines = _lines(decode_text(data).encode("utf-8") if is_utf16(data) else data.removeprefix(b"\xef\xbb\xbf"))
    first = next((line for line in lines if line and line.strip()), "") or ""
    if first.lstrip().startswith("["):
        faults.add("manifest-json-array")
        return []
    if len(lines) > MAX_ROWS:
        faults.add("manifest-too-many-rows")
        return []
    return list(_jsonl(lines, faults) if first.lstrip().startswith("{") else _csv(lines, faults))


def _find_fault_of_file(data: bytes) -> str | None:
    if data.startswith(_DOCUMENTS):
        return "manifest-spreadsheet"
    if len(data) > MAX_BYTES:
        return "manifest-too-large"
    if is_utf16(data):
        try:
            return None if decode_text(data).strip() else "manifest-empty"
        except UnicodeError:
            return "manifest-utf16"
    if b"\0" in data[:4]:
        return "manifest-utf16"
    return None if data.strip() else "manifest-empty"


def _lines(data: bytes) -> list[str | None]:
    """Return the lines, whatever system wrote the line ends, with None for a line that is not UTF-8."""
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
    """Return a spreadsheet's heading for the column, counted from 0: A, B, …, Z, AA."""
    letters = ""
    index += 1
    while index:
        index, digit = divmod(index - 1, 26)
        letters = chr(ord("A") + digit) + letters
    return letters


# ------------------------------------------------------------------------------------------------------------- JSONL


def _jsonl(lines: list[str | None], faults: Faults) -> Iterator[RawRow]:
    for row, line in enumerate(lines, start=1):
        if line is not None and not line.strip():
            continue
        try:
            cells = _object(line)
        except FaultError as bad:
            faults.add(bad.reason, row)
            continue
        columns = [_column(name, position, row, faults) for position, name in enumerate(cells)]
        for name in REQUIRED:
            if name not in cells:
                faults.add(f"{name}-missing", row, name)
        yield RawRow(row, dict(zip(columns, cells.values(), strict=True)))


def _column(name: str, position: int, row: int, faults: Faults) -> str:
    """Return the column's name, or its letter and a fault if it is unknown.

    Its cells are still read: one of them may be a case number, which is another fault.
    """
    if name in COLUMNS:
        return name
    letter = column_letter(position)
    faults.add("cell-case-number" if holds_case_number(name) else "column-unknown", row, letter)
    return letter


def _object(line: str | None) -> dict[str, str]:
    if line is None:
        raise FaultError("row-encoding")
    if len(line) > _MAX_ROW:
        raise FaultError("row-too-long")
    try:
        found = json.loads(line, object_pairs_hook=_once, parse_constant=_no_constant)
    except FaultError:
        raise
    except RecursionError:
        raise FaultError("json-too-deep") from None
    except ValueError:
        raise FaultError("json-invalid") from None
    if not isinstance(found, dict):
        raise FaultError("json-not-object")
    return {name: _text(value) for name, value in found.items()}


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise FaultError("json-key-twice")
    return found


def _no_constant(_name: str) -> NoReturn:
    raise FaultError("json-invalid")  # NaN and Infinity, which are not JSON


def _text(value: object) -> str:
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return " ".join(value)  # copies may be a list of classes
    if value is None:
        return ""
    if not isinstance(value, str):
        raise FaultError("json-not-text")
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
    """Return the delimiter, the name of each column (empty for one without a heading), and how many lines they took."""
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
    """Return what is wrong with the row that begins at line ``start``, its cells, and how many lines it took."""
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
    """Return how many lines one row takes because its cells hold line breaks, or 0 if a quote is never closed."""
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
