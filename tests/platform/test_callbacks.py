"""Callbacks: what is not signed by whom it should be is not read, and of what is signed only the verdict is taken."""

from __future__ import annotations

import base64
import hmac
import json
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from takedown_cli.core.errors import ConfigError
from takedown_cli.platform.feedback.callbacks import (
    TOLERANCE,
    Decision,
    Unreadable,
    Unsigned,
    Word,
    read_coop,
    read_coop_key,
    read_secret,
    read_webhook,
)

SECRET = b"k" * 32
RECORD = "ab" * 16
ACTIONS: dict[str, Word] = {"block-it": "Blocked", "let-it": "NotBlocked"}
NOW = 1_796_000_000


@cache
def coop() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def pem() -> bytes:
    return coop().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def callback(action: str = "block-it", **custom: Any) -> bytes:
    """What Coop sends when a moderator acts, with what it says of people."""
    return json.dumps({
        "item": {"id": "upload-17", "typeId": "photo"}, "action": {"id": action},
        "policies": [{"id": "p", "name": "NCII", "penalty": "SEVERE"}], "rules": [], "custom": custom,
        "actorEmail": "moderator@example.com", "creator": {"id": "uploader-5", "typeId": "user"},
    }).encode()  # fmt: skip


def signed_by_coop(body: bytes) -> dict[str, str]:
    return {"coop-signature": base64.b64encode(coop().sign(body, PKCS1v15(), SHA256())).decode()}


def webhook(body: bytes, at: int = NOW, secret: bytes = SECRET) -> dict[str, str]:
    made = hmac.new(secret, f"{at}.".encode() + body, "sha256").hexdigest()
    return {"takedown-timestamp": str(at), "takedown-signature": f"sha256={made}"}


def test_a_callback_of_coop_needs_its_signature() -> None:
    key = read_coop_key(pem())
    for body, decision in (
        (callback(record=RECORD), Decision("Blocked", RECORD)),
        (callback("let-it", bank="NCII", bank_content_id=41), Decision("NotBlocked", None, "NCII", 41)),
        (callback(bank_content_id="41", reason="typed"), Decision("Blocked", None, None, 41)),
        (callback("warn-them", record=RECORD), None),
    ):
        assert read_coop(signed_by_coop(body), body, key, ACTIONS) == decision
    body = callback(record=RECORD)
    pss = coop().sign(body, PSS(MGF1(SHA256()), 32), SHA256())
    for headers in (
        {}, {"coop-signature": ""}, {"coop-signature": "no base64"}, signed_by_coop(body + b" "),
        {"coop-signature": base64.b64encode(pss).decode()}, {"coop-signature": base64.b64encode(b"0" * 256).decode()},
    ):  # fmt: skip
        with pytest.raises(Unsigned):
            read_coop(headers, body, key, ACTIONS)


@pytest.mark.parametrize(
    "body",
    [
        callback(),
        callback(record="not a record"),
        callback(bank_content_id=-1),
        callback(bank_content_id="many"),
        callback(bank="../NCII", bank_content_id=1),
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 5000,
    ],
)
def test_a_callback_that_names_no_record_is_not_guessed(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read_coop(signed_by_coop(body), body, read_coop_key(pem()), ACTIONS)


def test_a_webhook_needs_its_secret_and_is_valid_for_five_minutes() -> None:
    body = json.dumps({"verdict": "Blocked", "id": RECORD}).encode()
    assert read_webhook(webhook(body), body, SECRET, NOW) == Decision("Blocked", RECORD)
    assert read_webhook(webhook(body), body, SECRET, NOW + TOLERANCE) == Decision("Blocked", RECORD)
    other = json.dumps({"verdict": "NotBlocked", "bank": "NCII", "bank_content_id": 7}).encode()
    assert read_webhook(webhook(other), other, SECRET, NOW) == Decision("NotBlocked", None, "NCII", 7)
    good = webhook(body)
    for headers, now in (
        (good, NOW + TOLERANCE + 1), (good, NOW - TOLERANCE - 1), ({}, NOW), (webhook(other), NOW),
        (webhook(body, secret=b"x" * 32), NOW), ({**good, "takedown-timestamp": str(NOW + 1)}, NOW),
        ({**good, "takedown-timestamp": "soon"}, NOW), ({**good, "takedown-signature": "sha256=é"}, NOW),
        ({"takedown-signature": good["takedown-signature"]}, NOW),
    ):  # fmt: skip
        with pytest.raises(Unsigned):
            read_webhook(headers, body, SECRET, now)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"verdict": "Blocked"},
        {"verdict": "blocked", "id": RECORD},
        {"verdict": "Blocked", "id": RECORD[:-1]},
        {"verdict": "Blocked", "id": RECORD, "bank_content_id": 1},
        {"verdict": "Blocked", "bank": "NCII"},
        {"verdict": "Blocked", "id": RECORD, "uploader": "somebody"},
        [],
    ],
)
def test_a_webhook_says_one_record_and_nothing_about_people(said: Any) -> None:
    body = json.dumps(said).encode()
    with pytest.raises(Unreadable):
        read_webhook(webhook(body), body, SECRET, NOW)


def test_keys_that_protect_nobody_are_refused() -> None:
    short = rsa.generate_private_key(65537, 1024).public_key()
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    for key in (short, other):
        with pytest.raises(ConfigError):
            read_coop_key(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(ConfigError):
        read_coop_key(b"no key")
    with pytest.raises(ConfigError):
        read_secret(b"short\n")
    assert read_secret(SECRET + b"\nmore") == SECRET
