"""The bundle file: a signed payload, sealed for one intake when that intake is known."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from takedown_cli.core.errors import BundleError, NothingToDoError, SignatureError, TooLargeError
from takedown_cli.core.file_kind import is_in_cloud
from takedown_cli.core.file_names import literal_path
from takedown_cli.protocol.bundle import envelope, seal
from takedown_cli.protocol.bundle.card import audience_of
from takedown_cli.protocol.bundle.document import Bundle, CaseReference, Declaration, Item, canonical_items
from takedown_cli.protocol.case_number import CaseNumber
from takedown_cli.protocol.wire import IntakeCard, decode, encode

#: No bundle file is larger (bytes): the largest padding bucket, in base64, with room for its envelope.
MAX_SIZE: Final = 16 << 20


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
    """Return the payload for these items. Equal arguments give equal payloads.

    ``day`` is the person's date as YYYY-MM-DD.
    Raise NothingToDoError without items, TooLargeError beyond the bounds of a bundle.
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
            # The nonce is derived, so that a repeated addition gives the same payload, which the intake counts once.
            nonce=nonce or case.nonce_for(_content_bytes(unique, declaration, adds, test)),
            adds=adds,
            test=test,
            declaration=declaration,
            items=unique,
        )
    except ValueError:
        raise TooLargeError from None


def _content_bytes(items: tuple[Item, ...], declaration: Declaration, adds: bool, test: bool) -> bytes:
    head = f"{declaration.model_dump_json()}{adds}{test}"
    return "\n".join([head, *(item.model_dump_json() for item in items)]).encode()


def encode_bundle(bundle: Bundle, case: CaseNumber, card: IntakeCard | None = None) -> bytes:
    """Return the bytes of a bundle file: signed, and sealed if there is a ``card`` to seal it for."""
    signed = envelope.sign(Bundle.TYPE, encode(bundle), case.signing_key())
    return signed if card is None else seal_for(signed, card, own_key=case.bundle_key())


def seal_for(signed: bytes, card: IntakeCard, own_key: bytes | None = None) -> bytes:
    """Seal a signed bundle for the intake of this card."""
    return seal.seal(signed, audience_of(card), "bundle", bytes.fromhex(card.sealing_key), own_key)


def is_sealed(data: bytes) -> bool:
    return data.startswith(seal.MAGIC)


def looks_like_bundle(head: bytes) -> bool:
    """Return whether a file that begins with these bytes (at least 32) is a bundle, whole or damaged."""
    return head.startswith((seal.MAGIC, b'{"payload":"'))


def is_bundle_file(path: Path) -> bool:
    """Return whether there is a file at ``path`` that can be read and begins like a bundle."""
    try:
        info = literal_path(path).stat()
        if not stat.S_ISREG(info.st_mode) or is_in_cloud(info):  # a pipe waits for a writer, a cloud begins a download
            return False
        with literal_path(path).open("rb") as stream:
            return looks_like_bundle(stream.read(32))
    except (OSError, ValueError):
        return False


def open_signed(signed: bytes) -> Opened:
    """Verify a signed bundle. Raise BundleError or SignatureError."""
    verified = envelope.verify(signed, Bundle.TYPE)
    bundle = decode(Bundle, verified.payload)
    # The first bundle of a case brings its own key. So the signer must be the key that the payload names.
    if verified.signers[0].hex() != bundle.case.key:
        raise SignatureError
    return Opened(bundle, verified.payload, signed, verified.signers[1:])


def open_sealed(data: bytes, case: CaseNumber) -> Opened:
    """Open a sealed bundle with the number of its case. Raise SealError for another's."""
    sealed = seal.parse(data)
    if sealed.kind != "bundle":
        raise BundleError
    return open_signed(seal.open_as_owner(sealed, case.bundle_key()))
