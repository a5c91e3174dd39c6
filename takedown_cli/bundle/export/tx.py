"""Lines for the ``local_file`` exchange of python-threatexchange: the signal's type, a space, its value.

It guarantees type names and spellings that its signal types accept (``PdqSignal``, ``VideoMD5Signal``).
It must never write a line that it would drop in silence.

Source: facebook/ThreatExchange, ``python-threatexchange``, ``exchanges/impl/file_api.py``.
"""

from __future__ import annotations

from collections.abc import Sequence

from takedown_cli.bundle.export.entry import Entry


def _line(entry: Entry) -> str | None:
    if entry.sent.kind == "pdq":
        return f"pdq {entry.sent.value}"
    return f"video_md5 {entry.sent.value}" if entry.sent.kind == "md5" and entry.media == "video" else None


def takes(entry: Entry) -> bool:
    return _line(entry) is not None


def key(entry: Entry) -> object:
    return _line(entry)


def write(entries: Sequence[Entry], day: str) -> bytes:
    return "".join(f"{_line(entry)}\n" for entry in entries).encode("ascii")
