"""The intake's secrets on disk: signing key, sealing key and pepper, and what is derived from them.

The database alone finds no case: every id in it is an HMAC under the pepper, which is not in it.
"""

from __future__ import annotations

import hmac
import os
import secrets
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from takedown_cli.core.errors import ConfigError
from takedown_cli.intake.settings import Home, Settings, make_folder, write_private
from takedown_cli.protocol import public_keys
from takedown_cli.protocol.bundle import envelope, seal
from takedown_cli.protocol.wire import Audience, IntakeCard, encode

_SIGNING, _SEALING, _PEPPER = "signing.key", "sealing.key", "pepper"
_LENGTHS = {_SIGNING: 32, _SEALING: 96, _PEPPER: 32}


@dataclass(frozen=True, slots=True)
class Keyring:
    """Ed25519 signing key, ML-KEM-768 + X25519 sealing key (96 bytes), pepper (32 bytes)."""

    signing: Ed25519PrivateKey = field(repr=False)
    sealing: bytes = field(repr=False)
    pepper: bytes = field(repr=False)

    @classmethod
    def create(cls, home: Home) -> Self:
        """Draw new keys and write them, mode 0600. Raise ConfigError."""
        make_folder(home.keys)
        drawn = {
            _SIGNING: Ed25519PrivateKey.generate().private_bytes_raw(),
            _SEALING: seal.new_private_key(),
            _PEPPER: secrets.token_bytes(32),
        }
        for name, secret in drawn.items():
            write_private(home.keys / name, secret.hex().encode() + b"\n")
        return cls(Ed25519PrivateKey.from_private_bytes(drawn[_SIGNING]), drawn[_SEALING], drawn[_PEPPER])

    @classmethod
    def load(cls, home: Home) -> Self:
        """Read the keys. Raise ConfigError when one is missing, damaged, or readable by others."""
        found = {name: _read_key(home, name) for name in _LENGTHS}
        return cls(Ed25519PrivateKey.from_private_bytes(found[_SIGNING]), found[_SEALING], found[_PEPPER])

    @property
    def key_id(self) -> str:
        """The id of the signing key, which clients pin."""
        return public_keys.key_id(self.signing.public_key().public_bytes_raw())

    def audience(self, origin: str) -> Audience:
        return Audience(origin=origin, key_id=self.key_id)

    def signed_card(self, settings: Settings, origin: str) -> bytes:
        """Return the signed intake card, as ``GET /v1/keys`` gives it."""
        card = IntakeCard(
            name=settings.name,
            origin=origin,
            test=settings.test,
            signing_key=self.signing.public_key().public_bytes_raw().hex(),
            sealing_suite=seal.SUITE_NAME,
            sealing_key=seal.public_key(self.sealing).hex(),
        )
        return envelope.sign(IntakeCard.TYPE, encode(card), self.signing)

    def derive_key(self, purpose: str) -> bytes:
        """Return a key for one purpose, 32 bytes."""
        return _derive_key(self.pepper, purpose)

    def lookup_hmac(self, lookup_id: str, key: bytes) -> bytes:
        """Return the id of a case in the database: an HMAC, 32 bytes, of its lookup id and its public key.

        Because the key is part of it, nobody can use a lookup id alone to find the case or to take its place.
        """
        return hmac.digest(self.pepper, b"lookup\0" + bytes.fromhex(lookup_id) + key, "sha256")


@lru_cache(maxsize=32)
def _derive_key(pepper: bytes, purpose: str) -> bytes:
    return hmac.digest(pepper, b"purpose\0" + purpose.encode(), "sha256")


def _read_key(home: Home, name: str) -> bytes:
    path = home.keys / name
    try:
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise ConfigError("Others can read a key of the intake.", hint="Run chmod -R go= on its folder.")
        secret = bytes.fromhex(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        raise ConfigError("A key of the intake is missing or damaged.", hint="Restore it from the backup.") from None
    if len(secret) != _LENGTHS[name]:
        raise ConfigError("A key of the intake is missing or damaged.", hint="Restore it from the backup.")
    return secret
