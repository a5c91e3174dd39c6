"""The bundle file: a signed payload, sealed for one intake when that intake is known.

It guarantees that what is read back was signed by the case key the payload names, byte for byte.
It must never touch the disk: bytes come in and go out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from takedown_cli.bundle import envelope, seal
from takedown_cli.bundle.card import audience_of
from takedown_cli.bundle.document import Bundle, CaseReference, Declaration, Item, canonical_items
from takedown_cli.case import CaseNumber
from takedown_cli.errors import BundleError, NothingToDoError, SignatureError, TooLargeError
from takedown_cli.wire import IntakeCard, decode, encode


@dataclass(frozen=True, slots=True)
class Opened:
    """A verified bundle: its payload, those bytes, and who signed beside the case key (public keys)."""

    bundle: Bundle
    payload: bytes
    envelope: bytes
    countersigners: tuple[bytes, ...]


def payload_of(
    items: Iterable[Item],
    case: CaseNumber,
    declaration: Declaration,
    *,
    day: str,
    card: IntakeCard | None = None,
    nonce: str | None = None,
    adds: bool = False,
    test: bool = False,
) -> Bundle:
    """The payload for these items. ``day`` is the person's date as YYYY-MM-DD; equal arguments give equal payloads.

    Raises NothingToDoError without items, TooLargeError beyond the bounds of a bundle.
    """
    unique = canonical_items(items)
    if not unique:
        raise NothingToDoError
    key = case.signing_key().public_key().public_bytes_raw().hex()
    try:
        return Bundle(
            case=CaseReference(lookup_id=case.lookup_id(), key=key),
            audience=None if card is None else audience_of(card),
            created=day,
            # Derived, so that repeating an addition is the same payload, which the intake takes once.
            nonce=nonce or case.nonce_for(_content(unique, declaration, adds, test)),
            adds=adds,
            test=test,
            declaration=declaration,
            items=unique,
        )
    except ValueError:
        raise TooLargeError from None


def _content(items: tuple[Item, ...], declaration: Declaration, adds: bool, test: bool) -> bytes:
    said = f"{declaration.model_dump_json()}{adds}{test}"
    return "\n".join([said, *(item.model_dump_json() for item in items)]).encode()


def write(bundle: Bundle, case: CaseNumber, card: IntakeCard | None = None) -> bytes:
    """The bytes of a bundle file: signed, and sealed when ``card`` says for whom."""
    signed = envelope.sign(Bundle.TYPE, encode(bundle), case.signing_key())
    return signed if card is None else seal_for(signed, card, own_key=case.bundle_key())


def seal_for(signed: bytes, card: IntakeCard, own_key: bytes | None = None) -> bytes:
    """Seal a signed bundle for the intake of this card."""
    return seal.seal(signed, audience_of(card), "bundle", bytes.fromhex(card.sealing_key), own_key)


def is_sealed(data: bytes) -> bool:
    return data.startswith(seal.MAGIC)


def looks_like_bundle(head: bytes) -> bool:
    """Whether the first bytes of a file are those of a bundle; ``head`` needs 32 bytes."""
    return head.startswith((seal.MAGIC, b'{"payload":"'))


def open_signed(signed: bytes) -> Opened:
    """Verify a signed bundle. Raises BundleError or SignatureError."""
    verified = envelope.verify(signed, Bundle.TYPE)
    bundle = decode(Bundle, verified.payload)
    # The first bundle of a case brings its own key: what counts is that the signer is the key the payload names.
    if verified.signers[0].hex() != bundle.case.key:
        raise SignatureError
    return Opened(bundle, verified.payload, signed, verified.signers[1:])


def open_sealed(data: bytes, case: CaseNumber) -> Opened:
    """Open a sealed bundle with the number of its case. Raises SealError for another's."""
    sealed = seal.parse(data)
    if sealed.kind != "bundle":
        raise BundleError
    return open_signed(seal.open_as_owner(sealed, case.bundle_key()))
