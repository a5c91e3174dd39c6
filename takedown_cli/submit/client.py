"""What a person's side asks of an intake: its card, to take a bundle, the state of a case, a withdrawal.

It guarantees that every answer is believed only if the pinned intake gave it, and that repeating a request is safe.
It must never send anything that is not sealed to that intake.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from functools import partial
from hashlib import sha256
from typing import Final, Literal, TypeVar

from takedown_cli.address import IntakeAddress
from takedown_cli.bundle import envelope, seal
from takedown_cli.bundle.card import audience_of, read_card
from takedown_cli.case import CaseNumber
from takedown_cli.errors import (
    BundleError,
    ConflictError,
    NoSuchCaseError,
    RefusedError,
    UnreachableError,
    UntrustedIntakeError,
)
from takedown_cli.submit.patience import ATTEMPTS, patiently
from takedown_cli.submit.transport import Door, Reply
from takedown_cli.wire import CaseRequest, CaseStatus, Challenge, Copies, IntakeCard, Receipt, Refusal, decode, encode
from takedown_cli.work import Told, packed, solve

#: Challenges that are solved for one bundle: an intake may restart, or forget one; more is a game.
_CHALLENGES: Final = 4
_REASONS: Final = {
    "invalid": "The intake could not accept the bundle: it is malformed or was changed.",
    "other-intake": "The bundle was made for another intake.",
    "test-only": "This is a test intake; it takes only bundles marked as test.",
    "no-test": "The bundle is marked as a test, and this intake does not take tests.",
    "no-such-case": "There is no such case that this bundle could be added to.",
    "too-large": "The bundle is larger than this intake accepts.",
    "quality": "The intake found no hash of sufficient quality in the bundle.",
}


class IntakeClient:
    """Talks to one intake through a door; a busy or silent one is asked again up to ``attempts`` times.

    ``working`` hears of the work that an intake in a crowd asks for: tries done, and needed on average.
    """

    def __init__(
        self, door: Door, address: IntakeAddress, attempts: int = ATTEMPTS, working: Told = lambda *_: None
    ) -> None:
        self._door = door
        self._address = address
        self._attempts = attempts
        self._working = working
        self._card: IntakeCard | None = None

    def card(self) -> IntakeCard:
        """The intake's verified card, fetched once. Raises UntrustedIntakeError, UnreachableError."""
        if self._card is None:
            reply = patiently(lambda: self._door.get("/v1/keys"), self._attempts)
            if reply.status != 200:
                raise UntrustedIntakeError("There is no takedown intake at this address.")
            self._card = read_card(reply.body, self._address)
        return self._card

    def submit(self, sealed_bundle: bytes) -> Receipt:
        """Send a sealed bundle; sending it again gives the same receipt.

        Raises RefusedError when the intake itself refused, so that nothing is registered; UnreachableError and
        UntrustedIntakeError when nobody knows whether it arrived.
        """
        card = self.card()
        if seal.parse(sealed_bundle).audience != audience_of(card):
            raise RefusedError(_REASONS["other-intake"])
        body = sealed_bundle
        for _ in range(_CHALLENGES):
            reply = patiently(partial(self._door.post, "/v1/submit", body), self._attempts, _asks_work)
            if not _asks_work(reply):
                break
            challenge = _answer(Challenge, reply, card, sealed_bundle)
            body = packed(solve(challenge, self._working), sealed_bundle)
        else:
            raise UnreachableError
        if reply.status != 200:
            raise _refusal(_answer(Refusal, reply, card, sealed_bundle))
        return _answer(Receipt, reply, card, sealed_bundle)

    def status(self, case: CaseNumber) -> CaseStatus:
        """What became of the case. Raises NoSuchCaseError, UnreachableError, UntrustedIntakeError."""
        return self._ask(case, "status")

    def withdraw(self, case: CaseNumber, values: Sequence[str] = (), copies: Sequence[Copies] = ()) -> CaseStatus:
        """Withdraw the items that hold one of these hashes, or the whole case when there are none.

        With ``copies`` only their hashes of these kinds of predicted copies.
        """
        return self._ask(case, "withdraw", tuple(values), tuple(copies) or None)

    def _ask(
        self,
        case: CaseNumber,
        action: Literal["status", "withdraw"],
        values: tuple[str, ...] = (),
        copies: tuple[Copies, ...] | None = None,
    ) -> CaseStatus:
        card = self.card()
        reply_key = secrets.token_bytes(32)
        request = CaseRequest(
            action=action,
            lookup_id=case.lookup_id(),
            audience=audience_of(card),
            nonce=secrets.token_hex(16),
            reply_key=reply_key.hex(),
            values=values,
            copies=copies,
        )
        signed = envelope.sign(CaseRequest.TYPE, encode(request), case.signing_key())
        message = seal.seal(signed, audience_of(card), "request", bytes.fromhex(card.sealing_key))
        reply = patiently(lambda: self._door.post(f"/v1/{action}", message), self._attempts)
        try:
            status = decode(CaseStatus, seal.open_reply(reply.body, reply_key))
        except BundleError:
            raise UntrustedIntakeError from None
        if not status.known:
            raise NoSuchCaseError
        return status


def _asks_work(reply: Reply) -> bool:
    """Whether this looks like a challenge; whether it is one of the intake's, its signature tells."""
    return reply.status == 429 and Challenge.TYPE.encode() in reply.body


A = TypeVar("A", Receipt, Refusal, Challenge)


def _answer(kind: type[A], reply: Reply, card: IntakeCard, message: bytes) -> A:
    """The intake's signed answer to this very message. Raises UntrustedIntakeError for anything else."""
    try:
        signed = envelope.verify(reply.body, kind.TYPE)
        answer = decode(kind, signed.payload)
    except BundleError:
        raise UntrustedIntakeError("The answer does not come from the intake.") from None
    if signed.signers != (bytes.fromhex(card.signing_key),) or answer.message != sha256(message).hexdigest():
        raise UntrustedIntakeError("The answer does not come from the intake, or is an answer to something else.")
    return answer


def _refusal(refusal: Refusal) -> RefusedError:
    if refusal.reason == "conflict":
        return ConflictError()
    return RefusedError(_REASONS.get(refusal.reason))
