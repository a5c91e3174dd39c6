"""Outcomes as the report shows them: rows and totals for scripts, grouped sentences for people.

It guarantees that every outcome becomes exactly one row, and that the totals add up.
It must never keep more in memory than it needs: rows are kept compressed, or not at all when they are streamed.
"""

from __future__ import annotations

import base64
import json
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from takedown_cli.cli.console import console
from takedown_cli.cli.counted import counted, counted_reason
from takedown_cli.cli.documents import FileRow, FingerprintRow, HashSummaryLine, Summary
from takedown_cli.model import Fingerprint, Hashed, Outcome, Skipped
from takedown_cli.reasons import FAILED, SENTENCES, SKIPPED, TOO_POOR, Reason

if TYPE_CHECKING:
    from takedown_cli.pipeline import Tally


def fingerprint_row(fingerprint: Fingerprint) -> FingerprintRow:
    """The hash with the fields that apply to it, in the order of the documentation."""
    row = {
        "kind": fingerprint.kind,
        "method": fingerprint.method,
        "variant": fingerprint.variant,
        "frame": fingerprint.frame,
        "timestamp": fingerprint.timestamp,
        "value": fingerprint.value,
        "quality": fingerprint.quality,
        "also": list(fingerprint.also) or None,
    }
    return cast("FingerprintRow", {key: value for key, value in row.items() if value is not None})


def file_row(outcome: Outcome) -> FileRow:
    """The row for one file."""
    row = _path_fields(outcome.path)
    if isinstance(outcome, Hashed):
        return _hashed_row(row, outcome)
    row["outcome"] = "skipped" if isinstance(outcome, Skipped) else "failed"
    row["reason"] = str(outcome.reason)
    row["detail"] = SENTENCES[outcome.reason]
    if not isinstance(outcome, Skipped) and outcome.media is not None:
        row["media"] = str(outcome.media)
    return row


def _hashed_row(row: FileRow, hashed: Hashed) -> FileRow:
    row["outcome"] = "hashed" if hashed.partial is None else "partial"
    if hashed.partial is not None:
        row["reason"] = str(hashed.partial)
    if hashed.weak is not None:
        row["weak"] = str(hashed.weak)
    reason = hashed.weak or hashed.partial
    if reason is not None:
        row["detail"] = SENTENCES[reason]
    row["media"], row["format"] = str(hashed.media), hashed.format
    row["width"], row["height"] = hashed.width, hashed.height
    if hashed.duration is not None:
        row["duration"] = hashed.duration
    row["fingerprints"] = [fingerprint_row(fingerprint) for fingerprint in hashed.fingerprints]
    return row


def _path_fields(path: Path) -> FileRow:
    """The path as valid Unicode; if that changes it, its very bytes beside it, so that no name is lost."""
    raw = os.fsencode(path)
    text = raw.decode("utf-8", "replace")
    row = cast("FileRow", {"path": text})
    if text.encode() != raw:
        row["path_b64"] = base64.b64encode(raw).decode("ascii")
    return row


def summary(tally: Tally, seconds: float) -> Summary:
    """The totals; ``seconds`` is wall time."""
    return {
        "files": tally.files,
        "hashed": tally.hashed,
        "partial": tally.partial,
        "skipped": tally.skipped,
        "failed": tally.failed,
        "weak": tally.weak,
        "bytes": tally.bytes,
        "seconds": round(seconds, 3),
        "reasons": {str(reason): count for reason, count in sorted(tally.reasons.items())},
    }


class Spool:
    """Rows of JSON, kept compressed until all of them are known: 100,000 pictures take some 60 MB."""

    def __init__(self) -> None:
        self._compressor = zlib.compressobj(1)
        self._chunks: list[bytes] = []
        self._count = 0

    def add(self, row: FileRow) -> None:
        separator = ", " if self._count else ""
        self._chunks.append(self._compressor.compress(f"{separator}{json.dumps(row, allow_nan=False)}".encode("ascii")))
        self._count += 1

    def text(self) -> Iterator[bytes]:
        """The rows as one JSON array, in pieces; the spool is used up."""
        decompressor = zlib.decompressobj()
        yield b"["
        for chunk in (*self._chunks, self._compressor.flush()):
            yield decompressor.decompress(chunk)
        yield decompressor.flush() + b"]"


def emit(spool: Spool, bundle_name: str | None, number: str | None, totals: Summary) -> None:
    """``HashReport`` to stdout, without ever holding it as one text."""
    head = {
        "schema": "takedown.hash",
        "version": 1,
        "bundle": bundle_name,
        "case_number": number,
        "summary": totals,
    }
    console.write(json.dumps(head)[:-1].encode("ascii") + b', "files": ')
    for piece in spool.text():
        console.write(piece)
    console.write(b"}\n")


def summary_line(bundle_name: str | None, number: str | None, totals: Summary) -> HashSummaryLine:
    """The last line of ``--jsonl``."""
    return {
        "schema": "takedown.hash.summary",
        "version": 1,
        "bundle": bundle_name,
        "case_number": number,
        "summary": totals,
    }


def in_words(tally: Tally, seconds: float) -> list[str]:
    """The summary for a person: what can be protected, what cannot, and why, repeats grouped."""
    usable = tally.hashed + tally.partial - tally.weak
    lines = [f"{counted(tally.files, 'file')} in {_seconds(seconds)}: {usable:,} can be protected."]
    if tally.partial:
        lines.append(f"{tally.partial:,} could be read in part only: {_grouped(tally, 'partial')}.")
    if tally.weak:
        lines.append(f"{tally.weak:,} cannot be protected this way:")
        lines += [f"  {tally.reasons[reason]:,}: {SENTENCES[reason]}" for reason in _present(tally, TOO_POOR)]
    if tally.failed:
        lines.append(f"{tally.failed:,} could not be read: {_grouped(tally, 'failed')}. They are not protected.")
    if tally.skipped:
        lines.append(f"{tally.skipped:,} passed over: {_grouped(tally, 'skipped')}.")
    return lines


def _present(tally: Tally, reasons: frozenset[Reason]) -> list[Reason]:
    found = [reason for reason in reasons if tally.reasons[reason]]
    return sorted(found, key=lambda reason: (-tally.reasons[reason], reason))


def _grouped(tally: Tally, kind: Literal["partial", "skipped", "failed"]) -> str:
    reasons = {"skipped": SKIPPED, "failed": FAILED}.get(kind, frozenset(Reason) - SKIPPED - FAILED - TOO_POOR)
    return ", ".join(counted_reason(tally.reasons[reason], reason) for reason in _present(tally, reasons))


def _seconds(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
