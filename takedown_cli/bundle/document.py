"""The bundle's payload: a closed schema that says which fingerprints are reported, for whom, to which intake.

It guarantees that equal pictures, declarations, case and nonce give equal bytes, whatever the files were called.
It must never carry a file name, path, size, date, EXIF value, host, user or locale; there is no field for one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from takedown_cli.errors import TooLargeError
from takedown_cli.model import MIN_QUALITY, Fingerprint, Hashed, Media
from takedown_cli.wire import Age, Audience, Day, Document, Hex16, Hex32, MediaKind

#: Bounds of one bundle; an intake refuses more. The first keeps a sealed bundle within the largest padding bucket.
MAX_FINGERPRINTS = 50_000
MAX_ITEMS = 20_000
MAX_OF_ITEM = 20_000
_MAX_MS = 2**40 - 1

#: Hashes that some sites match on besides PDQ; made only when they are asked for.
PERCEPTUAL = frozenset({"phash", "dhash", "ahash", "whash", "crop-resistant"})

Label = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9:+.-]{0,39}$")]


class BundleFingerprint(Document):
    """One hash as it travels. ``ms`` is the position in the video in milliseconds."""

    kind: Label
    value: Annotated[str, Field(pattern=r"^([0-9a-f]{2}){4,256}$")]
    method: Label | None = None
    variant: Label | None = None
    quality: Annotated[int, Field(ge=0, le=100)] | None = None
    frame: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    ms: Annotated[int, Field(ge=0, lt=_MAX_MS + 1)] | None = None

    @model_validator(mode="after")
    def _length_fits_kind(self) -> Self:
        digits = {"md5": 32, "sha1": 40, "sha256": 64, "pdq": 64}.get(self.kind)
        if digits is not None and len(self.value) != digits:
            raise ValueError("length")
        return self


class Item(Document):
    """One picture or video: what it is, the person's answer about age, and its fingerprints in canonical order."""

    media: MediaKind
    age: Age
    fingerprints: Annotated[tuple[BundleFingerprint, ...], Field(min_length=1, max_length=MAX_OF_ITEM)]


class Declaration(Document):
    """What the person chose to say; nothing else is ever asked. ``authority`` is named when acting for another."""

    behalf: Literal["self", "child", "other"]
    authority: Literal["permission", "parent-or-guardian", "law"] | None = None

    @model_validator(mode="after")
    def _authority_when_for_another(self) -> Self:
        if (self.behalf == "self") != (self.authority is None):
            raise ValueError("authority")
        return self


class CaseReference(Document):
    """The case as the intake may know it: its lookup id and its public key, both derived from the case number."""

    lookup_id: Hex32
    key: Hex32


class Bundle(Document):
    """The payload that is signed. ``audience`` is absent when no intake was known; ``adds`` extends a case."""

    TYPE: ClassVar[str] = "application/vnd.takedown.bundle.v1+json"

    schema_: Literal["takedown.bundle"] = Field(default="takedown.bundle", alias="schema")
    version: Literal[1] = 1
    case: CaseReference
    audience: Audience | None = None
    created: Day
    nonce: Hex16
    adds: bool = False
    test: bool = False
    declaration: Declaration
    items: Annotated[tuple[Item, ...], Field(min_length=1, max_length=MAX_ITEMS)]

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if sum(len(item.fingerprints) for item in self.items) > MAX_FINGERPRINTS:
            raise ValueError("fingerprints")
        return self


def _travels(fingerprint: Fingerprint, media: Media, exact: bool) -> bool:
    """Only what a platform can match on: PDQ of quality, exact digests for videos, hashes that were asked for.

    A digest of a picture file changes with every EXIF value and never survives an upload, but lets anybody who
    holds the file prove that it was this very file; so it stays at home unless ``exact`` asks for it.
    """
    if fingerprint.kind == "pdq":
        return fingerprint.quality is not None and fingerprint.quality >= MIN_QUALITY
    if fingerprint.kind == "sha256":
        return exact
    if fingerprint.kind in {"md5", "sha1"}:
        return media is Media.VIDEO or exact
    return fingerprint.kind in PERCEPTUAL


def _as_sent(fingerprint: Fingerprint) -> BundleFingerprint:
    seconds = fingerprint.timestamp
    return BundleFingerprint(
        kind=fingerprint.kind,
        value=fingerprint.value,
        method=fingerprint.method,
        variant=fingerprint.variant,
        quality=fingerprint.quality,
        frame=fingerprint.frame,
        # Nonsense in a file's clock must not cost the bundle; the number of the frame still tells its place.
        ms=None if seconds is None else min(max(0, round(seconds * 1000)), _MAX_MS),
    )


def as_fingerprint(sent: BundleFingerprint) -> Fingerprint:
    """What travelled, as the noun of the pipeline; the place in a video is known to the millisecond."""
    seconds = None if sent.ms is None else sent.ms / 1000
    return Fingerprint(sent.kind, sent.value, sent.method, sent.variant, sent.quality, sent.frame, seconds)


def _position(fingerprint: BundleFingerprint) -> tuple[int, str, str, str, str]:
    frame = -1 if fingerprint.frame is None else fingerprint.frame
    return (frame, fingerprint.kind, fingerprint.method or "", fingerprint.variant or "", fingerprint.value)


def item_of(hashed: Hashed, age: Age, *, exact: bool = False) -> Item | None:
    """The item for one file, or None when nothing of it can be matched by a platform.

    Raises TooLargeError for more than ``MAX_OF_ITEM`` fingerprints, and nothing else for what crossed from a child.
    """
    if hashed.weak is not None and not exact:
        return None
    sent = [_as_sent(f) for f in hashed.fingerprints if _travels(f, hashed.media, exact)]
    if not sent:
        return None
    if len(sent) > MAX_OF_ITEM:
        raise TooLargeError
    return Item(media=hashed.media.value, age=age, fingerprints=tuple(sorted(sent, key=_position)))


def canonical_items(items: Iterable[Item]) -> tuple[Item, ...]:
    """Equal items once, in an order that depends on the fingerprints alone."""
    unique = {item.model_dump_json(): item for item in items}
    return tuple(unique[key] for key in sorted(unique))
