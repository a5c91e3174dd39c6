"""The manifest of a caseload, read and checked as a whole before any work. No two callers share a folder or a case."""

from __future__ import annotations

import stat
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from takedown_cli.core.file_kind import is_in_cloud, is_link
from takedown_cli.core.file_names import literal_path, one_spelling
from takedown_cli.helpline.case import Caller
from takedown_cli.helpline.manifest.cell_rules import confusable_form
from takedown_cli.helpline.manifest.faults import Fault, Faults
from takedown_cli.helpline.manifest.raw_rows import MAX_BYTES, MAX_ROWS, RawRow, parse_rows
from takedown_cli.helpline.manifest.row_reader import Row, RowDefaults, trimmed
from takedown_cli.helpline.manifest.source import Source
from takedown_cli.protocol.bundle.file import is_bundle_file

__all__ = ["Fault", "Manifest", "RowDefaults", "read_manifest"]

#: What file managers leave in folders by themselves.
_LITTER: Final = frozenset({".ds_store", "thumbs.db", "desktop.ini", ".directory"})


@dataclass(frozen=True, slots=True)
class Manifest:
    """``callers`` are in the manifest's order. If there are ``faults``, there are no callers."""

    callers: tuple[Caller, ...]
    faults: tuple[Fault, ...]


def read_manifest(path: Path, given: RowDefaults | None = None) -> Manifest:
    """Read a CSV or JSONL file, or a folder with a folder or bundle for each caller. Raises nothing.

    Sources are relative to the file's folder, or to ``given.root`` if set. A folder's sources are its entries.
    """
    given = RowDefaults() if given is None else given
    faults = Faults()
    raw, root = _rows(path, given, faults)
    today: date = given.today or datetime.now(UTC).date()
    callers: list[Caller] = []
    sources: list[tuple[int, Source]] = []
    for each in raw:
        row = Row(each, given, today, faults)
        if (caller := row.caller(root)) is not None:
            callers.append(caller)
        if row.source is not None:
            sources.append((each.row, row.source))
    if not raw and not len(faults):
        faults.add("manifest-empty")
    _across_references(raw, faults)
    _across_sources(sources, faults)
    found = faults.in_order()
    return Manifest(() if found else tuple(callers), found)


def _rows(path: Path, given: RowDefaults, faults: Faults) -> tuple[Sequence[RawRow], Path]:
    try:
        info = path.stat()
        if stat.S_ISDIR(info.st_mode):
            root = one_spelling(path.resolve(strict=True))
            return _of_folder(root, faults), root
        root = one_spelling((given.root or path.parent).resolve(strict=True))
        if not stat.S_ISREG(info.st_mode):
            faults.add("manifest-kind")
            return [], root
        with path.open("rb") as stream:
            return parse_rows(stream.read(MAX_BYTES + 1), faults), root
    except (FileNotFoundError, NotADirectoryError):
        faults.add("manifest-missing")
    except (OSError, ValueError, RuntimeError):
        faults.add("manifest-unreadable")
    return [], path


def _of_folder(root: Path, faults: Faults) -> list[RawRow]:
    """Return a row for each folder or bundle in it, in the order of their names. The name is the reference."""
    found: list[RawRow] = []
    names = sorted(entry.name for entry in root.iterdir() if entry.name.casefold() not in _LITTER)
    if len(names) > MAX_ROWS:
        faults.add("manifest-too-many-rows")
        return []
    for row, name in enumerate(names, start=1):
        if not name.isprintable() and any("\udc80" <= c <= "\udcff" for c in name):
            faults.add("row-encoding", row)
            continue
        file = root / name
        info = literal_path(file).lstat()
        if stat.S_ISREG(info.st_mode) and not is_link(info):
            if not is_in_cloud(info) and not is_bundle_file(file):
                faults.add("folder-stray-file", row)
                continue
            found.append(RawRow(row, {"reference": file.stem, "source": name}))
        else:
            found.append(RawRow(row, {"reference": name, "source": name}))
    return found


def _across_references(raw: Iterable[RawRow], faults: Faults) -> None:
    """Check the references of all rows, also of faulty ones, so that the first run shows every fault."""
    exact: dict[str, int] = {}
    alike: dict[str, int] = {}
    for each in raw:
        reference = unicodedata.normalize("NFC", trimmed(each.cells.get("reference", "")))
        if not reference:
            continue
        like = confusable_form(reference)
        if reference in exact:
            faults.add("reference-twice", each.row, "reference", exact[reference])
        elif like in alike:
            faults.add("reference-alike", each.row, "reference", alike[like])
        exact.setdefault(reference, each.row)
        alike.setdefault(like, each.row)


def _across_sources(sources: Sequence[tuple[int, Source]], faults: Faults) -> None:
    by_place: dict[tuple[int, int], int] = {}
    by_case: dict[str, int] = {}
    kept = []
    for row, source in sources:
        if source.place in by_place:
            faults.add("source-twice", row, "source", by_place[source.place])
            continue
        by_place[source.place] = row
        if source.digest is not None and by_case.setdefault(source.digest, row) != row:
            faults.add("bundle-twice", row, "source", by_case[source.digest])
        kept.append((row, source))
    for row, source in kept:
        outer = next((by_place[place] for place in source.above if place in by_place), None)
        if outer is not None:
            faults.add("source-inside", row, "source", outer)
