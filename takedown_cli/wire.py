"""What crosses the network between client and intake: closed, versioned documents with one form in bytes.

It guarantees that a document is accepted only if it is exactly the canonical encoding of a known schema, so that
duplicate keys, other spellings of a number and unknown fields have no second reading.
It must never hold a file name, a path, a date of a file, or anything else about the person or the machine.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Annotated, ClassVar, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from takedown_cli.errors import BundleError

Hex16 = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Hex32 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
KeyId = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
Day = Annotated[
    str,
    Field(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"),
    AfterValidator(lambda day: date.fromisoformat(day).isoformat()),  # none such as 30 February
]
Origin = Annotated[str, Field(pattern=r"^https?://[a-z0-9.\[\]:-]{1,255}$")]
PlatformName = Annotated[str, Field(min_length=1, max_length=80)]

Age = Literal["under-18", "adult", "unsure"]
MediaKind = Literal["image", "video"]
#: A kind of predicted copies; and how a set of them is asked for.
Kind = Literal["flips", "screens", "crops", "borders", "captions", "tilts"]
Copies = Kind | Literal["all"]


class Document(BaseModel):
    """Base of everything on the wire: strict types, no unknown fields, immutable."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


D = TypeVar("D", bound=Document)


def encode(document: Document) -> bytes:
    """The canonical encoding: JSON with sorted keys, no white space, ASCII only, absent fields left out."""
    return canonical(encode_to_object(document))


def encode_to_object(document: Document) -> dict[str, object]:
    """The same as plain values, for a report that shows the document or a part of it."""
    return document.model_dump(mode="json", exclude_none=True, by_alias=True)


def canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def decode(kind: type[D], data: bytes) -> D:
    """Read ``data`` as a document of this kind. Raises BundleError unless it is the canonical encoding of one."""
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
    says nothing about the case: whoever has only the sealed message can send it, and get this answer.
    """

    TYPE: ClassVar[str] = "application/vnd.takedown.receipt.v1+json"

    schema_: Literal["takedown.receipt"] = Field(default="takedown.receipt", alias="schema")
    version: Literal[1] = 1
    message: Hex32
    day: Day
    expires: Day


class Refusal(Document):
    """Why an intake refused: a stable id, nothing else.

    To a submission that it read it answers with this signed, and ``message`` as in a receipt: only then is it certain
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
    begins with ``bits`` zero bits. ``until`` is when the intake forgets it, in its own seconds, and ``token`` what it
    knows it again by; both are its own affair.
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


class Work(Document):
    """A solved challenge. It stands in front of the sealed message: ``takedown work 1``, this, the message.

    The first two are a line each. It counts for this message, and once.
    """

    schema_: Literal["takedown.work"] = Field(default="takedown.work", alias="schema")
    version: Literal[1] = 1
    challenge: Challenge
    counter: Annotated[int, Field(ge=0, lt=2**53)]


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


class CaseRequest(_Request):
    """A question or order about a case, signed by the case key and sealed to the intake.

    ``reply_key`` is drawn anew for each request and seals the answer. For a withdrawal, ``values`` are the hashes
    whose items are meant; none means the whole case. With ``copies`` only the hashes of these kinds of predicted copies
    are withdrawn from the items that are meant, and what shows them as they were stays listed. The answer has the
    version of the request.
    """

    TYPE: ClassVar[str] = "application/vnd.takedown.request.v2+json"

    version: Literal[2] = 2
    copies: Annotated[tuple[Copies, ...], Field(min_length=1, max_length=7)] | None = None


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

    ``standing`` is told of what is listed: provisional, and marked so to platforms, until two of them block it, unless
    an organisation that the intake trusts countersigned it.
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
        """The same for who asked in version 1."""
        items = tuple(
            ItemStatusV1(
                number=item.number,
                media=item.media,
                age=item.age,
                state=item.state,
                fingerprints=item.fingerprints,
                platforms=item.platforms,
            )
            for item in self.items
        )
        return CaseStatusV1(
            known=self.known, received=self.received, expires=self.expires, withdrawn=self.withdrawn, items=items
        )
