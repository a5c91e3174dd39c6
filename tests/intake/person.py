"""A person's side of the protocol, made by hand: bundles, requests and what platforms send, byte by byte."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal

import httpx

from takedown_cli.intake.cases.participants import Keys
from takedown_cli.protocol import proof_of_work, public_keys
from takedown_cli.protocol.bundle import envelope, seal
from takedown_cli.protocol.bundle.document import Bundle, BundleFingerprint, CaseReference, Declaration, Item
from takedown_cli.protocol.case_number import CaseNumber
from takedown_cli.protocol.wire import Age, Audience, CaseRequest, CaseStatus, IntakeCard, Refusal, decode, encode
from tests.waiting import PATIENCE

#: One client for all: making one loads the system's certificates.
HTTP = httpx.Client(timeout=PATIENCE, trust_env=False)


def reason(response: httpx.Response) -> str:
    """Why the intake refused. An answer to a submission is signed, and names the very message that was sent."""
    if b"payloadType" not in response.content:
        return decode(Refusal, response.content).reason
    refusal = decode(Refusal, envelope.verify(response.content, Refusal.TYPE).payload)
    _, message = proof_of_work.split_off_work(response.request.content)
    assert refusal.message == sha256(message).hexdigest()
    return refusal.reason


def balanced(seed: object) -> str:
    """A PDQ value as a photograph has it, 128 of 256 bits set, that depends on ``seed`` alone."""
    order = sorted(range(256), key=lambda bit: sha256(f"{seed} {bit}".encode()).digest())
    return f"{sum(1 << bit for bit in order[:128]):064x}"


def picture(*values: str, age: Age = "under-18", variant: str = "upright", quality: int = 100) -> Item:
    return Item(
        media="image",
        age=age,
        fingerprints=tuple(
            BundleFingerprint(kind="pdq", value=value, method="full", variant=variant, quality=quality)
            for value in values
        ),
    )


def video(md5: str, *frames: str, age: Age = "under-18") -> Item:
    pdqs = [
        BundleFingerprint(kind="pdq", value=value, method="full", variant="upright", quality=90, frame=n, ms=n * 1000)
        for n, value in enumerate(frames)
    ]
    return Item(media="video", age=age, fingerprints=(BundleFingerprint(kind="md5", value=md5), *pdqs))


@dataclass
class Person:
    """Somebody with a case number, at one intake."""

    origin: str
    card: bytes
    number: CaseNumber = field(default_factory=CaseNumber.draw)

    @property
    def intake(self) -> IntakeCard:
        signed = envelope.verify(self.card, IntakeCard.TYPE)
        return decode(IntakeCard, signed.payload)

    @property
    def audience(self) -> Audience:
        return Audience(origin=self.intake.origin, key_id=public_keys.key_id(bytes.fromhex(self.intake.signing_key)))

    @property
    def place(self) -> tuple[str, bytes]:
        """By what the intake finds the case: lookup id and public key."""
        return self.number.lookup_id(), self.number.signing_key().public_key().public_bytes_raw()

    def bundle(self, *items: Item, **changes: Any) -> Bundle:
        key = self.number.signing_key().public_key().public_bytes_raw().hex()
        values: dict[str, Any] = {
            "case": CaseReference(lookup_id=self.number.lookup_id(), key=key),
            "audience": self.audience,
            "created": "2024-02-29",
            "nonce": secrets.token_hex(16),
            "test": self.intake.test,
            "declaration": Declaration(behalf="self"),
            "items": items or (picture(balanced(secrets.token_hex(8))),),
        }
        return Bundle(**(values | changes))

    def sealed(self, plain: bytes, kind: Literal["bundle", "request"], audience: Audience | None = None) -> bytes:
        return seal.seal(plain, audience or self.audience, kind, bytes.fromhex(self.intake.sealing_key))

    def message(self, bundle: Bundle) -> bytes:
        """A bundle as it is posted."""
        return self.sealed(envelope.sign(Bundle.TYPE, encode(bundle), self.number.signing_key()), "bundle")

    def submit(self, *items: Item, **changes: Any) -> httpx.Response:
        return self.post("submit", self.message(self.bundle(*items, **changes)))

    def submit_in_parts(self, items: Sequence[Item]) -> None:
        """Submit many items in messages that are small enough to be opened without work."""
        for start in range(0, len(items), 200):
            assert self.submit(*items[start : start + 200], adds=start > 0).is_success

    def post(self, path: str, body: bytes) -> httpx.Response:
        return HTTP.post(f"{self.origin}/v1/{path}", content=body)

    def request(
        self, action: Literal["status", "withdraw"], reply_key: bytes, values: Sequence[str] = (), **changes: Any
    ) -> CaseRequest:
        fields: dict[str, Any] = {
            "action": action,
            "lookup_id": self.number.lookup_id(),
            "audience": self.audience,
            "nonce": secrets.token_hex(16),
            "reply_key": reply_key.hex(),
            "values": tuple(values),
        }
        return CaseRequest(**(fields | changes))

    def asked(self, request: CaseRequest) -> bytes:
        """A request as it is posted."""
        return self.sealed(envelope.sign(CaseRequest.TYPE, encode(request), self.number.signing_key()), "request")

    def ask(self, action: Literal["status", "withdraw"], values: Sequence[str] = ()) -> CaseStatus:
        reply_key = secrets.token_bytes(32)
        response = self.post(action, self.asked(self.request(action, reply_key, values)))
        assert response.status_code == 200
        return decode(CaseStatus, seal.open_reply(response.content, reply_key))

    def status(self) -> CaseStatus:
        return self.ask("status")

    def withdraw(self, *values: str) -> CaseStatus:
        return self.ask("withdraw", values)

    def answers(self, number: int = 1) -> dict[str, str]:
        """Platform → state, of one item."""
        return {answer.platform: answer.state for answer in self.status().items[number - 1].platforms}


@dataclass
class Platform:
    """A participant that speaks the StopNCII interface."""

    origin: str
    keys: Keys

    def headers(self, scope: str) -> dict[str, str]:
        return {
            "x-functions-key": self.keys.endpoints[scope],
            "Ocp-Apim-Subscription-Key": self.keys.subscription,
        }

    def page(self, **query: Any) -> dict[str, Any]:
        response = HTTP.get(f"{self.origin}/v1/FetchHashes", params=query, headers=self.headers("fetch"))
        assert response.status_code == 200, response.content
        answer: dict[str, Any] = response.json()
        return answer

    def pull(self, since: int = 10, size: int = 800) -> dict[str, dict[str, Any]]:
        """Everything since, page by page: value → record."""
        found: dict[str, dict[str, Any]] = {}
        page = self.page(startTimestamp=since, pageSize=size)
        while True:
            assert page["count"] == len(page["hashRecords"])
            found.update({record["hashValue"]: record for record in page["hashRecords"]})
            if not page["hasMoreRecords"]:
                assert page["nextPageToken"] is None
                return found
            page = self.page(startTimestamp=since, pageSize=size, nextPageToken=page["nextPageToken"])

    def say(self, value: str, feedback: str, *tags: str, unseen: bool = False) -> int:
        """Answer about a hash, after pulling the list unless the answer is about something ``unseen``."""
        if not unseen:
            self.pull(size=5000)
        body = {"count": 1, "hashFeedbacks": [{"hashValue": value, "feedbackValue": feedback, "tags": list(tags)}]}
        response = HTTP.post(
            f"{self.origin}/v1/SubmitFeedback", json=body, headers=self.headers("feedback"), timeout=PATIENCE
        )
        assert response.status_code == 200, response.content
        count: int = response.json()["count"]
        return count
