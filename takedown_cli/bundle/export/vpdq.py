"""The vPDQ of one video: a JSON array of "hash,quality,timestamp", as python-threatexchange reads it.

It guarantees one row for each frame, in order of showing, by the reading of the reference: in full, as stored.
It must never mix the frames of two videos.

Source: facebook/ThreatExchange, ``python-threatexchange``, ``extensions/vpdq/vpdq_util.py``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from takedown_cli.bundle.export.entry import Entry


def takes(entry: Entry) -> bool:
    sent = entry.sent
    as_it_is = (sent.kind, sent.method) == ("pdq", "full") and sent.variant in {"upright", "raw"}
    return entry.media == "video" and as_it_is and sent.frame is not None and sent.ms is not None


def key(entry: Entry) -> object:
    # Where a frame is turned for showing, the reference hashes it as stored: of the two, ``raw`` comes first.
    return entry.item, entry.sent.frame


def write(entries: Sequence[Entry], day: str) -> bytes:
    """Seconds with three decimals."""
    rows = [f"{e.sent.value},{e.sent.quality or 0},{(e.sent.ms or 0) / 1000:.3f}" for e in entries]
    return json.dumps(rows).encode("ascii") + b"\n"
