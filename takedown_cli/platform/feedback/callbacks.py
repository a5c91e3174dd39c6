"""Reads decisions from messages of review software, after checking who signed them.

A false NotBlocked would take a victim's hash off the lists, so nothing unsigned is read.

Coop signs the body of a callback with RSASSA-PKCS1-v1_5 and SHA-256 (its documentation, "Verifying incoming requests
from Coop"). The webhook is ours: HMAC-SHA256 of ``TIMESTAMP.BODY`` under a shared secret.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from takedown_cli.core.errors import ConfigError
from takedown_cli.protocol.wire import Document, Hex16

COOP_HEADER: Final = "coop-signature"
SIGNATURE_HEADER: Final = "takedown-signature"
TIMESTAMP_HEADER: Final = "takedown-timestamp"
#: Seconds by which the clocks of sender and relay may differ, and after which a webhook is stale.
TOLERANCE: Final = 300
#: Bytes of a callback at most.
MAX_BODY: Final = 64 << 10
_FEWEST_KEY_BITS: Final = 2048
_FEWEST_SECRET: Final = 32

Word = Literal["Blocked", "NotBlocked", "PendingReview"]
_BankName = Annotated[str, Field(pattern=r"^[A-Z0-9_]{1,100}$")]
_Content = Annotated[int, Field(ge=0, lt=1 << 53)]


class Unsigned(Exception):  # noqa: N818 - an answer, not a fault
    """There is no valid signature, or it is too old."""


class Unreadable(Exception):  # noqa: N818 - an answer, not a fault
    """It is signed, but names no record that a verdict could be about."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict on a record, or on an entry (``content``) of an HMA bank, by which the record is found."""

    verdict: Word
    record: str | None = None
    bank: str | None = None
    content: int | None = None


class Webhook(Document):
    """The body of a webhook. Anything else in it is refused, so nothing about an uploader arrives unnoticed."""

    verdict: Word
    id: Hex16 | None = None
    bank: _BankName | None = None
    bank_content_id: _Content | None = None


def read_webhook(headers: Mapping[str, str], body: bytes, secret: bytes, now: float) -> Decision:
    """Return the decision in a webhook. Raise Unsigned if it is not signed or stale, Unreadable."""
    stamp = headers.get(TIMESTAMP_HEADER, "")
    given = headers.get(SIGNATURE_HEADER, "").removeprefix("sha256=")
    if not re.fullmatch(r"[0-9]{1,12}", stamp):
        raise Unsigned
    made = hmac.new(secret, stamp.encode() + b"." + body, "sha256").hexdigest()
    if not hmac.compare_digest(made.encode(), given.encode("utf-8", "replace")):
        raise Unsigned
    if abs(now - int(stamp)) > TOLERANCE:
        raise Unsigned
    try:
        said = Webhook.model_validate_json(body)
    except (ValidationError, RecursionError):
        raise Unreadable from None
    if (said.id is None) == (said.bank_content_id is None):
        raise Unreadable
    return Decision(said.verdict, said.id, said.bank, said.bank_content_id)


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


class _Action(_Part):
    id: Annotated[str, Field(max_length=200)]


class _Custom(_Part):
    """The parameters of an action that are for us, as they are set up in Coop. Moderators type them as text."""

    record: Hex16 | None = None
    bank: _BankName | None = None
    bank_content_id: _Content | None = None


class _CoopCallback(_Part):
    """The two parts of Coop's body that count here. Item, creator, policies and moderator are never looked at."""

    action: _Action
    custom: _Custom = Field(default_factory=_Custom)


def read_coop(
    headers: Mapping[str, str], body: bytes, key: RSAPublicKey, actions: Mapping[str, Word]
) -> Decision | None:
    """Return the decision in a callback of Coop, or None if its action is none of ``actions``.

    Raise Unsigned, Unreadable.
    """
    try:
        signature = base64.b64decode(headers.get(COOP_HEADER, ""), validate=True)
        key.verify(signature, body, PKCS1v15(), SHA256())
    except (binascii.Error, ValueError, InvalidSignature):
        raise Unsigned from None
    try:
        said = _CoopCallback.model_validate_json(body)
    except (ValidationError, RecursionError):
        raise Unreadable from None
    verdict = actions.get(said.action.id)
    if verdict is None:
        return None
    custom = said.custom
    if custom.record is None and custom.bank_content_id is None:
        raise Unreadable
    if custom.record is not None:
        return Decision(verdict, custom.record)
    return Decision(verdict, None, custom.bank, custom.bank_content_id)


def read_coop_key(pem: bytes) -> RSAPublicKey:
    """Return Coop's webhook signature verification key. Raise ConfigError."""
    try:
        key: Any = load_pem_public_key(pem)
    except ValueError:
        key = None
    if not isinstance(key, RSAPublicKey) or key.key_size < _FEWEST_KEY_BITS:
        raise ConfigError(
            "The file of Coop's key has no RSA public key of 2048 bits or more (PEM).",
            hint="Copy the 'Webhook Signature Verification Key' from Coop's settings, under API Keys.",
        )
    return key


def read_secret(data: bytes) -> bytes:
    """Return the shared secret of a webhook: the first line of a file. Raise ConfigError if it is too short."""
    secret = data.split(b"\n", 1)[0].strip()
    if len(secret) < _FEWEST_SECRET:
        raise ConfigError(
            f"The webhook's secret has fewer than {_FEWEST_SECRET} characters.",
            hint="Make one with: openssl rand -hex 32",
        )
    return secret
