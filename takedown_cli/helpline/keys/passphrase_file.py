"""A secret sealed under a passphrase: Argon2id (RFC 9106), then ChaCha20-Poly1305."""

from __future__ import annotations

import secrets
import unicodedata
from typing import Annotated, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from pydantic import Field

from takedown_cli.core.errors import BundleError, OrganisationKeyError, PassphraseError
from takedown_cli.protocol.wire import Document, Hex16, decode, encode

MAGIC: Final = b"takedown organisation key 1\n"
MIN_PASSPHRASE: Final = 12  # characters
LARGEST: Final = 1 << 20
_NONCE: Final = 12


class Cost(Document):
    """The cost of one guess: KiB of memory, passes over it, lanes. The default takes 256 MiB and about half a second.

    This is more than RFC 9106's second choice (64 MiB, 3 passes). Somebody may copy the file from a shared disk, and
    the key in it signs for every caller.
    """

    memory: Annotated[int, Field(ge=8 << 10, le=1 << 20)] = 256 << 10
    passes: Annotated[int, Field(ge=1, le=16)] = 3
    lanes: Annotated[int, Field(ge=1, le=16)] = 4


class _Header(Document):
    cost: Cost
    salt: Hex16


def seal_secret(plain: bytes, passphrase: str, cost: Cost | None = None) -> bytes:
    """Return magic, header as one line of JSON, nonce and ciphertext, with a fresh salt and key.

    Raises PassphraseError for fewer than ``MIN_PASSPHRASE`` characters.
    """
    if len(passphrase) < MIN_PASSPHRASE:
        raise PassphraseError(
            f"The passphrase must have at least {MIN_PASSPHRASE} characters.", hint="Five or six words are good."
        )
    header = _Header(cost=cost or Cost(), salt=secrets.token_hex(16))
    head = MAGIC + encode(header) + b"\n"
    nonce = secrets.token_bytes(_NONCE)
    return head + nonce + ChaCha20Poly1305(_key(header, passphrase)).encrypt(nonce, plain, head)


def unseal_secret(data: bytes, passphrase: str) -> bytes:
    """Return the secret. Raise OrganisationKeyError for another kind of file, PassphraseError if it does not open."""
    end = data.find(b"\n", len(MAGIC), len(MAGIC) + 1000)
    if not data.startswith(MAGIC) or end < 0 or len(data) > LARGEST:
        raise OrganisationKeyError("The file is not an organisation's key.")
    try:
        header = decode(_Header, data[len(MAGIC) : end])
    except BundleError:
        raise OrganisationKeyError("The file is not an organisation's key.") from None
    head, rest = data[: end + 1], data[end + 1 :]
    # Earlier versions took the mark at the beginning of a UTF-8 file for a part of the passphrase.
    for spelled in (passphrase, "\ufeff" + passphrase):
        try:
            return ChaCha20Poly1305(_key(header, spelled)).decrypt(rest[:_NONCE], rest[_NONCE:], head)
        except (InvalidTag, ValueError):
            continue
    raise PassphraseError


def _key(header: _Header, passphrase: str) -> bytes:
    cost = header.cost
    kdf = Argon2id(
        salt=bytes.fromhex(header.salt),
        length=32,
        iterations=cost.passes,
        lanes=cost.lanes,
        memory_cost=cost.memory,
    )
    # One passphrase, however the keyboard of that computer composes its letters.
    return kdf.derive(unicodedata.normalize("NFC", passphrase).encode("utf-8", "surrogatepass"))
