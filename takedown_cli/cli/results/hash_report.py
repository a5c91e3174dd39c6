"""The report of ``takedown hash``: a row for every file and totals for scripts, grouped sentences for people.

A report may have 100,000 rows, so it is never held as one value: rows are kept compressed, or streamed at once.
"""

from __future__ import annotations

import base64
import json
import os
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal, NotRequired, cast

from typing_extensions import TypedDict

from takedown_cli.cli.results.result import Result
from takedown_cli.cli.results.words import counted_reason
from takedown_cli.cli.terminal.console import console
from takedown_cli.core.model import Fingerprint, Hashed, Outcome, Skipped
from takedown_cli.core.reasons import FAILED, SKIPPED, TOO_POOR, Reason
from takedown_cli.locale.filled import filled, filled_many

if TYPE_CHECKING:
    from takedown_cli.hashing.pipeline import Tally


#: The sentences of the summary, for one file and for several.
_USABLE: Final = (
    "{count} file in {time}: {usable} can be protected.",
    "{count} files in {time}: {usable} can be protected.",
)
_PARTIAL: Final = (
    "{count} file could be read only in part: {reasons}.",
    "{count} files could be read only in part: {reasons}.",
)
_WEAK: Final = ("{count} file cannot be protected this way:", "{count} files cannot be protected this way:")
_FAILED: Final = (
    "{count} file could not be read: {reasons}. Not protected.",
    "{count} files could not be read: {reasons}. Not protected.",
)
_SKIPPED: Final = ("{count} file skipped: {reasons}.", "{count} files skipped: {reasons}.")
_SCREEN_ALONE: Final = "This looks like a screenshot; the picture in it is protected, the screen around it is not."
_PICTURES_ALONE: Final = (
    "This looks like a screenshot; {inside} pictures in it are protected, the screen around it is not. "
    "--inside 1 takes only the largest."
)
_SCREENS: Final = (
    "{count} file looks like a screenshot; the picture in it is protected, the screen around it is not.",
    "{count} files look like screenshots; the pictures in them are protected, the screens are not.",
)
_PICTURES_IN_SCREENS: Final = (
    (
        "{count} file looks like a screenshot; {inside} pictures in it are protected, the screen around it is not. "
        "--inside 1 takes only the largest."
    ),
    (
        "{count} files look like screenshots; {inside} pictures in them are protected, the screens are not. "
        "--inside 1 takes only the largest."
    ),
)
_MAYBE_SCREENS: Final = (
    "{count} file may be a screenshot: the whole of it is protected, and so is the picture in it.",
    "{count} files may be screenshots: the whole of them is protected, and so is the picture in them.",
)
_RECORDING_ALONE: Final = (
    "This looks like a recording of a screen; the clip in it is protected, the screen around it is not."
)
_RECORDINGS: Final = (
    "{count} file looks like a recording of a screen; the clip in it is protected, the screen around it is not.",
    "{count} files look like recordings of a screen; the clip in them is protected, the screen around it is not.",
)
_MAYBE_RECORDINGS: Final = (
    "{count} file may be a recording of a screen: the whole of it is protected, and so is the clip in it.",
    "{count} files may be recordings of a screen: the whole of them is protected, and so is the clip in them.",
)


class FingerprintRow(TypedDict):
    """One hash. ``frame`` counts from 0, ``timestamp`` is in seconds, ``quality`` is 0 to 100."""

    kind: str
    method: NotRequired[str]
    variant: NotRequired[str]
    frame: NotRequired[int]
    timestamp: NotRequired[float]
    value: str
    quality: NotRequired[int]
    also: NotRequired[list[str]]


_FINGERPRINT_FIELDS: Final = tuple(FingerprintRow.__annotations__)


