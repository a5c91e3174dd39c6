"""An organisation's key, wherever it is stored: a passphrase file, the system's key store, or a PKCS#11 token."""

from __future__ import annotations

from typing import Protocol


class OrganisationKey(Protocol):
    """An unlocked key. Its private part stays hidden from the code that uses it.

    ``public`` is the 32-byte Ed25519 key that an intake's operator registers.
    """

    @property
    def public(self) -> bytes: ...

    def countersign(self, envelope: bytes) -> bytes:
        """Return the signed bundle (DSSE bytes) with the organisation's signature beside the case key's."""

    def ledger_key(self) -> bytes:
        """Return the 32 bytes that seal the ledger. They stay the same when the signing key is rotated."""
