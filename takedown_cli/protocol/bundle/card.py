"""The intake's card: its name, origin and keys, signed by its own signing key."""

from __future__ import annotations

from takedown_cli.core.errors import BundleError, ConfigError, UntrustedIntakeError
from takedown_cli.protocol import public_keys
from takedown_cli.protocol.addresses import IntakeAddress
from takedown_cli.protocol.bundle import envelope
from takedown_cli.protocol.wire import Audience, IntakeCard, decode


def read_card(data: bytes, expected: IntakeAddress | None = None) -> IntakeCard:
    """Return the card in a signed envelope. Raise UntrustedIntakeError unless it is valid and the ``expected`` one."""
    try:
        signed = envelope.verify(data, IntakeCard.TYPE)
        card = decode(IntakeCard, signed.payload)
    except BundleError:
        raise UntrustedIntakeError("The intake's card is not valid.") from None
    if signed.signers != (bytes.fromhex(card.signing_key),):
        raise UntrustedIntakeError
    try:
        IntakeAddress.parse(card.origin)
    except ConfigError:
        raise UntrustedIntakeError("The intake's card names an address that is not allowed.") from None
    if expected is not None and card.origin != expected.origin:
        raise UntrustedIntakeError("The intake's card names another address than the one you gave.")
    if expected is not None and expected.pin not in {None, signing_key_id(card)}:
        raise UntrustedIntakeError
    return card


def signing_key_id(card: IntakeCard) -> str:
    return public_keys.key_id(bytes.fromhex(card.signing_key))


def audience_of(card: IntakeCard) -> Audience:
    return Audience(origin=card.origin, key_id=signing_key_id(card))
