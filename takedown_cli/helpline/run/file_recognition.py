"""How files are recognised on a later run: by keyed digests, which stay in the ledger when the paths are gone."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from takedown_cli.core.file_names import literal_path, one_spelling
from takedown_cli.core.model import Failed, Found, Limits, Skipped
from takedown_cli.hashing.discover import walk
from takedown_cli.protocol.case_number import CaseNumber

if TYPE_CHECKING:
    from takedown_cli.helpline.ledger.entry import Entry

_SIZE: Final = 12


def recognition_digest(found: Found | Skipped | Failed, key: bytes) -> str:
    """Return a digest of path, size and time of change, keyed with the caller's journal key: 24 hexadecimal digits."""
    try:
        changed = literal_path(found.path).lstat().st_mtime_ns
    except (OSError, ValueError):
        changed = 0
    said = b"%d %d " % (found.size, changed) + bytes(one_spelling(found.path))
    return hmac.digest(key, said, "sha256")[:_SIZE].hex()


def count_new_files(entry: Entry, source: Path, limits: Limits) -> int:
    """Return how many files in the folder are new or changed since the case was sent."""
    return sum(name not in entry.covered for name in _names(entry, source, limits))


def holds_known_file(entry: Entry, source: Path, limits: Limits) -> bool:
    """Return whether a file of this caller is still in the folder, at the same path."""
    return any(name in entry.covered for name in _names(entry, source, limits))


def _names(entry: Entry, source: Path, limits: Limits) -> Iterator[str]:
    if entry.number is None:
        return
    key = CaseNumber.parse(entry.number).journal_key()
    for found in walk([source], limits):
        if isinstance(found, Found):
            yield recognition_digest(found, key)
