"""The documents between client and intake: closed, versioned schemas with exactly one form in bytes.

A document is accepted only in the canonical encoding of a known schema. So duplicate keys, other spellings of a number
and unknown fields can never be read in two ways.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Annotated, ClassVar, Final, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from takedown_cli.core.errors import BundleError
from takedown_cli.core.variants import CopyKind

Hex16 = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Hex32 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
KeyId = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
#: The last day that a ``Day`` can name.
LAST_DAY: Final = date(2099, 12, 31)
Day = Annotated[
    str,
    Field(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"),
    AfterValidator(lambda day: date.fromisoformat(day).isoformat()),  # none such as 30 February
]
Origin = Annotated[str, Field(pattern=r"^https?://[a-z0-9.\[\]:-]{1,255}$")]
PlatformName = Annotated[str, Field(min_length=1, max_length=80)]

Age = Literal["under-18", "adult", "unsure"]
MediaKind = Literal["image", "video"]
#: A kind of predicted copies, or every kind.
Copies = CopyKind | Literal["all"]


class Document(BaseModel):
    """Base of everything on the wire: strict types, no unknown fields, immutable."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


D = TypeVar("D", bound=Document)


def encode(document: Document) -> bytes:
    """Return the canonical encoding: JSON with sorted keys, no white space, ASCII only, absent fields left out."""
    return canonical_json(encode_to_object(document))


def encode_to_object(document: Document) -> dict[str, object]:
    """Return the same as plain values, for a report that shows the document or a part of it."""
    return document.model_dump(mode="json", exclude_none=True, by_alias=True)


def canonical_json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def decode(kind: type[D], data: bytes) -> D:
    """Read ``data`` as a document of this kind. Raise BundleError unless it is the canonical encoding of one."""
    try:
        document = kind.model_validate_json(data)
    except (ValidationError, RecursionError):
        raise BundleError from None
    if encode(document) != data:
        raise BundleError
    return document


class Audience(Document):
    """The one intake a document is meant for: its origin, and the id of its signing key."""

    origin: Origin
    key_id: KeyId


class IntakeCard(Document):
    """What an intake publishes about itself, signed by its signing key (``GET /v1/keys``)."""

    TYPE: ClassVar[str] = "application/vnd.takedown.intake.v1+json"

    schema_: Literal["takedown.intake"] = Field(default="takedown.intake", alias="schema")
    version: Literal[1] = 1
    name: PlatformName
    origin: Origin
    test: bool
    signing_key: Hex32
    sealing_suite: Literal["mlkem768-x25519/hkdf-sha256/chacha20-poly1305"]
    sealing_key: Annotated[str, Field(pattern=r"^[0-9a-f]{2432}$")]


class Receipt(Document):
    """The intake's signed answer to a submission; the same for every repetition of it.

    ``message`` is the SHA-256 of the sealed message it answers, so that no receipt can stand in for another's. It
    says nothing about the case, since anybody who has the sealed message can send it and get this answer.
    """

    TYPE: ClassVar[str] = "application/vnd.takedown.receipt.v1+json"

    schema_: Literal["takedown.receipt"] = Field(default="takedown.receipt", alias="schema")
    version: Literal[1] = 1
    message: Hex32
    day: Day
    expires: Day


class Refusal(Document):
    """Why an intake refused: a stable id, nothing else.

    When the intake has read the submission, this is signed and ``message`` is as in a receipt. Only then is it certain
    that nothing was registered.
    """

    TYPE: ClassVar[str] = "application/vnd.takedown.refusal.v1+json"

    schema_: Literal["takedown.refusal"] = Field(default="takedown.refusal", alias="schema")
    version: Literal[1] = 1
    reason: Literal[
        "invalid", "conflict", "other-intake", "test-only", "no-test", "no-such-case", "too-large", "quality", "busy"
    ]
    message: Hex32 | None = None


class Challenge(Document):
    """What an intake under load asks for before it takes an anonymous submission: signed by it, with code 429.

    ``message`` is the SHA-256 of the sealed message it is for. A number (``counter``) is to be found for which
    Argon2id (8 MiB, one pass, one lane, 16 bytes) of ``message`` and the counter (8 bytes, big-endian) under ``salt``
    begins with ``bits`` zero bits. ``until`` is when the intake forgets the challenge, in its own seconds, and by
    ``token`` it recognises it; neither means anything to a client.
    """

    TYPE: ClassVar[str] = "application/vnd.takedown.challenge.v1+json"

    schema_: Literal["takedown.challenge"] = Field(default="takedown.challenge", alias="schema")
    version: Literal[1] = 1
    message: Hex32
    puzzle: Literal["argon2id-8m-1"] = "argon2id-8m-1"
    salt: Hex16
    bits: Annotated[int, Field(ge=1, le=64)]
    until: Annotated[int, Field(ge=0, lt=2**53)]
    token: Hex32


class SolvedChallenge(Document):
    """A solved challenge, good once and for one message.

    It stands in front of the sealed message: a line ``takedown work 1``, this on a line, then the message.
    """

    schema_: Literal["takedown.work"] = Field(default="takedown.work", alias="schema")
    version: Literal[1] = 1
    challenge: Challenge
    counter: Annotated[int, Field(ge=0, lt=2**53)]


