"""Turns the bytes of a sealed submission into a bundle that may be stored, without looking at the database.

A submission passes if it is sealed for this intake, signed by the case key inside it, canonical, addressed to this
intake, and of its mode (test or not).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Literal, Self

from takedown_cli.core.errors import BundleError
from takedown_cli.intake.messages.deny_list import DenyList
from takedown_cli.intake.messages.keyring import Keyring
from takedown_cli.intake.messages.signals import Signal, signals_of
from takedown_cli.intake.refusal import Refused
from takedown_cli.intake.settings import Settings
from takedown_cli.protocol.bundle import envelope, seal
from takedown_cli.protocol.bundle.document import Bundle
from takedown_cli.protocol.bundle.item_limits import is_far_over
from takedown_cli.protocol.wire import (
    Age,
    Audience,
    CaseRequest,
    CaseRequestV1,
    CaseRequestV2,
    Copies,
    ItemsRequest,
    MediaKind,
    decode,
)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this intake is: its keys, what messages to it name, its mode and its signed card."""

    keyring: Keyring
    audience: Audience
    test: bool
    card: bytes

    @classmethod
    def of(cls, settings: Settings, keyring: Keyring, origin: str) -> Self:
        """Return the identity of an intake with these settings and keys that is reached at ``origin``."""
        return cls(keyring, keyring.audience(origin), settings.test, keyring.signed_card(settings, origin))

    def __str__(self) -> str:
        """Return the address to give to people: the origin, with the key to pin."""
        return f"{self.audience.origin}#{self.audience.key_id}"

    @property
    def page_address(self) -> str:
        """The address of the page for callers, with the key to pin."""
        return f"{self.audience.origin}/case#{self.audience.key_id}"


@dataclass(frozen=True, slots=True)
class Part:
    """An item of a bundle, without its fingerprints."""

    media: MediaKind
    age: Age


@dataclass(frozen=True, slots=True)
class Submission:
    """The data that the intake keeps of a bundle that passed.

    ``message`` and ``digest`` are the SHA-256 of the sealed message and of the payload, ``size`` is the message's, in
    bytes, and ``paid`` says whether the sender did work for it. ``lookup`` is the HMAC by which the database knows the
    case, ``signals`` are what can be listed of each item. ``organisation`` is the public key of a second signature,
    which is valid; whether it counts is decided elsewhere.
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
    size: int = 0
    paid: bool = False

    @property
    def hash_count(self) -> int:
        """The number of hashes of all items together."""
        return sum(map(len, self.signals))


def unseal(body: bytes, kind: Literal["bundle", "request"], identity: Identity) -> bytes:
    """Return the envelope inside a sealed message. Raise BundleError, or Refused("other-intake")."""
    sealed = seal.parse(body)
    if sealed.kind != kind:
        raise BundleError
    if sealed.audience != identity.audience:
        raise Refused("other-intake")
    return seal.open_as_intake(sealed, identity.keyring.sealing)


def admit_submission(
    body: bytes, identity: Identity, denied: DenyList, go_on: Callable[[], None] = lambda: None
) -> Submission:
    """Check everything about a submission that can be checked without the database. Raise Refused.

    A submission with nothing to list passes too: it may repeat one that was stored under an older deny-list. ``go_on``
    is called before each step, and may raise Refused.
    """
    try:
        signed = envelope.verify(unseal(body, "bundle", identity), Bundle.TYPE)
        go_on()
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
    if any(is_far_over(item) for item in bundle.items):
        raise Refused("too-large")
    signals = []
    for item in bundle.items:
        go_on()
        signals.append(denied.remove_denied(signals_of(item)))
    return Submission(
        adds=bundle.adds,
        behalf=bundle.declaration.behalf,
        authority=bundle.declaration.authority,
        items=tuple(Part(item.media, item.age) for item in bundle.items),
        message=sha256(body).digest(),
        digest=sha256(signed.payload).digest(),
        lookup=identity.keyring.lookup_hmac(bundle.case.lookup_id, key),
        key=key,
        organisation=signed.signers[1] if len(signed.signers) > 1 else None,
        signals=tuple(signals),
        size=len(body),
    )


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A request about a case: the case's lookup HMAC, the public key that signed, and what it is about.

    ``nonce``, ``values``, ``copies`` and ``items`` are those of the request, for a withdrawal.
    """

    lookup: bytes
    signer: bytes
    nonce: str
    values: tuple[str, ...]
    copies: tuple[Copies, ...] | None
    items: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class ReplyTo:
    """The key that seals an answer, and the version of the answer."""

    key: bytes
    version: Literal[1, 2]


def read_request(
    body: bytes, action: Literal["status", "withdraw"], identity: Identity
) -> tuple[Inquiry | None, ReplyTo | None]:
    """Return the request if it is for this intake and this action, and how to answer if that can be read.

    The caller must check that the signer may act for the case.
    """
    try:
        opened = unseal(body, "request", identity)
        request, version, signers = _decode_request(opened)
    except (BundleError, Refused):
        return None, None
    reply = ReplyTo(bytes.fromhex(request.reply_key), version)
    if request.action != action:
        return None, None  # a recorded request, sent to the other route
    if request.audience != identity.audience or len(signers) != 1:
        return None, reply
    lookup = identity.keyring.lookup_hmac(request.lookup_id, signers[0])
    copies = request.copies if isinstance(request, CaseRequest | CaseRequestV2) else None
    items = request.items if isinstance(request, ItemsRequest) else None
    return Inquiry(lookup, signers[0], request.nonce, request.values, copies, items), reply


_Request = CaseRequestV1 | CaseRequestV2 | CaseRequest | ItemsRequest
#: The kinds of requests, the most usual first, and the version of the answer to each.
_REQUESTS: Final[tuple[tuple[type[_Request], Literal[1, 2]], ...]] = (
    (CaseRequestV2, 2), (CaseRequest, 2), (ItemsRequest, 2), (CaseRequestV1, 1),
)  # fmt: skip


def _decode_request(opened: bytes) -> tuple[_Request, Literal[1, 2], tuple[bytes, ...]]:
    """Return the request in an envelope, the version of its answer, and its signers. Raise BundleError."""
    for kind, answer in _REQUESTS:
        with suppress(BundleError):
            signed = envelope.verify(opened, kind.TYPE)
            return decode(kind, signed.payload), answer, signed.signers
    raise BundleError
