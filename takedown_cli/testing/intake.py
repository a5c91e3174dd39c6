"""An intake under test, ours or another's, and a person who uses it: everything goes over HTTP, as it would.

It guarantees that what is sent is marked as a test, and that each person has a case number of their own.
It must never reach into the intake that answers, but through what it serves.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Self

from takedown_cli.address import IntakeAddress
from takedown_cli.bundle import envelope
from takedown_cli.errors import BundleError
from takedown_cli.fixtures import bundles
from takedown_cli.submit.client import IntakeClient
from takedown_cli.submit.transport import Door
from takedown_cli.wire import CaseStatus, IntakeCard, Receipt, Refusal, decode

if TYPE_CHECKING:
    from takedown_cli.intake.server import Running


class IntakeUnderTest:
    """``server`` is our own intake when one was started, with its operator's side; None for another's."""

    def __init__(self, address: IntakeAddress, server: Running | None = None) -> None:
        self.address, self.server = address, server
        self._door = Door(address)
        self._client = IntakeClient(self._door, address)
        self._seed = secrets.randbits(48)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._door.__exit__(kind, error, trace)

    @property
    def card(self) -> IntakeCard:
        """Its card, verified. Raises UntrustedIntakeError, UnreachableError."""
        return self._client.card()

    def bundle(self, name: str) -> bundles.Made:
        """The bundle of that name for this intake. Raises KeyError."""
        return next(bundles.make(self.card, self._seed, name))

    def person(self) -> Person:
        """Somebody with a new case number."""
        return Person(self._client, self.card, secrets.randbits(48))

    def answer(self, body: bytes) -> str:
        """What it says to a submission: ``accepted``, or the reason of its refusal.

        Raises AssertionError unless the answer is signed by the key of the card and names this very message, with the
        status that belongs to it: only then can a client believe it.
        """
        reply = self._door.post("/v1/submit", body)
        kind: type[Receipt | Refusal] = Receipt if reply.status == 200 else Refusal
        try:
            signed = envelope.verify(reply.body, kind.TYPE)
            document: Receipt | Refusal = decode(kind, signed.payload)
        except BundleError:
            raise AssertionError(f"status {reply.status}, and no signed answer") from None
        assert signed.signers == (bytes.fromhex(self.card.signing_key),), "signed by another key than the card's"
        assert document.message == bundles.digest_of(body), "an answer to another message"
        return "accepted" if isinstance(document, Receipt) else document.reason


@dataclass
class Person:
    """Somebody who sends pictures in and asks about them; every call raises what ``IntakeClient`` raises."""

    _client: IntakeClient
    _card: IntakeCard
    _seed: int = field(repr=False)

    @property
    def _bench(self) -> bundles.Workbench:
        return bundles.Workbench(self._card, self._seed, "person")

    def hash(self, picture: str = "one") -> str:
        """The PDQ hash of a picture by any name: equal for equal names."""
        return bundles.pdq(self._seed, picture)

    def submit(self, *pictures: str) -> Receipt:
        """Send pictures by their names, one when none is named. Sending the same again is the same case."""
        bench = self._bench
        return self._client.submit(bench.whole(*(bench.item(name) for name in pictures or ("one",))))

    def status(self) -> CaseStatus:
        return self._client.status(self._bench.case)

    def withdraw(self, *pictures: str) -> CaseStatus:
        """Take back these pictures, or the whole case."""
        return self._client.withdraw(self._bench.case, [self.hash(name) for name in pictures])
