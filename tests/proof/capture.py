"""An intake on loopback that answers as it should and keeps every byte it was sent.

Its card, its receipts and its key are those of a real intake, so that the real command talks to it.
It does not answer anything but the two requests of a submission.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256

from takedown_cli.protocol import public_keys
from takedown_cli.protocol.bundle import envelope, file, seal
from takedown_cli.protocol.wire import Receipt, encode
from tests.client.hostile import Server, serving
from tests.protocol.bundle.factory import SEALING, SIGNING, card, signed_card


@dataclass
class Capture:
    """``address`` pins the key; ``card`` is what ``GET /v1/keys`` gives."""

    origin: str
    card: bytes
    server: Server

    @property
    def address(self) -> str:
        return f"{self.origin}#{public_keys.key_id(SIGNING.public_key().public_bytes_raw())}"

    @property
    def requests(self) -> list[tuple[str, str, dict[str, str], bytes]]:
        """Method, path, headers and body of each."""
        return self.server.seen

    @property
    def bodies(self) -> list[bytes]:
        return [body for method, _, _, body in self.server.seen if method == "POST"]


def plaintext(sealed: bytes) -> bytes:
    """The payload of a sealed bundle, read as the intake reads it."""
    return file.open_signed(seal.open_as_intake(seal.parse(sealed), SEALING)).payload


@contextmanager
def capturing() -> Iterator[Capture]:
    made: list[Capture] = []

    def behave(method: str, path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        if method == "GET":
            return 200, {}, made[0].card
        receipt = Receipt(message=sha256(body).hexdigest(), day="2026-01-31", expires="2099-12-31")
        return 200, {}, envelope.sign(Receipt.TYPE, encode(receipt), SIGNING)

    with serving(behave) as (address, server):
        made.append(Capture(address.origin, signed_card(card(address.origin)), server))
        yield made[0]