class FileRow(TypedDict):
    """One file that was walked. ``path_b64`` holds the name's bytes when they are no UTF-8.

    ``reason`` says why it is partial, skipped or failed, ``weak`` why platforms cannot match it although it was hashed;
    ``detail`` is the sentence that goes with either. The clip inside a picture file has fingerprints with ``frame`` and
    ``timestamp``, and digests of the variant ``clip``. ``member`` numbers the files of the archive at ``path`` from 1;
    ``member_name`` is there with ``--show-paths``. Of a screenshot, ``inside`` is where the picture is that was
    fingerprinted: left, top, right and bottom, in pixels of the upright file. ``inside_more`` is the same of others. Of
    a recording of a screen they are the places where clips play.
    """

    path: str
    path_b64: NotRequired[str]
    member: NotRequired[int]
    member_name: NotRequired[str]
    outcome: Literal["hashed", "partial", "skipped", "failed"]
    reason: NotRequired[str]
    weak: NotRequired[str]
    detail: NotRequired[str]
    media: NotRequired[str]
    format: NotRequired[str]
    width: NotRequired[int]
    height: NotRequired[int]
    duration: NotRequired[float]
    inside: NotRequired[list[int]]
    inside_more: NotRequired[list[list[int]]]
    fingerprints: NotRequired[list[FingerprintRow]]


class HashFileLine(FileRow):
    """One line of ``takedown hash --jsonl``: a file as it is done."""

    schema: Literal["takedown.hash.file"]
    version: Literal[1]


class Summary(TypedDict):
    """Totals: ``files`` is the sum of hashed, partial, skipped and failed; ``reasons`` counts by reason id."""

    files: int
    hashed: int
    partial: int
    skipped: int
    failed: int
    weak: int
    bytes: int
    seconds: float
    reasons: dict[str, int]


class HashSummaryLine(Result, schema="takedown.hash.summary"):
    """The last line of ``takedown hash --jsonl``; each line before it is a ``HashFileLine``."""

    bundle: str | None
    case_number: str | None
    summary: Summary


class HashReport(Result, schema="takedown.hash"):
    """``takedown hash --json``. ``case_number`` is there once, when a new bundle was made."""

    bundle: str | None
    case_number: str | None
    summary: Summary
    files: list[FileRow]


def fingerprint_row(fingerprint: Fingerprint) -> FingerprintRow:
    """Return the hash with the fields that apply to it, in the order of the documentation."""
    row = ((name, getattr(fingerprint, name)) for name in _FINGERPRINT_FIELDS)
    return cast(
        "FingerprintRow",
        {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in row
            if value is not None and value != ()
        },
    )


def file_row(outcome: Outcome, *, names: bool = False) -> FileRow:
    """Return the row for one file. A path that is not UTF-8 has its very bytes beside it, so that no name is lost.

    ``names`` adds the names of files in archives.
    """
    raw = os.fsencode(outcome.path)
    path = raw.decode("utf-8", "replace")
    weak = None
    if isinstance(outcome, Hashed):
        kind, reason, weak = "hashed" if outcome.partial is None else "partial", outcome.partial, outcome.weak
    else:
        kind, reason = "skipped" if isinstance(outcome, Skipped) else "failed", outcome.reason
    why = weak or reason
    row: dict[str, object] = {
        "path": path,
        "member": None if outcome.member is None else outcome.member.number,
        "member_name": outcome.member.name if outcome.member is not None and names else None,
        "path_b64": None if path.encode() == raw else base64.b64encode(raw).decode("ascii"),
        "outcome": kind,
        "reason": reason,
        "weak": weak,
        "detail": None if why is None else why.sentence,
        **{name: getattr(outcome, name, None) for name in ("media", "format", "width", "height", "duration")},
    }
    if isinstance(outcome, Hashed):
        if outcome.inside:
            row["inside"], *more = (list(box) for box in outcome.inside)
            row["inside_more"] = more or None
        # The frames of a clip have a place in time. Its digests are marked: those of the file have no variant.
        clip = (f if f.kind == "pdq" else replace(f, variant="clip") for f in outcome.clip)
        row["fingerprints"] = [fingerprint_row(fingerprint) for fingerprint in (*outcome.fingerprints, *clip)]
    return cast("FileRow", {key: value for key, value in row.items() if value is not None})


def file_line(outcome: Outcome, *, names: bool = False) -> HashFileLine:
    """Return the line for one file of ``--jsonl``; ``names`` as for ``file_row``."""
    return {**file_row(outcome, names=names), "schema": "takedown.hash.file", "version": 1}


