"""Every fingerprint of a bundle as one row of CSV (RFC 4180), for spreadsheets and for formats not thought of yet.

It guarantees one row a fingerprint, none left out, under a fixed heading.
It must never hold a cell that a spreadsheet would take for a formula: values come from the bundle's closed schema.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Final

from takedown_cli.bundle.export.entry import Entry

HEADING: Final = ("item", "media", "age", "kind", "method", "variant", "quality", "frame", "ms", "value")


def takes(entry: Entry) -> bool:
    return True


def key(entry: Entry) -> object:
    return entry.item, entry.sent


def write(entries: Sequence[Entry], day: str) -> bytes:
    """Lines end in CR LF; what a fingerprint does not have is an empty cell."""
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(HEADING)
    for entry in entries:
        sent = entry.sent
        rows.writerow(
            (entry.item, entry.media, entry.age, sent.kind, sent.method, sent.variant, sent.quality, sent.frame,
             sent.ms, sent.value)
        )  # fmt: skip
    return text.getvalue().encode("ascii")
