"""The native feed: what an intake gives to a platform, and what the platform answers.

A page is signed as it is, byte by byte. Its signature is beside it, in a header of the answer, so that a page can be
read without decoding it twice.
"""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, ClassVar, Final, Literal, Self, TypeVar

from pydantic import ConfigDict, Field, ValidationError, model_validator
from pydantic.dataclasses import dataclass

from takedown_cli.core.errors import BundleError, SignatureError
from takedown_cli.protocol import public_keys
from takedown_cli.protocol.bundle.envelope import pae
from takedown_cli.protocol.wire import Document, Hex16, Hex32, MediaKind

#: The header of an answer with the Ed25519 signature of its page, in Base64.
SIGNATURE_HEADER: Final = "takedown-signature"
#: The lists that a participant may subscribe to, and the negative list, which everybody may pull.
FeedList = Literal["under-18", "adult", "negative"]
Tier = Literal["provisional", "confirmed"]
#: What the hash is of: the picture or video itself (``original``), a predicted copy of a kind, or of an ``other`` kind.
#: Any word: later versions know more kinds, and a reader has to take those that it does not know.
Derivation = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,19}$")]
SignalName = Literal["pdq", "image-md5", "image-sha1", "video-md5", "video-sha1"]
#: Records in a page at most.
MAX_RECORDS: Final = 10_000
#: Bytes of the records of a page at most. A record of a hash has less than 1 KiB, that of a clip less than 160 KiB.
PAGE_BYTES: Final = 2 << 20
#: Frames of a clip at most, and at least: one alone says no more than its own record does.
MAX_FRAMES: Final = 2000
MIN_FRAMES: Final = 2
#: Verdicts in one call at most.
MAX_VERDICTS: Final = 5000
#: Days that the removal of a record is kept. A platform that was away longer has to start from a snapshot.
REMOVAL_DAYS: Final = 5 * 365 + 1

_VALUE: Final = r"^([0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$"
_Cursor = Annotated[str, Field(pattern=r"^[A-Za-z0-9.]{1,160}$")]


#: As documents of the wire are. A page has thousands of records, so they are dataclasses: each takes a quarter of the
#: memory of a pydantic model, and half the time to read.
_RECORD: Final = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)


@dataclass(frozen=True, slots=True, kw_only=True, config=_RECORD)
class ActiveRecord:
    """A hash that platforms should match.

    ``value`` is in lower-case hexadecimal digits. Two PDQs match if they differ in at most ``distance`` bits; digests
    match if they are equal, which is distance 0. ``classes`` says what the hash is of.
    """

    id: Hex16
    state: Literal["active"]
    list: FeedList
    tier: Tier
    signal: SignalName
    value: Annotated[str, Field(pattern=_VALUE)]
    media: Annotated[tuple[MediaKind, ...], Field(min_length=1, max_length=2)]
    classes: Annotated[tuple[Derivation, ...], Field(min_length=1, max_length=16)]
    distance: Annotated[int, Field(ge=0, le=256)]


@dataclass(frozen=True, slots=True, kw_only=True, config=_RECORD)
class RemovedRecord:
    """A record that must not be matched any more. It holds no hash, only the id under which the hash was given."""

    id: Hex16
    state: Literal["removed"]


FeedRecord = Annotated[ActiveRecord | RemovedRecord, Field(discriminator="state")]


@dataclass(frozen=True, slots=True, kw_only=True, config=_RECORD)
class ActiveClip:
    """A video that platforms should match, by its frames.

    ``frames`` are the PDQs of the video as it was, without any that is not listed, in the order of their values, which
    says nothing of their order in the video. Each is a record of the feed of hashes too. Two frames are alike if they
    differ in at most ``distance`` bits. How many have to be alike is the platform's choice.
    """

    id: Hex16
    state: Literal["active"]
    list: FeedList
    tier: Tier
    frames: Annotated[tuple[Hex32, ...], Field(min_length=MIN_FRAMES, max_length=MAX_FRAMES)]
    distance: Annotated[int, Field(ge=0, le=256)]


ClipRecord = Annotated[ActiveClip | RemovedRecord, Field(discriminator="state")]


class Selection(Document):
    """The part of the lists that a page is of: as asked for, within what the participant subscribed to."""

    lists: Annotated[tuple[FeedList, ...], Field(min_length=1, max_length=2)]
    tiers: Annotated[tuple[Tier, ...], Field(min_length=1, max_length=2)]
    classes: Annotated[tuple[Derivation, ...], Field(min_length=1, max_length=16)]


class ClipSelection(Document):
    """The part of the lists that a page of clips is of: as asked for, within what the participant subscribed to."""

    lists: Annotated[tuple[FeedList, ...], Field(min_length=1, max_length=2)]
    tiers: Annotated[tuple[Tier, ...], Field(min_length=1, max_length=2)]


class _Page(Document):
    """What a page of every feed has."""

    version: Literal[1] = 1
    kind: Literal["snapshot", "delta"]
    start: _Cursor | None
    cursor: _Cursor
    more: bool
    made: Annotated[int, Field(ge=0)]


class FeedPage(_Page):
    """A page of the feed. ``start`` is the cursor that was asked for, or null for the first page of a snapshot.

    A ``snapshot`` has every active record; a ``delta`` has what changed since. Ask with ``cursor`` for what follows, at
    once if there is ``more``. ``made`` is the second (Unix time) at which the intake made the page.
    """

    TYPE: ClassVar[str] = "application/vnd.takedown.feed.v1+json"

    schema_: Literal["takedown.feed"] = Field(default="takedown.feed", alias="schema")
    selection: Selection
    records: Annotated[tuple[FeedRecord, ...], Field(max_length=MAX_RECORDS)]


class ClipPage(_Page):
    """A page of the feed of clips. All but its records is as in a page of the feed of hashes."""

    TYPE: ClassVar[str] = "application/vnd.takedown.clips.v1+json"

    schema_: Literal["takedown.clips"] = Field(default="takedown.clips", alias="schema")
    selection: ClipSelection
    records: Annotated[tuple[ClipRecord, ...], Field(max_length=MAX_RECORDS)]


class Verdict(Document):
    """What a platform decided about a record, in the StopNCII interface's terms.

    Name the record by its ``id``, or by its ``value`` where software keeps no id: that is every list that has it.
    """

    id: Hex16 | None = None
    value: Annotated[str, Field(pattern=_VALUE)] | None = None
    verdict: Literal["PendingReview", "Blocked", "NotBlocked"]
    tags: Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=20, default_factory=list)]

    @model_validator(mode="after")
    def _names_one_record(self) -> Self:
        if (self.id is None) == (self.value is None):
            raise ValueError
        return self


class Verdicts(Document):
    """A platform's answers about records, in the order in which it decided."""

    schema_: Literal["takedown.verdicts"] = Field(default="takedown.verdicts", alias="schema")
    version: Literal[1] = 1
    verdicts: Annotated[list[Verdict], Field(max_length=MAX_VERDICTS)]


P = TypeVar("P", FeedPage, ClipPage)


def read_page(kind: type[P], body: bytes, signature: str, signing_key: bytes) -> P:
    """Return a page of this kind after checking that the intake with this key signed it as such.

    Raise BundleError, SignatureError.
    """
    try:
        raw = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        raise SignatureError from None
    public_keys.verify_signature(signing_key, raw, pae(kind.TYPE, body))
    try:
        return kind.model_validate_json(body)
    except (ValidationError, RecursionError):
        raise BundleError from None
