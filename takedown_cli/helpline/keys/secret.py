"""An organisation's secret as bytes: the signing key, the ledger's key, and the public halves of earlier signing keys.
A rotation changes the signing key only, so nothing has to be encrypted again.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import Field

from takedown_cli.protocol.bundle import envelope
from takedown_cli.protocol.bundle.document import Bundle
from takedown_cli.protocol.wire import Day, Document, Hex32

_Secret = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", repr=False)]


class PastKey(Document):
    """A public key that signed from ``since`` to ``until``."""

    public: Hex32
    since: Day
    until: Day


class OrganisationSecret(Document):
    """The stored secret. ``seed`` is the Ed25519 private key; ``past`` begins with the oldest."""

    schema_: Literal["takedown.organisation-secret"] = Field(default="takedown.organisation-secret", alias="schema")
    version: Literal[1] = 1
    seed: _Secret
    ledger: _Secret
    since: Day
    past: tuple[PastKey, ...] = ()

    @classmethod
    def draw(cls, day: str) -> Self:
        return cls(seed=secrets.token_hex(32), ledger=secrets.token_hex(32), since=day)

    def rotated(self, day: str) -> Self:
        """Return the secret with a new signing key. It keeps the public half of the earlier key, and its days."""
        gone = PastKey(public=self.public.hex(), since=self.since, until=day)
        return self.model_copy(update={"seed": secrets.token_hex(32), "since": day, "past": (*self.past, gone)})

    @property
    def public(self) -> bytes:
        return self._key().public_key().public_bytes_raw()

    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(self.seed))

    def unlocked(self) -> SoftwareKey:
        return SoftwareKey(self._key(), bytes.fromhex(self.ledger))


class SoftwareKey:
    """An ``OrganisationKey`` in this process's memory."""

    def __init__(self, key: Ed25519PrivateKey, ledger: bytes) -> None:
        self._key, self._ledger = key, ledger

    @property
    def public(self) -> bytes:
        return self._key.public_key().public_bytes_raw()

    def countersign(self, signed: bytes) -> bytes:
        """Raises BundleError, SignatureError, as ``envelope.countersign`` does."""
        return envelope.countersign(signed, Bundle.TYPE, self._key)

    def ledger_key(self) -> bytes:
        return self._ledger


@dataclass(frozen=True, slots=True)
class EarlierKey:
    """An earlier public key (32 bytes) and its days, where they are known."""

    public: bytes
    since: str | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True)
class KeyDescription:
    """What may be shown of a key: 32-byte public key, first day of use, and earlier keys, oldest first."""

    public: bytes
    since: str | None
    past: tuple[EarlierKey, ...]
