"""An organisation's secret as bytes: the key that signs now, the key of the ledger, and what earlier keys were.

It guarantees that a rotation changes the signing key alone, so that nothing has to be encrypted again.
It must never keep an earlier private key, nor show one in ``repr``.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import Field

from takedown_cli.bundle import envelope
from takedown_cli.bundle.document import Bundle
from takedown_cli.wire import Day, Document, Hex32

_Secret = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", repr=False)]


class PastKey(Document):
    """A public key that signed from the one day to the other."""

    public: Hex32
    since: Day
    until: Day


class OrganisationSecret(Document):
    """What a keeper keeps. ``seed`` is the Ed25519 private key; ``past`` is oldest first."""

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
        """The same with a fresh signing key; of the one before, its public half and its days remain."""
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
class Past:
    """An earlier public key (32 bytes) and its days, where the keeper knows them."""

    public: bytes
    since: str | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Described:
    """What may be told of a key: 32-byte public key, the day since when it signs, and those before it, oldest first."""

    public: bytes
    since: str | None
    past: tuple[Past, ...]
