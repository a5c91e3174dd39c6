"""An intake under test, ours or another's, and a person who uses it: everything goes over HTTP, as it would.

Everything sent is marked as a test, and each person has a case number of their own.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from takedown_cli.client.client import IntakeClient
from takedown_cli.client.transport import Transport
from takedown_cli.core.errors import BundleError
from takedown_cli.fixtures import bundles
from takedown_cli.protocol.addresses import IntakeAddress
from takedown_cli.protocol.bundle import envelope
from takedown_cli.protocol.wire import CaseStatus, IntakeCard, Receipt, Refusal, decode

if TYPE_CHECKING:
    from takedown_cli.intake.http.server import Running


class IntakeUnderTest:
    """An intake; ``server`` gives the operator's side of one that was started here, and is None for any other."""

    def __init__(self, address: IntakeAddress, server: Running | None = None) -> None:
        self.address, self.server = address, server
        self._transport = Transport(address)
        self._client = IntakeClient(self._transport, address)
        self._seed = secrets.randbits(48)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._transport.__exit__(*exception)

    @property
    def card(self) -> IntakeCard:
        """The intake's card, verified. Raises UntrustedIntakeError, UnreachableError."""
        return self._client.fetch_card()

    def bundle(self, name: str) -> bundles.Made:
        """Return the bundle of that name for this intake. Raise KeyError for an unknown name."""
        return next(bundles.make(self.card, self._seed, name))

    def person(self) -> Person:
        """Return a person with a new case number."""
        return Person(self._client, self.card, secrets.randbits(48))

    def answer(self, body: bytes) -> str:
        """Submit a message; return ``accepted``, or the reason of its refusal.

        Raise AssertionError unless the answer is signed by the key of the card and names this very message, with the
        status that belongs to it: only then can a client believe it.
        """
        reply = self._transport.post("/v1/submit", body)
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
    """Somebody who sends hashes and asks about them; every call raises what ``IntakeClient`` raises."""

    _client: IntakeClient
    _card: IntakeCard
    _seed: int = field(repr=False)

    @property
    def _bench(self) -> bundles.Workbench:
        return bundles.Workbench(self._card, self._seed, "person")

    def hash(self, picture: str = "one") -> str:
        """Return the PDQ hash of a picture by any name; equal names have equal hashes."""
        return bundles.pdq(self._seed, picture)

    def submit(self, *pictures: str) -> Receipt:
        """Send pictures by their names, one when none is named. Sending the same again is the same case."""
        bench = self._bench
        return self._client.submit(bench.whole(*(bench.item(name) for name in pictures or ("one",))))

    def status(self) -> CaseStatus:
        return self._client.status(self._bench.case)

    def withdraw(self, *pictures: str) -> CaseStatus:
        """Withdraw these pictures, or the whole case."""
        return self._client.withdraw(self._bench.case, [self.hash(name) for name in pictures])
