"""The intake's card: its name, origin and keys, signed by its signing key.

It guarantees that a card is used only if it signs itself and is the one that was pinned.
It must never fetch anything.
"""

from __future__ import annotations

from takedown_cli import keys
from takedown_cli.address import IntakeAddress
from takedown_cli.bundle import envelope
from takedown_cli.errors import BundleError, ConfigError, UntrustedIntakeError
from takedown_cli.wire import Audience, IntakeCard, decode


def read_card(data: bytes, expected: IntakeAddress | None = None) -> IntakeCard:
    """The card in a signed envelope. Raises UntrustedIntakeError unless it is whole and the ``expected`` one."""
    try:
        signed = envelope.verify(data, IntakeCard.TYPE)
        card = decode(IntakeCard, signed.payload)
    except BundleError:
        raise UntrustedIntakeError("What the intake published about itself is not a valid card.") from None
    if signed.signers != (bytes.fromhex(card.signing_key),):
        raise UntrustedIntakeError
    try:
        IntakeAddress.parse(card.origin)
    except ConfigError:
        raise UntrustedIntakeError("The intake names an address that may not be used.") from None
    if expected is not None and card.origin != expected.origin:
        raise UntrustedIntakeError("The intake calls itself by another address than the one that was given.")
    if expected is not None and expected.pin not in {None, signing_key_id(card)}:
        raise UntrustedIntakeError
    return card


def signing_key_id(card: IntakeCard) -> str:
    return keys.key_id(bytes.fromhex(card.signing_key))


def audience_of(card: IntakeCard) -> Audience:
    return Audience(origin=card.origin, key_id=signing_key_id(card))