class PageDigest(Document):
    """What page an intake serves to callers, signed by its signing key (``GET /v1/page``).

    ``page`` is the SHA-256 of the page at ``/case``, which names its script and style sheet with their digests.
    """

    TYPE: ClassVar[str] = "application/vnd.takedown.page.v1+json"

    schema_: Literal["takedown.page"] = Field(default="takedown.page", alias="schema")
    version: Literal[1] = 1
    page: Hex32


class _Request(Document):
    """What every version of a request has."""

    schema_: Literal["takedown.request"] = Field(default="takedown.request", alias="schema")
    action: Literal["status", "withdraw"]
    lookup_id: Hex32
    audience: Audience
    nonce: Hex16
    reply_key: Hex32
    values: Annotated[
        tuple[Annotated[str, Field(pattern=r"^([0-9a-f]{32}|[0-9a-f]{64})$")], ...], Field(max_length=2000)
    ] = ()


class CaseRequestV1(_Request):
    """A question or order about a case as version 1 has it: without kinds of predicted copies."""

    TYPE: ClassVar[str] = "application/vnd.takedown.request.v1+json"

    version: Literal[1] = 1


#: The kinds of copies that version 2 of a request can name.
CopiesV2 = Literal["flips", "screens", "crops", "borders", "captions", "tilts", "all"]


class CaseRequestV2(_Request):
    """A question or order about a case as version 2 has it, with the kinds of copies that were known then.

    It is still sent where it says all there is to say, since every intake understands it.
    """

    TYPE: ClassVar[str] = "application/vnd.takedown.request.v2+json"

    version: Literal[2] = 2
    copies: Annotated[tuple[CopiesV2, ...], Field(min_length=1, max_length=7)] | None = None


class CaseRequest(_Request):
    """A question or order about a case, signed by the case key and sealed to the intake.

    ``reply_key`` is drawn anew for each request and seals the answer. For a withdrawal, ``values`` are the hashes
    whose items are meant; none means the whole case. With ``copies`` only the hashes of these kinds of predicted copies
    are withdrawn from the items that are meant, and what shows them as they were stays listed. Version 3 knows the kind
    ``fits``. The answer to it, as to version 2, is of version 2.
    """

    TYPE: ClassVar[str] = "application/vnd.takedown.request.v3+json"

    version: Literal[3] = 3
    copies: Annotated[tuple[Copies, ...], Field(min_length=1, max_length=8)] | None = None

    def as_version_2(self) -> CaseRequestV2:
        """Return the same for an intake of version 2. Raise ValueError if ``copies`` names a kind that it lacks."""
        same = ("action", "lookup_id", "audience", "nonce", "reply_key", "values", "copies")
        return CaseRequestV2(**{name: getattr(self, name) for name in same})


class ItemsRequest(_Request):
    """A withdrawal of the ``items`` of a case with these numbers, as the status shows them.

    So somebody who has no picture at hand can choose. The answer is a status of version 2.
    """

    TYPE: ClassVar[str] = "application/vnd.takedown.request.v4+json"

    version: Literal[4] = 4
    items: Annotated[tuple[Annotated[int, Field(ge=1, lt=2**31)], ...], Field(min_length=1, max_length=2000)]


class PlatformAnswer(Document):
    """What one platform said about an item; ``day`` is when it last said so."""

    platform: PlatformName
    state: Literal["seen", "under-review", "blocked", "not-blocked"]
    day: Day


class ItemStatusV1(Document):
    """One picture or video of a case, numbered as in the bundle, from 1."""

    number: Annotated[int, Field(ge=1)]
    media: MediaKind
    age: Age
    state: Literal["listed", "held", "withdrawn"]
    fingerprints: Annotated[int, Field(ge=0)]
    platforms: tuple[PlatformAnswer, ...] = ()


class ItemStatus(ItemStatusV1):
    """One picture or video of a case, numbered as in the bundle, from 1.

    What is listed has a ``standing``: confirmed if an organisation that the intake trusts countersigned it, otherwise
    provisional, whatever other cases or platforms say of it.
    """

    standing: Literal["provisional", "confirmed"] | None = None


class _Status(Document):
    """What every version of an answer has."""

    schema_: Literal["takedown.case-status"] = Field(default="takedown.case-status", alias="schema")
    known: bool
    received: Day | None = None
    expires: Day | None = None
    withdrawn: Annotated[int, Field(ge=0)] | None = None


class CaseStatusV1(_Status):
    """The answer to a case request of version 1."""

    version: Literal[1] = 1
    items: tuple[ItemStatusV1, ...] = ()


class CaseStatus(_Status):
    """The answer to a case request. An unknown, foreign or malformed request is answered ``known: false``."""

    version: Literal[2] = 2
    items: tuple[ItemStatus, ...] = ()

    def as_version_1(self) -> CaseStatusV1:
        """Return the same for a request of version 1."""
        items = tuple(
            ItemStatusV1(**{name: getattr(item, name) for name in ItemStatusV1.model_fields}) for item in self.items
        )
        same = ("known", "received", "expires", "withdrawn")
        return CaseStatusV1(items=items, **{name: getattr(self, name) for name in same})
