"""The organisation's key as the caseload uses it, wherever it is kept: a signature, and a key for the ledger.

It guarantees that whoever uses it never sees the private key. It must never be written by anything but its own keeper.
"""

from __future__ import annotations

from typing import Protocol


class OrganisationKey(Protocol):
    """An unlocked key. ``public`` is the 32-byte Ed25519 key that an intake's operator enters."""

    @property
    def public(self) -> bytes: ...

    def countersign(self, envelope: bytes) -> bytes:
        """The signed bundle (DSSE bytes) with the organisation's signature beside the case key's."""

    def ledger_key(self) -> bytes:
        """32 bytes under which the ledger is sealed; equal after a rotation of the signing key."""
