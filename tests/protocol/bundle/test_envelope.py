"""DSSE: an independent implementation agrees, and every way of tampering is refused."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from securesystemslib.dsse import Envelope
from securesystemslib.signer._key import Key, SSlibKey

from takedown_cli.core.errors import BundleError, SignatureError
from takedown_cli.protocol.bundle import envelope
from takedown_cli.protocol.wire import canonical_json

TYPE = "application/vnd.takedown.bundle.v1+json"
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
OTHER = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
PAYLOAD = b'{"hello":"world"}'


def _public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


def test_pae_is_the_one_of_the_specification() -> None:
    # The example of the DSSE v1.0.2 protocol text.
    assert envelope.pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_securesystemslib_verifies_our_envelope() -> None:
    signed = envelope.countersign(envelope.sign(TYPE, PAYLOAD, KEY), TYPE, OTHER)
    independent = Envelope.from_dict(json.loads(signed))
    keys: list[Key] = [
        SSlibKey(_public(k).hex(), "ed25519", "ed25519", {"public": _public(k).hex()}) for k in (KEY, OTHER)
    ]
    assert set(independent.verify(keys, 2)) == {_public(KEY).hex(), _public(OTHER).hex()}
    assert independent.payload == PAYLOAD


def test_what_was_signed_comes_back_with_its_signers() -> None:
    signed = envelope.verify(envelope.sign(TYPE, PAYLOAD, KEY), TYPE)
    assert signed.payload == PAYLOAD
    assert signed.signers == (_public(KEY),)


def _parsed() -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(envelope.sign(TYPE, PAYLOAD, KEY))
    return parsed


def _swapped_payload(e: dict[str, Any]) -> None:
    e["payload"] = base64.b64encode(b'{"hello":"w0rld"}').decode()


def _other_key(e: dict[str, Any]) -> None:
    e["signatures"][0]["keyid"] = _public(OTHER).hex()


def _twice(e: dict[str, Any]) -> None:
    e["signatures"] *= 2


def _stranger_added(e: dict[str, Any]) -> None:
    e["signatures"].append({"keyid": _public(OTHER).hex(), "sig": e["signatures"][0]["sig"]})


def _none(e: dict[str, Any]) -> None:
    e["signatures"] = []


def _three(e: dict[str, Any]) -> None:
    e["signatures"] *= 3


def _field_added(e: dict[str, Any]) -> None:
    e["note"] = "x"


def _number(e: dict[str, Any]) -> None:
    e["payload"] = 5


@pytest.mark.parametrize(
    "tamper", [_swapped_payload, _other_key, _twice, _stranger_added, _none, _three, _field_added, _number]
)
def test_a_tampered_envelope_is_refused(tamper: Any) -> None:
    parsed = _parsed()
    tamper(parsed)
    with pytest.raises(BundleError):
        envelope.verify(canonical_json(parsed), TYPE)


def test_another_type_is_refused_even_with_a_good_signature() -> None:
    with pytest.raises(BundleError):
        envelope.verify(envelope.sign("application/vnd.takedown.request.v1+json", PAYLOAD, KEY), TYPE)


@pytest.mark.parametrize("y", ["00" * 32, "01" + "00" * 31, "ec" + "ff" * 30 + "7f", "01" + "00" * 30 + "80"])
def test_a_key_of_small_order_verifies_nothing(y: str) -> None:
    # R = identity, S = 0: the trivial signature that such a key accepts for every message.
    trivial = base64.b64encode(b"\x01" + bytes(63)).decode()
    parsed = _parsed()
    parsed["signatures"] = [{"keyid": y, "sig": trivial}]
    with pytest.raises(SignatureError):
        envelope.verify(canonical_json(parsed), TYPE)


def test_the_key_of_order_eight_is_on_the_list() -> None:
    from takedown_cli.protocol import public_keys

    prime = 2**255 - 19
    d = -121665 * pow(121666, -1, prime) % prime
    orders_eight = [y for y in public_keys._SMALL_ORDER if y not in {0, 1, prime - 1}]
    assert len(orders_eight) == 2
    for y in orders_eight:
        # On -x² + y² = 1 + d·x²·y² a point of order 8 doubles to one of order 4, whose y is 0: so x² = -y².
        assert (-(-y * y) + y * y - 1 - d * (-y * y) * y * y) % prime == 0


def test_a_non_canonical_key_is_refused() -> None:
    from takedown_cli.protocol import public_keys

    with pytest.raises(SignatureError):
        public_keys.verify_signature(((2**255 - 19) + 3).to_bytes(32, "little"), bytes(64), b"")


@given(st.data())
def test_no_single_changed_byte_is_accepted(data: st.DataObject) -> None:
    whole = bytearray(envelope.sign(TYPE, PAYLOAD, KEY))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BundleError):
        envelope.verify(bytes(whole), TYPE)


@given(st.binary(max_size=400))
def test_any_bytes_give_a_bundle_error(data: bytes) -> None:
    with pytest.raises(BundleError):
        envelope.verify(data, TYPE)
