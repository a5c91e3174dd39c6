"""A bundle's hashes in the formats that other services read, one module for each.

It guarantees that each hash of a kind which a format has a place for is in it once, and that the rest is counted.
It must never write more than the bundle holds: no name, no time but the bundle's day, nothing about this computer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from takedown_cli.bundle.document import Item
from takedown_cli.bundle.export import ncmec, stopncii, table, tx, vpdq
from takedown_cli.bundle.export.entry import Entry


@dataclass(frozen=True, slots=True)
class Format:
    """``takes`` says whether the format has a place for an entry; ``write`` gives the file, for a day (YYYY-MM-DD).

    ``key`` tells which entries are one in the format. ``single``: a file holds one video.
    """

    takes: Callable[[Entry], bool]
    write: Callable[[Sequence[Entry], str], bytes]
    key: Callable[[Entry], object]
    suffix: str
    single: bool = False


FORMATS: Final = {
    "stopncii": Format(stopncii.takes, stopncii.write, stopncii.key, ".json"),
    "ncmec": Format(ncmec.takes, ncmec.write, ncmec.key, ".xml"),
    "tx": Format(tx.takes, tx.write, tx.key, ".txt"),
    "vpdq": Format(vpdq.takes, vpdq.write, vpdq.key, ".json", single=True),
    "csv": Format(table.takes, table.write, table.key, ".csv"),
}


@dataclass(frozen=True, slots=True)
class Exported:
    """One file: its bytes, how many hashes of which items are in it, and how many of each kind had no place."""

    data: bytes
    items: frozenset[int]
    hashes: int
    left_out: Counter[str]


def exported(numbered: Sequence[tuple[int, Item]], name: str, day: str) -> Exported:
    """The file of one of ``FORMATS`` for these items (number and item), made on ``day``; empty when ``hashes`` is 0."""
    form = FORMATS[name]
    entries = [Entry(number, item.media, item.age, sent) for number, item in numbered for sent in item.fingerprints]
    taken: dict[object, Entry] = {}
    left_out: Counter[str] = Counter()
    for entry in sorted(entries, key=lambda entry: entry.place):
        if form.takes(entry):
            taken.setdefault(form.key(entry), entry)
        else:
            left_out[entry.sent.kind] += 1
    kept = list(taken.values())
    data = form.write(kept, day) if kept else b""
    return Exported(data, frozenset(entry.item for entry in kept), len(kept), left_out)
