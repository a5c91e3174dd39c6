"""An organisation's key for tests: made of a word, and kept nowhere."""

from __future__ import annotations

from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from takedown_cli.protocol.bundle import envelope
from takedown_cli.protocol.bundle.document import Bundle


class WordKey:
    """An ``OrganisationKey``; equal words give equal keys."""

    def __init__(self, word: str = "helpline") -> None:
        self._signing = Ed25519PrivateKey.from_private_bytes(sha256(b"sign " + word.encode()).digest())
        self._ledger = sha256(b"ledger " + word.encode()).digest()

    @property
    def public(self) -> bytes:
        return self._signing.public_key().public_bytes_raw()

    def countersign(self, signed: bytes) -> bytes:
        return envelope.countersign(signed, Bundle.TYPE, self._signing)

    def ledger_key(self) -> bytes:
        return self._ledger
