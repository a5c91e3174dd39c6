"""The body of StopNCII's ``SubmitHashes`` (API version 1): a JSON object of hash records.

It guarantees the field names and signal types of that interface, and integers where it has integers.
It must never voice an opinion: each record's feedback is "None", which leaves the state of a hash as it is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from takedown_cli.bundle.export.entry import Entry


def _signal_type(entry: Entry) -> str | None:
    if entry.sent.kind == "pdq":  # a video's frame is listed as the picture it is
        return "ImagePDQ"
    return "VideoMD5" if entry.sent.kind == "md5" and entry.media == "video" else None


def takes(entry: Entry) -> bool:
    return _signal_type(entry) is not None


def key(entry: Entry) -> object:
    return _signal_type(entry), entry.sent.value


def write(entries: Sequence[Entry], day: str) -> bytes:
    """``lastModtimestamp`` is the first second of ``day``, UTC."""
    second = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())
    records = [
        {
            "lastModtimestamp": second,
            "signalType": _signal_type(entry),
            "hashValue": entry.sent.value,
            "CSPFeedbacks": [{"tags": [], "feedbackValue": "None"}],
        }
        for entry in entries
    ]
    return json.dumps({"count": len(records), "hashRecords": records}, indent=1).encode("ascii") + b"\n"
