"""Admission: from the bytes of a sealed submission to a bundle that may be stored.

It guarantees that nothing passes that is not sealed to this intake, signed by the case key inside it, canonical,
meant for this intake and of its mode. It must never touch the database.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal, Self

from takedown_cli.bundle import envelope, seal
from takedown_cli.bundle.document import Bundle
from takedown_cli.errors import BundleError
from takedown_cli.intake.denylist import DenyList
from takedown_cli.intake.keyring import Keyring
from takedown_cli.intake.refusal import Refused
from takedown_cli.intake.settings import Settings
from takedown_cli.intake.signals import Signal, signals_of
from takedown_cli.wire import Age, Audience, CaseRequest, CaseRequestV1, Copies, MediaKind, decode


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this intake is: its keys, what messages to it name, its mode and its signed card."""

    keyring: Keyring
    audience: Audience
    test: bool
    card: bytes

    @classmethod
    def of(cls, settings: Settings, keyring: Keyring, origin: str) -> Self:
        """The intake with these settings and keys, when it is reached at ``origin``."""
        return cls(keyring, keyring.audience(origin), settings.test, keyring.card(settings, origin))

    def __str__(self) -> str:
        """The address to give to people: the origin, with the key to pin."""
        return f"{self.audience.origin}#{self.audience.key_id}"


@dataclass(frozen=True, slots=True)
class Part:
    """An item of a bundle, without its fingerprints."""

    media: MediaKind
    age: Age


@dataclass(frozen=True, slots=True)
class Submission:
    """What is kept of a bundle that passed.

    ``message`` and ``digest`` are the SHA-256 of the sealed message and of the payload. ``lookup`` is what the database
    knows the case by, ``signals`` are what can be listed of each item. ``organisation`` is the public key
    of a second signature, which holds; what it is worth is decided elsewhere.
    """

    adds: bool
    behalf: str
    authority: str | None
    items: tuple[Part, ...]
    message: bytes
    digest: bytes
    lookup: bytes
    key: bytes
    organisation: bytes | None
    signals: tuple[list[Signal], ...]


def open_sealed(body: bytes, kind: Literal["bundle", "request"], identity: Identity) -> bytes:
    """The envelope inside a sealed message. Raises BundleError; Refused("other-intake")."""
    sealed = seal.parse(body)
    if sealed.kind != kind:
        raise BundleError
    if sealed.audience != identity.audience:
        raise Refused("other-intake")
    return seal.open_as_intake(sealed, identity.keyring.sealing)


def admit(body: bytes, identity: Identity, denied: DenyList) -> Submission:
    """Check everything about a submission that can be checked without the database. Raises Refused.

    That nothing of it can be listed is no reason yet: it may repeat one that was taken under an older deny-list.
    """
    try:
        signed = envelope.verify(open_sealed(body, "bundle", identity), Bundle.TYPE)
        bundle = decode(Bundle, signed.payload)
    except BundleError:
        raise Refused("invalid") from None
    key = bytes.fromhex(bundle.case.key)
    if signed.signers[0] != key:
        raise Refused("invalid")
    if bundle.audience is not None and bundle.audience != identity.audience:
        raise Refused("other-intake")
    if bundle.test != identity.test:
        raise Refused("test-only" if identity.test else "no-test")
    return Submission(
        adds=bundle.adds,
        behalf=bundle.declaration.behalf,
        authority=bundle.declaration.authority,
        items=tuple(Part(item.media, item.age) for item in bundle.items),
        message=sha256(body).digest(),
        digest=sha256(signed.payload).digest(),
        lookup=identity.keyring.lookup(bundle.case.lookup_id, key),
        key=key,
        organisation=signed.signers[1] if len(signed.signers) > 1 else None,
        signals=tuple(denied.without(signals_of(item)) for item in bundle.items),
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """A request about a case: what the database knows that case by, the public key that signed, and what is meant.

    ``nonce``, ``values`` and ``copies`` are those of the request, for a withdrawal.
    """

    lookup: bytes
    signer: bytes
    nonce: str
    values: tuple[str, ...]
    copies: tuple[Copies, ...] | None


@dataclass(frozen=True, slots=True)
class ReplyTo:
    """The key that seals an answer, and the version that it has to have."""

    key: bytes
    version: Literal[1, 2]


def read_request(
    body: bytes, action: Literal["status", "withdraw"], identity: Identity
) -> tuple[Asked | None, ReplyTo | None]:
    """The request, if it is one for this intake and this action; and how to answer, if that can be read.

    Whether the signer has any right to the case is for the caller to decide.
    """
    try:
        opened = open_sealed(body, "request", identity)
        request, version, signers = _any_version(opened)
    except (BundleError, Refused):
        return None, None
    reply = ReplyTo(bytes.fromhex(request.reply_key), version)
    if request.action != action:
        return None, None  # a recorded request, sent to the other door
    if request.audience != identity.audience or len(signers) != 1:
        return None, reply
    lookup = identity.keyring.lookup(request.lookup_id, signers[0])
    return Asked(lookup, signers[0], request.nonce, request.values, request.copies), reply


def _any_version(opened: bytes) -> tuple[CaseRequest, Literal[1, 2], tuple[bytes, ...]]:
    """The request in an envelope, which version it came in, and who signed it. Raises BundleError."""
    with suppress(BundleError):
        signed = envelope.verify(opened, CaseRequest.TYPE)
        return decode(CaseRequest, signed.payload), 2, signed.signers
    signed = envelope.verify(opened, CaseRequestV1.TYPE)
    old = decode(CaseRequestV1, signed.payload)
    request = CaseRequest(
        action=old.action,
        lookup_id=old.lookup_id,
        audience=old.audience,
        nonce=old.nonce,
        reply_key=old.reply_key,
        values=old.values,
    )
    return request, 1, signed.signers
