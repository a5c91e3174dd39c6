"""Small bundles and cards with fixed keys, so that a failing test can be read."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from takedown_cli.core.model import Fingerprint, Hashed, Media
from takedown_cli.protocol.bundle import envelope, seal
from takedown_cli.protocol.bundle.document import Declaration, Item, item_of
from takedown_cli.protocol.wire import IntakeCard, encode

SIGNING = Ed25519PrivateKey.from_private_bytes(b"s" * 32)
SEALING = b"m" * 64 + b"x" * 32
DECLARATION = Declaration(behalf="self")


def pdq(digit: str, quality: int = 100, variant: str = "upright") -> Fingerprint:
    return Fingerprint("pdq", digit * 64, method="full", variant=variant, quality=quality)


def picture(*fingerprints: Fingerprint, path: str = "beach.jpg") -> Hashed:
    digests = (Fingerprint("sha256", "1" * 64), Fingerprint("md5", "2" * 32))
    return Hashed(Path(path), 1234, Media.IMAGE, "JPEG", 640, 480, (*digests, *(fingerprints or (pdq("a"),))))


def item(*fingerprints: Fingerprint) -> Item:
    made = item_of(picture(*fingerprints), "adult")
    assert made is not None
    return made


def card(origin: str = "https://intake.example", signer: Ed25519PrivateKey = SIGNING) -> IntakeCard:
    return IntakeCard(
        name="Example Helpline",
        origin=origin,
        test=False,
        signing_key=signer.public_key().public_bytes_raw().hex(),
        sealing_suite="mlkem768-x25519/hkdf-sha256/chacha20-poly1305",
        sealing_key=seal.public_key(SEALING).hex(),
    )


def signed_card(document: IntakeCard | None = None, signer: Ed25519PrivateKey = SIGNING) -> bytes:
    return envelope.sign(IntakeCard.TYPE, encode(document or card()), signer)
