"""By what a caller's files are known again: keyed digests, which stay in the ledger when the paths have gone.

It guarantees that a file counts as the same only at the same place, of the same size and unchanged since.
It must never keep a path, nor open a file.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from takedown_cli.case import CaseNumber
from takedown_cli.discover import walk
from takedown_cli.model import Failed, Found, Limits, Skipped

if TYPE_CHECKING:
    from takedown_cli.helpline.ledger.entry import Entry

_SIZE: Final = 12


def name_of(found: Found | Skipped | Failed, key: bytes) -> str:
    """A digest of path, size and time of change, under the caller's journal key: 24 hexadecimal digits."""
    try:
        changed = found.path.lstat().st_mtime_ns
    except (OSError, ValueError):
        changed = 0
    said = b"%d %d " % (found.size, changed) + bytes(found.path)
    return hmac.digest(key, said, "sha256")[:_SIZE].hex()


def count_new(entry: Entry, source: Path, limits: Limits) -> int:
    """How many files are in the folder that were not there, or not as they are, when the case was sent."""
    return sum(name not in entry.covered for name in _names(entry, source, limits))


def holds_theirs(entry: Entry, source: Path, limits: Limits) -> bool:
    """Whether a file that this caller gave is in the folder, where it was."""
    return any(name in entry.covered for name in _names(entry, source, limits))


def _names(entry: Entry, source: Path, limits: Limits) -> Iterator[str]:
    if entry.number is None:
        return
    key = CaseNumber.parse(entry.number).journal_key()
    for found in walk([source], limits):
        if isinstance(found, Found):
            yield name_of(found, key)
