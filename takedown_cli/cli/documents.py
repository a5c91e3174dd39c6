"""The shapes of what ``--json`` prints: one typed place, from which the JSON Schemas in ``docs/`` are made.

It guarantees that a field once there keeps its name and meaning; a change of meaning needs a new ``version``.
It must never describe anything that travels: that is ``wire`` and ``bundle.document``.
"""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict


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


class FileRow(TypedDict):
    """One file that was walked. ``path_b64`` holds the name's bytes when they are no UTF-8.

    ``reason`` says why it is partial, skipped or failed, ``weak`` why platforms cannot match it although it was hashed;
    ``detail`` is the sentence that goes with either.
    """

    path: str
    path_b64: NotRequired[str]
    outcome: Literal["hashed", "partial", "skipped", "failed"]
    reason: NotRequired[str]
    weak: NotRequired[str]
    detail: NotRequired[str]
    media: NotRequired[str]
    format: NotRequired[str]
    width: NotRequired[int]
    height: NotRequired[int]
    duration: NotRequired[float]
    fingerprints: NotRequired[list[FingerprintRow]]


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


class HashReport(TypedDict):
    """``takedown hash --json``. ``case_number`` is there once, when a new bundle was made."""

    schema: Literal["takedown.hash"]
    version: Literal[1]
    bundle: str | None
    case_number: str | None
    summary: Summary
    files: list[FileRow]


class HashSummaryLine(TypedDict):
    """The last line of ``takedown hash --jsonl``; each line before it is a ``FileRow``."""

    schema: Literal["takedown.hash.summary"]
    version: Literal[1]
    bundle: str | None
    case_number: str | None
    summary: Summary


class ProgressLine(TypedDict):
    """One line on stderr of ``--progress=json``. ``total`` counts what was found so far."""

    schema: Literal["takedown.progress"]
    version: Literal[1]
    files: int
    total: int
    bytes: int
    total_bytes: int
    counted: bool
    seconds: float
    seconds_left: float | None


class ErrorReport(TypedDict):
    """How any command with ``--json`` reports that it ended badly."""

    schema: Literal["takedown.error"]
    version: Literal[1]
    id: str
    exit_code: int
    sentence: str
    hint: str


class InspectReport(TypedDict):
    """``takedown inspect --json``. What is inside is null while the bundle is sealed and no case number was given."""

    schema: Literal["takedown.inspect"]
    version: Literal[1]
    bytes: int
    sha256: str
    sealed: bool
    valid: bool | None
    audience: AudienceRow | None
    test: bool | None
    created: str | None
    adds: bool | None
    declaration: DeclarationRow | None
    countersignatures: int | None
    items: list[ItemRow] | None
    totals: TotalsRow | None


class AudienceRow(TypedDict):
    origin: str
    key_id: str


class DeclarationRow(TypedDict):
    behalf: str
    authority: str | None


class ItemRow(TypedDict):
    """One picture or video, numbered from 1. ``hashes`` only with ``--hashes``: a hash is personal data."""

    number: int
    media: str
    age: str
    fingerprints: int
    hashes: NotRequired[list[HashRow]]


class HashRow(TypedDict):
    """One hash as it travels; ``ms`` is the position in the video in milliseconds."""

    kind: str
    value: str
    method: NotRequired[str]
    variant: NotRequired[str]
    quality: NotRequired[int]
    frame: NotRequired[int]
    ms: NotRequired[int]


class TotalsRow(TypedDict):
    """Counts over the whole bundle, by media, age, and "kind/method/variant" of the fingerprints."""

    items: int
    fingerprints: int
    by_media: dict[str, int]
    by_age: dict[str, int]
    by_kind: dict[str, int]


class CheckReport(TypedDict):
    """``takedown check --json``. ``threshold`` is the distance in bits up to which a PDQ counts as a match."""

    schema: Literal["takedown.check"]
    version: Literal[1]
    against: AgainstRow
    threshold: int
    summary: CheckSummary
    copies: list[CopyRow]


class AgainstRow(TypedDict):
    """What the copies were compared with. ``unusable`` counts originals that no platform could match."""

    source: Literal["bundle", "originals"]
    items: int
    fingerprints: int
    unusable: int


class CheckSummary(TypedDict):
    """``copies`` is the sum of the three others."""

    copies: int
    caught: int
    missed: int
    unreadable: int


class CopyRow(TypedDict):
    """One copy. ``caught`` is null when it could not be read, for the ``reason`` given.

    ``everywhere`` says whether every reading that platforms have finds it. ``distance`` is that of the nearest
    fingerprint, ``match``, which is given for a copy that is not caught as well; both are null when nothing could be
    compared. Of a video's or animation's ``frames`` of quality, ``frames_caught`` would be found each by itself.
    ``path`` only with ``--show-paths``.
    """

    number: int
    path: NotRequired[str]
    media: str | None
    caught: bool | None
    everywhere: bool | None
    distance: int | None
    match: MatchRow | None
    readings: list[ReadingRow]
    frames: NotRequired[int]
    frames_caught: NotRequired[int]
    reason: NotRequired[str]
    detail: NotRequired[str]


class ReadingRow(TypedDict):
    """One way to read the copy, ``frame`` being the copy's; ``distance`` is null where it is too poor to be matched."""

    kind: str
    method: str
    caught: bool
    distance: int | None
    frame: NotRequired[int]
    timestamp: NotRequired[float]


class MatchRow(TypedDict):
    """The fingerprint that is nearest: of which item (numbered from 1, as ``inspect`` does), and which one of it."""

    item: int
    path: NotRequired[str]
    media: str
    kind: str
    method: NotRequired[str]
    variant: NotRequired[str]
    frame: NotRequired[int]
    timestamp: NotRequired[float]


class ExportReport(TypedDict):
    """``takedown export --json``. ``left_out`` counts, by kind, the hashes that the format has no place for."""

    schema: Literal["takedown.export"]
    version: Literal[1]
    format: str
    files: int
    items: int
    hashes: int
    left_out: dict[str, int]
    sealed: Literal[False]


class FaultsReport(TypedDict):
    """What ``takedown batch`` prints with ``--json`` for a manifest with faults, before it ends with exit 2."""

    schema: Literal["takedown.batch.faults"]
    version: Literal[1]
    faults: list[FaultRow]


class FaultRow(TypedDict):
    """One fault. ``row`` counts from 1 as a spreadsheet shows it, null for the manifest as a whole.

    ``column`` is a column of ours, or the letter of one that is not; ``other_row`` is the row that it collides with.
    """

    row: int | None
    column: str | None
    reason: str
    sentence: str
    advice: str
    other_row: int | None


class KeysReport(TypedDict):
    """``takedown keys new``, ``show`` and ``rotate`` with ``--json``. Days are null where the keeper knows none."""

    schema: Literal["takedown.keys"]
    version: Literal[1]
    public_key: str
    key_id: str
    since: str | None
    past: list[PastKeyRow]


class PastKeyRow(TypedDict):
    """A public key that signed before, oldest first."""

    public_key: str
    since: str | None
    until: str | None
