"""The results of ``takedown platform``: counts, ids and distances, never a hash."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, NotRequired, Self, cast

from typing_extensions import TypedDict

from takedown_cli.cli.results.check import explain_reason, media_of
from takedown_cli.cli.results.hash_report import Summary, file_row
from takedown_cli.cli.results.result import ABSENT, Result
from takedown_cli.cli.results.words import counted
from takedown_cli.core.model import Hashed, Outcome

if TYPE_CHECKING:
    from takedown_cli.platform.match import RecordMatch
    from takedown_cli.platform.pull import Pulled


def moment(seconds: int) -> str:
    """Return a time as ``2026-11-30T15:04:05Z``."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class JoinReport(Result, schema="takedown.platform.join"):
    """``takedown platform join --json``. Lists, tiers and classes that are empty mean all of the subscription.

    ``clips`` is there and true if clips are kept.
    """

    intake: str
    lists: list[str]
    tiers: list[str]
    classes: list[str]
    max_age_days: int
    clips: bool = ABSENT

    def lines(self) -> Iterator[str]:
        yield f"Joined {self.intake}."

    def notes(self) -> Iterator[str]:
        yield "The intake has the right key, and accepts the token. Now run 'takedown platform pull'."


class PullReport(Result, schema="takedown.platform.pull"):
    """``takedown platform pull --json``: records that are new or changed, withdrawn, and active now.

    ``kind`` is ``snapshot`` if everything was fetched. ``made`` is when the intake made the last page (UTC).
    ``refused`` says that everything had to be fetched because the intake could not continue from the old place.
    ``negative`` counts the pictures of the negative list, if it is kept beside the list; ``clips`` the active clips, if
    they are kept.
    """

    kind: Literal["snapshot", "delta"]
    refused: bool
    changed: int
    removed: int
    active: int
    made: str
    negative: int = ABSENT
    clips: int = ABSENT

    @classmethod
    def of(cls, pulled: Pulled, negative: Pulled | None = None) -> Self:
        """Return the report of a pull, and of that of the negative list beside it."""
        beside = ABSENT if negative is None else negative.active
        clips = ABSENT if pulled.clips is None else pulled.clips
        return cls.copied_from(pulled, made=moment(pulled.made), negative=beside, clips=clips)

    def lines(self) -> Iterator[str]:
        if self.kind == "snapshot":
            yield f"The whole list was fetched: {counted(self.active, 'active hash', 'active hashes')}."
        else:
            yield (
                f"{self.changed:,} new or changed, {self.removed:,} withdrawn: "
                f"{counted(self.active, 'active hash', 'active hashes')}."
            )

    def notes(self) -> Iterator[str]:
        if self.refused:
            yield "The intake could not continue from where this list stood, so everything was fetched again."
        if self.negative is not ABSENT and self.negative:
            yield f"{counted(self.negative, 'picture', 'pictures')} on the negative list: no match in a scan."
        if self.clips is not ABSENT:
            yield f"{counted(self.clips, 'video', 'videos')} to match by their share of frames."


class RecordRow(TypedDict):
    """A record of the list that the file matches. ``id`` is what ``platform feedback`` takes.

    ``reading`` is how the file was read for it: ``full`` or ``512nn`` (as it is), ``turned``, ``negative``, ``inside``
    or ``filled`` with its ``variant``, ``equal`` (the very file), or ``clip`` (its share of frames). ``frames`` counts
    a video's frames that match. Of a clip, ``video_share`` and ``clip_share`` are per cent of the video's and of the
    clip's frames that match; the first and last of the video's are at ``begin`` and ``end`` (seconds).
    """

    id: str
    list: str
    tier: str
    classes: list[str]
    signal: str
    distance: int
    reading: str
    variant: NotRequired[str]
    frames: NotRequired[int]
    video_share: NotRequired[float]
    clip_share: NotRequired[float]
    begin: NotRequired[float]
    end: NotRequired[float]