def summary(tally: Tally, seconds: float) -> Summary:
    """Return the totals; ``seconds`` is wall time."""
    counts = ("files", "hashed", "partial", "skipped", "failed", "weak", "bytes")
    reasons = {str(reason): count for reason, count in sorted(tally.reasons.items())}
    row = {name: getattr(tally, name) for name in counts} | {"seconds": round(seconds, 3), "reasons": reasons}
    return cast("Summary", row)


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

    def pieces(self) -> Iterator[bytes]:
        """Yield the rows as one JSON array, in pieces; the spool is used up."""
        decompressor = zlib.decompressobj()
        yield b"["
        for chunk in (*self._chunks, self._compressor.flush()):
            yield decompressor.decompress(chunk)
        yield decompressor.flush() + b"]"


def emit_report(spool: Spool, bundle_name: str | None, number: str | None, totals: Summary) -> None:
    """Write a ``HashReport`` to stdout, without ever holding it as one text."""
    head = HashReport(bundle=bundle_name, case_number=number, summary=totals, files=[]).document()
    del head["files"]
    console.write(json.dumps(head)[:-1].encode("ascii") + b', "files": ')
    for piece in spool.pieces():
        console.write(piece)
    console.write(b"}\n")


def summary_lines(tally: Tally, seconds: float) -> list[str]:
    """Return the summary for a person: what can be protected, what cannot, and why, repeats grouped."""
    usable = tally.hashed + tally.partial - tally.weak
    lines: list[str] = [filled_many(*_USABLE, tally.files, time=_seconds(seconds), usable=usable)]
    if tally.partial:
        lines.append(filled_many(*_PARTIAL, tally.partial, reasons=_grouped(tally, "partial")))
    lines += _describe_screens(tally)
    if tally.weak:
        lines.append(filled_many(*_WEAK, tally.weak))
        written = ((tally.reasons[reason], reason.sentence) for reason in _present(tally, TOO_POOR))
        lines += [f"  {count:,}  {console.language.look_up(sentence)}" for count, sentence in written]
    if tally.failed:
        lines.append(filled_many(*_FAILED, tally.failed, reasons=_grouped(tally, "failed")))
    if tally.skipped:
        lines.append(filled_many(*_SKIPPED, tally.skipped, reasons=_grouped(tally, "skipped")))
    return lines


def _describe_screens(tally: Tally) -> list[str]:
    lines: list[str] = []
    if tally.screens:
        alone, each = tally.files == 1, tally.inside == tally.screens
        if alone:
            lines.append(_SCREEN_ALONE if each else filled(_PICTURES_ALONE, inside=tally.inside))
        elif each:
            lines.append(filled_many(*_SCREENS, tally.screens))
        else:
            lines.append(filled_many(*_PICTURES_IN_SCREENS, tally.screens, inside=tally.inside))
    if tally.maybe_screens:
        lines.append(filled_many(*_MAYBE_SCREENS, tally.maybe_screens))
    if tally.recordings:
        lines.append(_RECORDING_ALONE if tally.files == 1 else filled_many(*_RECORDINGS, tally.recordings))
    if tally.maybe_recordings:
        lines.append(filled_many(*_MAYBE_RECORDINGS, tally.maybe_recordings))
    return lines


def _present(tally: Tally, reasons: frozenset[Reason]) -> list[Reason]:
    """Return the reasons that occur, the most frequent first."""
    found = [reason for reason in reasons if tally.reasons[reason]]
    return sorted(found, key=lambda reason: (-tally.reasons[reason], reason))


def _grouped(tally: Tally, kind: Literal["partial", "skipped", "failed"]) -> tuple[str, ...]:
    reasons = {"skipped": SKIPPED, "failed": FAILED}.get(kind, frozenset(Reason) - SKIPPED - FAILED - TOO_POOR)
    return tuple(counted_reason(tally.reasons[reason], reason) for reason in _present(tally, reasons))


def _seconds(seconds: float) -> str:
    if seconds < 60:
        return filled("{seconds} s", seconds=seconds)
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return filled("{minutes} min {seconds} s", minutes=minutes, seconds=rest)
    return filled("{hours} h {minutes} min", hours=minutes // 60, minutes=minutes % 60)
