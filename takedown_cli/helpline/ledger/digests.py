"""Digests under the ledger's key: they mean something only to somebody who has that key.

Of a caller who withdrew, one stays when the ledger forgets the case, so that a manifest does not send it again.
"""

from __future__ import annotations

import hmac
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from takedown_cli.helpline.manifest.cell_rules import confusable_form

_SIZE: Final = 16


class LedgerDigests:
    """The digests of the ledger under ``key``, its 32 secret bytes, as 32 hexadecimal digits each."""

    def __init__(self, key: bytes) -> None:
        self._references = HKDF(SHA256(), 32, None, b"takedown/ledger/references/v1").derive(key)
        #: Stands on every slip of this ledger, so that it can be recognised when slips are deleted.
        self.slip_mark: Final = HKDF(SHA256(), _SIZE, None, b"takedown/ledger/slips/v1").derive(key).hex()

    def of_reference(self, reference: str) -> str:
        """Return the digest of a caller's reference; those that look alike have the same one."""
        return hmac.digest(self._references, confusable_form(reference).encode(), "sha256")[:_SIZE].hex()
