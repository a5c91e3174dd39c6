"""Public keys as bytes: their identifiers, and a check that rejects keys under which any message would verify."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from takedown_cli.core.errors import SignatureError

_FIELD_PRIME: Final = 2**255 - 19
#: y-coordinates of the eight points of small order on edwards25519 (RFC 8032, section 5.1): orders 1, 2, 4 and 8.
#: Under such a key one trivial signature verifies for every message, and common libraries accept it.
_ORDER_EIGHT: Final = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_SMALL_ORDER: Final = frozenset({0, 1, _FIELD_PRIME - 1, _ORDER_EIGHT, _FIELD_PRIME - _ORDER_EIGHT})


def key_id(public_key: bytes) -> str:
    """Return the 40 hexadecimal digits (160 bits of SHA-256) that name and pin a public key."""
    return sha256(public_key).hexdigest()[:40]


def verify_signature(public_key: bytes, signature: bytes, message: bytes) -> None:
    """Check an Ed25519 signature (RFC 8032). Raise SignatureError, also for keys of small order or in odd form."""
    if len(public_key) != 32 or len(signature) != 64:
        raise SignatureError
    y = int.from_bytes(public_key, "little") & (1 << 255) - 1
    if y >= _FIELD_PRIME or y in _SMALL_ORDER:
        raise SignatureError
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        raise SignatureError from None
