"""The parts of a sealed log: a head with a salt, and records that are each sealed for their place in the order.

The journal of a run and the ledger of a caseload share this format. They differ in the frame around a record. A journal
has one writer, who can drop a bad record and hash the file again. A ledger has several writers, and nothing can replace
it. So its frames also distinguish a record that a crash cut off from one that was damaged.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_SALT, _NONCE, _TAG = 16, 12, 16
#: Bytes that sealing adds to a record.
SEAL_SIZE: Final = _NONCE + _TAG


@dataclass(frozen=True, slots=True)
class LogFormat:
    """A kind of log. ``magic`` is how its files begin; ``purpose`` makes its keys differ from those of other kinds."""

    magic: bytes
    purpose: bytes

    @property
    def head_size(self) -> int:
        return len(self.magic) + _SALT

    def new_head(self) -> bytes:
        """Return the beginning of a new file. Its salt gives each file of one owner another key."""
        return self.magic + secrets.token_bytes(_SALT)

    def derive_key(self, key: bytes, head: bytes, size: int = 32) -> bytes:
        """Return ``size`` secret bytes for the file with this head (HKDF-SHA-256, RFC 5869)."""
        return HKDF(SHA256(), size, head[len(self.magic) : self.head_size], self.purpose).derive(key)


def seal_record(cipher: ChaCha20Poly1305, plain: bytes, sequence: int) -> bytes:
    """Return a record sealed for one place in the order, counted from 0."""
    # A random nonce, not the place: after a crash another record may take the same place, and two records under one
    # key and nonce would reveal each other (RFC 8439, section 4). The place is authenticated instead of stored, so no
    # record opens where it was moved, repeated, or left without those before it.
    nonce = secrets.token_bytes(_NONCE)
    return nonce + cipher.encrypt(nonce, plain, sequence.to_bytes(8, "little"))


def open_record(cipher: ChaCha20Poly1305, sealed: bytes, sequence: int) -> bytes:
    """Undo ``seal_record``. Raise InvalidTag for a record that is torn, changed or from another place."""
    if len(sealed) < SEAL_SIZE:
        raise InvalidTag
    return cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], sequence.to_bytes(8, "little"))
