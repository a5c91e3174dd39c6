"""Seals messages, so that only the intended intake and the holder of the case number can read them.

An observer learns the intake and a size bucket, nothing else. A seal does not show who sealed, so a signature belongs
inside. Source: HPKE, RFC 9180, base mode (section 5.1.1) in one shot (section 6.1), with the hybrid ML-KEM-768 + X25519
KEM, so that recorded traffic stays closed to a later quantum computer.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from takedown_cli.core.errors import BundleError, SealError, TooLargeError
from takedown_cli.protocol.wire import Audience, Document, decode, encode

SUITE_NAME: Final = "mlkem768-x25519/hkdf-sha256/chacha20-poly1305"
MAGIC: Final = b"takedown sealed 1\n"
#: The only lengths a padded plaintext may have, in bytes.
BUCKETS: Final = tuple(kib << 10 for kib in (16, 64, 256, 1024, 2048, 4096, 8192))

_SUITE = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)
_MLKEM_PUBLIC, _MLKEM_SEED, _KEY = 1184, 64, 32
_NONCE, _TAG = 12, 16
_SEALED_KEY = 1088 + 32 + _KEY + _TAG  # KEM ciphertext (ML-KEM, X25519), then the encrypted content key
_OWN_KEY = _NONCE + _KEY + _TAG
_ZERO_NONCE = bytes(_NONCE)  # safe: each content key encrypts one message only
_MAX_HEADER = 1024


class _Header(Document):
    audience: Audience
    kind: Literal["bundle", "request"]


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed message, not opened yet: its intake and its kind. Opening it authenticates this header."""

    audience: Audience
    kind: Literal["bundle", "request"]
    header: bytes
    body: bytes


def pad_to_bucket(plaintext: bytes) -> bytes:
    """Return the length in four big-endian bytes, the plaintext, and zeros up to the next bucket.

    Raise TooLargeError when no bucket is large enough.
    """
    framed = len(plaintext).to_bytes(4, "big") + plaintext
    for bucket in BUCKETS:
        if len(framed) <= bucket:
            return framed.ljust(bucket, b"\0")
    raise TooLargeError


def remove_padding(padded: bytes) -> bytes:
    """Undo ``pad_to_bucket``. Raise BundleError unless it is exactly what ``pad_to_bucket`` makes."""
    # Padded again and compared, so that nothing can hide in the padding and a text has one padded form only.
    end = 4 + int.from_bytes(padded[:4], "big")
    if len(padded) not in BUCKETS or end > len(padded) or pad_to_bucket(padded[4:end]) != padded:
        raise BundleError
    return padded[4:end]


def new_private_key() -> bytes:
    """Return a new private sealing key: ML-KEM-768 seed (64 bytes) and X25519 key (32 bytes)."""
    return MLKEM768PrivateKey.generate().private_bytes_raw() + X25519PrivateKey.generate().private_bytes_raw()


@lru_cache(maxsize=2)  # an intake opens every message with one key, and expanding its seed costs more than opening
def _load_private(key: bytes) -> hpke.MLKEM768X25519PrivateKey:
    return hpke.MLKEM768X25519PrivateKey(
        MLKEM768PrivateKey.from_seed_bytes(key[:_MLKEM_SEED]), X25519PrivateKey.from_private_bytes(key[_MLKEM_SEED:])
    )


def public_key(private_key: bytes) -> bytes:
    """Return the public half, 1,216 bytes: ML-KEM-768 encapsulation key, then X25519 key."""
    mlkem = MLKEM768PrivateKey.from_seed_bytes(private_key[:_MLKEM_SEED]).public_key().public_bytes_raw()
    return mlkem + X25519PrivateKey.from_private_bytes(private_key[_MLKEM_SEED:]).public_key().public_bytes_raw()


@lru_cache(maxsize=16)  # a caseload seals everything to a few intakes
def _load_public(key: bytes) -> hpke.MLKEM768X25519PublicKey:
    try:
        return hpke.MLKEM768X25519PublicKey(
            MLKEM768PublicKey.from_public_bytes(key[:_MLKEM_PUBLIC]),
            X25519PublicKey.from_public_bytes(key[_MLKEM_PUBLIC:]),
        )
    except ValueError:
        raise SealError("The intake's sealing key is not a valid key.") from None


