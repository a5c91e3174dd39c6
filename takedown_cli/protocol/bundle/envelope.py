"""DSSE v1.0, the signature envelope: it covers the exact payload bytes and their type.

A payload is handed out only after every signature on it was checked. Source: the DSSE protocol and envelope
specifications, v1.0.2 (secure-systems-lab/dsse).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import Field

from takedown_cli.core.errors import BundleError, SignatureError
from takedown_cli.protocol import public_keys
from takedown_cli.protocol.wire import Document, Hex32, canonical_json


class _Signature(Document):
    keyid: Hex32
    sig: Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{86}==$")]


@dataclass(frozen=True, slots=True)
class Signed:
    """A payload with only valid signatures. ``signers`` are the 32-byte Ed25519 public keys, in envelope order."""

    payload: bytes
    signers: tuple[bytes, ...]


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return the bytes to sign: DSSE's pre-authentication encoding (protocol, section "Signature Definition")."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def _make_signature(payload_type: str, payload: bytes, public: bytes, sign: Callable[[bytes], bytes]) -> _Signature:
    return _Signature(keyid=public.hex(), sig=base64.b64encode(sign(pae(payload_type, payload))).decode())


def sign(payload_type: str, payload: bytes, key: Ed25519PrivateKey) -> bytes:
    """Return the envelope, as canonical JSON bytes, of ``payload`` signed by ``key``."""
    signature = _make_signature(payload_type, payload, key.public_key().public_bytes_raw(), key.sign)
    return b'{"payload":"%b","payloadType":%b,"signatures":[{"keyid":"%b","sig":"%b"}]}' % (
        base64.b64encode(payload),
        canonical_json(payload_type),
        signature.keyid.encode(),
        signature.sig.encode(),
    )


def countersign(envelope: bytes, payload_type: str, key: Ed25519PrivateKey) -> bytes:
    """Return the envelope with a second signature beside the first. Raise BundleError, SignatureError."""
    return countersign_by(envelope, payload_type, key.public_key().public_bytes_raw(), key.sign)


def countersign_by(envelope: bytes, payload_type: str, public: bytes, sign: Callable[[bytes], bytes]) -> bytes:
    """Countersign with a private key that is elsewhere: ``sign`` gives its Ed25519 signature (64 bytes)."""
    signed = verify(envelope, payload_type)
    if len(signed.signers) != 1 or public == signed.signers[0]:
        raise BundleError("The bundle already carries a second signature.")
    added = _make_signature(payload_type, signed.payload, public, sign)
    public_keys.verify_signature(public, base64.b64decode(added.sig), pae(payload_type, signed.payload))
    # A verified envelope is canonical to the byte, so we know how it ends.
    return b'%b,{"keyid":"%b","sig":"%b"}]}' % (envelope.removesuffix(b"]}"), added.keyid.encode(), added.sig.encode())


_SIGNATURE_FORM: Final = rb'\{"keyid":"(?P<keyid%d>[0-9a-f]{64})","sig":"(?P<sig%d>[A-Za-z0-9+/]{86}==)"\}'


@lru_cache
def _canonical_form(payload_type: str) -> re.Pattern[bytes]:
    """Return a pattern of the canonical encoding of an envelope of this type."""
    start = rb'\{"payload":"(?P<payload>[A-Za-z0-9+/]*={0,2})","payloadType":%b,"signatures":\['
    first, second = _SIGNATURE_FORM % (1, 1), _SIGNATURE_FORM % (2, 2)
    return re.compile(start % re.escape(canonical_json(payload_type)) + first + rb"(?:," + second + rb")?\]\}")


def verify(envelope: bytes, payload_type: str) -> Signed:
    """Check every signature under the key it names, and return the payload with its signers.

    The caller must check that these signers may sign: by a key it already has, or, for a first bundle, by the case key
    inside the payload. Raise BundleError for a malformed envelope or another type, SignatureError for a signature that
    is not valid.
    """
    found = _canonical_form(payload_type).fullmatch(envelope)
    if found is None:
        raise BundleError
    try:
        payload = base64.b64decode(found["payload"], validate=True)
    except binascii.Error:
        raise BundleError from None
    if base64.b64encode(payload) != found["payload"]:
        raise BundleError
    signatures = [(found["keyid1"], found["sig1"]), (found["keyid2"], found["sig2"])]
    signatures = [(bytes.fromhex(keyid.decode()), sig) for keyid, sig in signatures if keyid]
    if len({signer for signer, _ in signatures}) != len(signatures):
        raise SignatureError
    message = pae(payload_type, payload)
    for signer, sig64 in signatures:
        sig = base64.b64decode(sig64)
        if base64.b64encode(sig) != sig64:  # the last symbol has bits that decoding ignores
            raise BundleError
        public_keys.verify_signature(signer, sig, message)
    return Signed(payload, tuple(signer for signer, _ in signatures))