class ScanFileLine(TypedDict):
    """One line of ``takedown platform scan --jsonl``: a file as it is done, and each record that it matches.

    ``path_b64`` holds the name's bytes when they are no UTF-8. ``reason`` says why the file was not read, or only in
    part, or why it cannot be matched; ``detail`` is the sentence for it. ``negative`` has the records that are no match
    because the file shows a picture of the negative list there.
    """

    schema: Literal["takedown.platform.scan.file"]
    version: Literal[1]
    path: str
    path_b64: NotRequired[str]
    outcome: Literal["hashed", "partial", "skipped", "failed"]
    reason: NotRequired[str]
    detail: NotRequired[str]
    media: NotRequired[str]
    matches: list[RecordRow]
    negative: NotRequired[list[RecordRow]]


def scan_line(outcome: Outcome, matches: list[RecordMatch], negative: list[RecordMatch]) -> ScanFileLine:
    """Return the line for one file."""
    row = file_row(replace(outcome, fingerprints=(), clip=()) if isinstance(outcome, Hashed) else outcome)
    reason, detail = explain_reason(outcome) or (None, None)
    line = {
        "schema": "takedown.platform.scan.file",
        "version": 1,
        "path": row["path"],
        "path_b64": row.get("path_b64"),
        "outcome": row["outcome"],
        "reason": reason,
        "detail": detail,
        "media": media_of(outcome),
        "matches": [_record_row(match) for match in matches],
        "negative": [_record_row(match) for match in negative] or None,
    }
    return cast("ScanFileLine", {name: value for name, value in line.items() if value is not None})


def _record_row(match: RecordMatch) -> RecordRow:
    kind = match.kind
    row = {
        "id": match.id, "list": kind.list, "tier": kind.tier, "classes": kind.classes.split(","),
        "signal": kind.signal, "distance": match.distance, "reading": match.reading, "variant": match.variant,
        "frames": match.frames, **(asdict(match.shares) if match.shares else {}),
    }  # fmt: skip
    return cast("RecordRow", {name: value for name, value in row.items() if value is not None})


class ScanReport(Result, schema="takedown.platform.scan"):
    """``takedown platform scan --json``, and the last line with ``--jsonl``.

    ``matched`` counts files, ``records`` the different records that they match. ``unread`` counts files that were not
    read, or only in part. ``list_made`` is when the intake made the list (UTC). ``negative`` counts files that do not
    count as a match because they show a picture of the negative list.
    """

    matched: int
    records: int
    unread: int
    active: int
    list_made: str
    summary: Summary
    negative: int = ABSENT

    def lines(self) -> Iterator[str]:
        match = "matches" if self.matched == 1 else "match"
        hashes = counted(self.active, "hash", "hashes")
        yield f"{self.matched:,} of {counted(self.summary['files'], 'file')} {match} the list of {hashes}."

    def notes(self) -> Iterator[str]:
        if self.negative is not ABSENT and self.negative:
            yield f"{counted(self.negative, 'file shows', 'files show')} a picture of the negative list: no match."
        if self.unread:
            yield f"{counted(self.unread, 'file')} could not be read, or only in part. --jsonl names them and says why."
        if self.summary["weak"]:
            weak = counted(self.summary["weak"], "picture or video", "pictures and videos")
            yield f"{weak} had too little detail to be matched."


class FeedbackReport(Result, schema="takedown.platform.feedback"):
    """``takedown platform feedback --json``: verdicts that were given now, sent (earlier ones too), and still wait.

    ``met`` counts the records that the intake had given to this platform: a record on several lists counts for each.
    """

    given: int
    sent: int
    met: int
    waiting: int

    def lines(self) -> Iterator[str]:
        if not self.sent:
            yield "Nothing waits to be sent."
        else:
            yield f"{counted(self.sent, 'verdict')} sent, about {counted(self.met, 'record')} that you were given."


class RelayReport(Result, schema="takedown.platform.relay"):
    """``takedown platform relay --json``: one line, printed when it listens. A route is ``coop`` or ``webhook``."""

    address: str
    routes: list[str]

    def lines(self) -> Iterator[str]:
        yield from (f"{self.address}/{route}" for route in self.routes)

    def notes(self) -> Iterator[str]:
        yield "Ready. Press Ctrl-C to stop."
