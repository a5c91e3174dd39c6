"""The bundle's payload: a closed schema for the fingerprints, the person they are for, and the intake.

It has no field for a file name, path, size, date, EXIF value, host, user or locale. Equal pictures, declarations, case
and nonce give equal bytes, whatever the names of the files.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from takedown_cli.core.errors import TooLargeError
from takedown_cli.core.model import MIN_QUALITY, Fingerprint, Hashed, Media
from takedown_cli.protocol.bundle.item_limits import keep_within_limits
from takedown_cli.protocol.wire import Age, Audience, Day, Document, Hex16, Hex32, MediaKind

#: The limits of one bundle; an intake refuses more. The first keeps a sealed bundle within the largest padding bucket.
#: Bundles of earlier versions may have as many hashes of one item as the last says (see ``item_limits``).
MAX_FINGERPRINTS = 50_000
MAX_ITEMS = 20_000
MAX_OF_ITEM = 20_000
_MAX_MS = 2**40 - 1

#: Hashes besides PDQ that some sites match. They are made only on request.
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


def _is_sent(fingerprint: Fingerprint, media: Media, exact: bool) -> bool:
    """Return whether a platform can match it: PDQ of good quality, exact digests of videos, requested hashes.

    The digest of a picture file changes with every EXIF value and never survives an upload. But anybody who has the
    file can prove with it that it was this file. So it is not sent unless ``exact`` requests it.
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
        # A nonsense timestamp in a file must not spoil the bundle. The number of the frame still shows its place.
        ms=None if seconds is None else min(max(0, round(seconds * 1000)), _MAX_MS),
    )


def as_fingerprint(sent: BundleFingerprint) -> Fingerprint:
    """Return a sent fingerprint in the form of the pipeline, with its place in a video to the millisecond."""
    seconds = None if sent.ms is None else sent.ms / 1000
    return Fingerprint(sent.kind, sent.value, sent.method, sent.variant, sent.quality, sent.frame, seconds)


def _sort_key(fingerprint: BundleFingerprint) -> tuple[int, str, str, str, str]:
    frame = -1 if fingerprint.frame is None else fingerprint.frame
    return (frame, fingerprint.kind, fingerprint.method or "", fingerprint.variant or "", fingerprint.value)


def items_of(hashed: Hashed, age: Age, *, exact: bool = False) -> tuple[Item, ...]:
    """Return the item for one file, and one for the clip inside it; without those that no platform could match.

    Raise TooLargeError as ``item_of`` does.
    """
    found = (item_of(part, age, exact=exact) for part in hashed.parts())
    return tuple(item for item in found if item is not None)


def item_of(hashed: Hashed, age: Age, *, exact: bool = False) -> Item | None:
    """Return the item for one file without a clip inside, or None if no platform could match any of its fingerprints.

    What is beyond the limits of one item is left out (``item_limits``).
    Raise TooLargeError for more than ``MAX_OF_ITEM`` fingerprints. Nothing else that a decoding process sends makes
    this raise.
    """
    if hashed.weak is not None and not exact:
        return None
    sent = sorted((_as_sent(f) for f in hashed.fingerprints if _is_sent(f, hashed.media, exact)), key=_sort_key)
    if not sent:
        return None
    sent = list(keep_within_limits(hashed.media.value, sent))
    if len(sent) > MAX_OF_ITEM:
        raise TooLargeError
    return Item(media=hashed.media.value, age=age, fingerprints=tuple(sent))


def count_left_out(hashed: Hashed, item: Item, *, exact: bool = False) -> int:
    """Return how many fingerprints of a file are not in its item because of the limits."""
    return sum(_is_sent(each, hashed.media, exact) for each in hashed.fingerprints) - len(item.fingerprints)


def canonical_items(items: Iterable[Item]) -> tuple[Item, ...]:
    """Return equal items once, in an order that depends on the fingerprints alone."""
    unique = {item.model_dump_json(): item for item in items}
    return tuple(unique[key] for key in sorted(unique))
