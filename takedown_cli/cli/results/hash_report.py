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
from takedown_cli.cli.results.words import counted, counted_reason
from takedown_cli.cli.terminal.console import console
from takedown_cli.core.model import Fingerprint, Hashed, Outcome, Skipped
from takedown_cli.core.reasons import FAILED, SKIPPED, TOO_POOR, Reason

if TYPE_CHECKING:
    from takedown_cli.hashing.pipeline import Tally


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
    lines = [f"{counted(tally.files, 'file')} in {_seconds(seconds)}: {usable:,} can be protected."]
    if tally.partial:
        lines.append(f"{counted(tally.partial, 'file')} could be read only in part: {_grouped(tally, 'partial')}.")
    lines += _describe_screens(tally)
    if tally.weak:
        lines.append(f"{counted(tally.weak, 'file')} cannot be protected this way:")
        lines += [f"  {tally.reasons[reason]:,}  {reason.sentence}" for reason in _present(tally, TOO_POOR)]
    if tally.failed:
        lines.append(f"{counted(tally.failed, 'file')} could not be read: {_grouped(tally, 'failed')}. Not protected.")
    if tally.skipped:
        lines.append(f"{counted(tally.skipped, 'file')} skipped: {_grouped(tally, 'skipped')}.")
    return lines


def _describe_screens(tally: Tally) -> list[str]:
    lines: list[str] = []
    if tally.screens:
        this = "This looks" if tally.files == 1 else f"{counted(tally.screens, 'file')} {_look(tally.screens)}"
        like = "a screenshot" if tally.screens == 1 else "screenshots"
        it, is_not = ("it", "the screen around it is not") if tally.screens == 1 else ("them", "the screens are not")
        if tally.inside == tally.screens:
            pictures = "the picture in it is" if tally.screens == 1 else "the pictures in them are"
            lines.append(f"{this} like {like}; {pictures} protected, {is_not}.")
        else:
            lines.append(
                f"{this} like {like}; {tally.inside:,} pictures in {it} are protected, {is_not}. "
                "--inside 1 takes only the largest."
            )
    if tally.maybe_screens:
        it = "it" if tally.maybe_screens == 1 else "them"
        lines.append(
            f"{counted(tally.maybe_screens, 'file')} may be {'a screenshot' if it == 'it' else 'screenshots'}: the "
            f"whole of {it} is protected, and so is the picture in {it}."
        )
    if tally.recordings:
        this = "This looks" if tally.files == 1 else f"{counted(tally.recordings, 'file')} {_look(tally.recordings)}"
        like, it = ("a recording", "it") if tally.recordings == 1 else ("recordings", "them")
        lines.append(f"{this} like {like} of a screen; the clip in {it} is protected, the screen around it is not.")
    if tally.maybe_recordings:
        like, it = ("a recording", "it") if tally.maybe_recordings == 1 else ("recordings", "them")
        lines.append(
            f"{counted(tally.maybe_recordings, 'file')} may be {like} of a screen: the whole of {it} is protected, and "
            f"so is the clip in {it}."
        )
    return lines


def _look(count: int) -> str:
    return "looks" if count == 1 else "look"


def _present(tally: Tally, reasons: frozenset[Reason]) -> list[Reason]:
    """Return the reasons that occur, the most frequent first."""
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