def seal(
    plaintext: bytes, audience: Audience, kind: Literal["bundle", "request"], to: bytes, own_key: bytes | None = None
) -> bytes:
    """Seal for the intake whose public sealing key is ``to``; ``own_key`` lets the case number open it too.

    Layout: magic, header as one line of JSON, content key sealed by HPKE (1,168 bytes), content key under the
    person's own key (60 bytes; random when there is none, so that both look alike), padded content.
    Raise TooLargeError.
    """
    # Two may open it, so the content has a key of its own, and each of the two gets that key sealed. The header goes
    # into all three: under another one none of them opens. The person's part is authenticated with the content, since
    # the intake would not notice otherwise that somebody exchanged it on the way.
    header = MAGIC + encode(_Header(audience=audience, kind=kind)) + b"\n"
    content_key = secrets.token_bytes(_KEY)
    sealed_key = _SUITE.encrypt(content_key, _load_public(to), info=header)
    own = secrets.token_bytes(_OWN_KEY)
    if own_key is not None:
        nonce = own[:_NONCE]
        own = nonce + ChaCha20Poly1305(own_key).encrypt(nonce, content_key, header)
    content = ChaCha20Poly1305(content_key).encrypt(_ZERO_NONCE, pad_to_bucket(plaintext), header + own)
    return header + sealed_key + own + content


@lru_cache(maxsize=16)  # all messages to one intake have one of two
def _parse_header(line: bytes) -> _Header:
    return decode(_Header, line)


def parse(message: bytes) -> Sealed:
    """Read the outside of a sealed message. Raise BundleError if it is not one."""
    end = message.find(b"\n", len(MAGIC), _MAX_HEADER)
    if not message.startswith(MAGIC) or end < 0:
        raise BundleError
    header = _parse_header(message[len(MAGIC) : end])
    body = message[end + 1 :]
    if len(body) - _SEALED_KEY - _OWN_KEY - _TAG not in BUCKETS:
        raise BundleError
    return Sealed(header.audience, header.kind, message[: end + 1], body)


def open_as_intake(sealed: Sealed, private_key: bytes) -> bytes:
    """Return the plaintext, for the intake. Raise SealError when the key does not fit or a byte was changed."""
    try:
        content_key = _SUITE.decrypt(sealed.body[:_SEALED_KEY], _load_private(private_key), info=sealed.header)
    except (InvalidTag, ValueError):
        raise SealError from None
    return _decrypt_content(sealed, content_key)


def open_as_owner(sealed: Sealed, own_key: bytes) -> bytes:
    """Return the plaintext, for the holder of the case number. Raise SealError when it is another's."""
    own = sealed.body[_SEALED_KEY : _SEALED_KEY + _OWN_KEY]
    try:
        content_key = ChaCha20Poly1305(own_key).decrypt(own[:_NONCE], own[_NONCE:], sealed.header)
    except InvalidTag:
        raise SealError from None
    return _decrypt_content(sealed, content_key)


def _decrypt_content(sealed: Sealed, content_key: bytes) -> bytes:
    own, content = sealed.body[_SEALED_KEY : _SEALED_KEY + _OWN_KEY], sealed.body[_SEALED_KEY + _OWN_KEY :]
    try:
        padded = ChaCha20Poly1305(content_key).decrypt(_ZERO_NONCE, content, sealed.header + own)
    except InvalidTag:
        raise SealError from None
    return remove_padding(padded)


def seal_reply(plaintext: bytes, reply_key: bytes) -> bytes:
    """Return the answer to a request, padded, under the key that came inside the request."""
    # The nonce must be new: somebody who recorded a request can send it again, and gets an answer under the same key.
    nonce = secrets.token_bytes(_NONCE)
    return nonce + ChaCha20Poly1305(reply_key).encrypt(nonce, pad_to_bucket(plaintext), b"takedown reply 1")


def open_reply(message: bytes, reply_key: bytes) -> bytes:
    """Undo ``seal_reply``. Raise SealError."""
    try:
        return remove_padding(
            ChaCha20Poly1305(reply_key).decrypt(message[:_NONCE], message[_NONCE:], b"takedown reply 1")
        )
    except (InvalidTag, ValueError):
        raise SealError from None
