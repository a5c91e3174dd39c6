"""The person's side of an intake: fetch its card, send a bundle, ask about a case, withdraw it.

Only the pinned intake's answers are believed, everything sent is sealed to it, and each request can safely be repeated.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha256
from typing import Any, Final, Literal, TypeVar, get_args

from takedown_cli.client.retries import USUAL, Retries, exchange_with_retries
from takedown_cli.client.transport import Reply, Transport
from takedown_cli.client.waiting import Exchange
from takedown_cli.core.errors import (
    BundleError,
    ConflictError,
    NoSuchCaseError,
    RefusedError,
    UnreachableError,
    UntrustedIntakeError,
)
from takedown_cli.locale.filled import filled
from takedown_cli.protocol.addresses import IntakeAddress
from takedown_cli.protocol.bundle import envelope, seal
from takedown_cli.protocol.bundle.card import audience_of, read_card
from takedown_cli.protocol.case_number import CaseNumber
from takedown_cli.protocol.proof_of_work import MOST_BITS, OnProgress, prepend_work, solve_challenge
from takedown_cli.protocol.wire import (
    CaseRequest,
    CaseRequestV2,
    CaseStatus,
    Challenge,
    Copies,
    CopiesV2,
    IntakeCard,
    ItemsRequest,
    PageDigest,
    Receipt,
    Refusal,
    decode,
    encode,
)

#: Challenges that are solved for one bundle: the price may rise meanwhile. More would be abuse.
_CHALLENGES: Final = 3
_REASONS: Final = {
    "invalid": "The intake could not accept the bundle: it is malformed or was changed.",
    "other-intake": "The bundle was made for another intake.",
    "test-only": "This is a test intake. It accepts only bundles that are marked as tests.",
    "no-test": "The bundle is marked as a test, and this intake does not accept tests.",
    "no-such-case": "The intake does not have the case that this bundle adds to.",
    "too-large": "The bundle is larger than this intake accepts.",
    "quality": "No hash in the bundle is good enough for platforms to match.",
}


class IntakeClient:
    """One intake, reached through a transport; when it is busy or silent it is asked again as ``retries`` allow.

    ``working`` is called with the progress of the work that a crowded intake asks for: tries done, and needed on
    average. No try is done when the intake asks again, for more.
    """

    def __init__(
        self,
        transport: Transport,
        address: IntakeAddress,
        retries: Retries = USUAL,
        working: OnProgress = lambda *_: None,
        card: IntakeCard | None = None,
    ) -> None:
        self._transport = transport
        self._address = address
        self._retries = retries
        self._working = working
        self._card = card  # verified already, when another client has fetched it

    def fetch_card(self) -> IntakeCard:
        """Return the intake's verified card, fetched once. Raise UntrustedIntakeError, UnreachableError."""
        if self._card is None:
            get = partial(self._transport.get, "/v1/keys")
            reply = exchange_with_retries(self._transport, get, self._retries)
            if reply.status != 200:
                raise UntrustedIntakeError(
                    filled(
                        "There is no takedown intake at this address: {server} answered {status}.",
                        server=self._transport.server,
                        status=str(reply.status),
                    )
                )
            self._card = read_card(reply.body, self._address)
        return self._card

    def fetch_page_digest(self) -> str | None:
        """Return the SHA-256 of the page for callers as the intake signed it, or None where it has no page.

        Raise UntrustedIntakeError, UnreachableError.
        """
        card = self.fetch_card()
        reply = exchange_with_retries(self._transport, partial(self._transport.get, "/v1/page"), self._retries)
        if reply.status != 200:
            return None
        try:
            signed = envelope.verify(reply.body, PageDigest.TYPE)
            if signed.signers == (bytes.fromhex(card.signing_key),):
                return decode(PageDigest, signed.payload).page
        except BundleError:
            pass
        raise UntrustedIntakeError("The answer about the page for callers is not from the intake.")

    def submit(self, sealed_bundle: bytes) -> Receipt:
        """Send a sealed bundle, and return the receipt. Sending it again gives the same receipt.

        Raise RefusedError when the intake itself refused, so that nothing is registered; UnreachableError and
        UntrustedIntakeError when nobody knows whether it arrived.
        """
        card = self.fetch_card()
        if seal.parse(sealed_bundle).audience != audience_of(card):
            raise RefusedError(_REASONS["other-intake"])
        body = sealed_bundle
        for solved in range(_CHALLENGES + 1):
            reply = self._post("/v1/submit", body, _asks_work)
            if not _asks_work(reply):
                break
            challenge = _verify_answer(Challenge, reply, card, sealed_bundle)
            if solved == _CHALLENGES:
                raise UnreachableError("The intake asks for more work each time. Try again later.")
            if solved:
                self._working(0, 1 << min(challenge.bits, MOST_BITS))
            body = prepend_work(solve_challenge(challenge, self._working), sealed_bundle)
        if reply.status != 200:
            raise _error_of(_verify_answer(Refusal, reply, card, sealed_bundle))
        return _verify_answer(Receipt, reply, card, sealed_bundle)

    def status(self, case: CaseNumber) -> CaseStatus:
        """Return the state of the case. Raise NoSuchCaseError, UnreachableError, UntrustedIntakeError."""
        return self._ask_about_case(case, "status")

    def withdraw(
        self, case: CaseNumber, values: Sequence[str] = (), copies: Sequence[Copies] = (), items: Sequence[int] = ()
    ) -> CaseStatus:
        """Withdraw the items that hold one of these hashes, or the whole case when there are none.

        With ``copies``, withdraw only their hashes of these kinds of predicted copies. With ``items``, withdraw the
        items with these numbers, at most 2,000, and give neither of the other two.
        """
        return self._ask_about_case(case, "withdraw", tuple(values), tuple(copies) or None, tuple(items))

    def _post(self, path: str, body: bytes, final: Callable[[Reply], bool] = lambda _: False) -> Reply:
        def post(exchange: Exchange) -> Reply:
            return self._transport.post(path, body, exchange=exchange)

        return exchange_with_retries(self._transport, post, self._retries, final)

    def _ask_about_case(
        self,
        case: CaseNumber,
        action: Literal["status", "withdraw"],
        values: tuple[str, ...] = (),
        copies: tuple[Copies, ...] | None = None,
        items: tuple[int, ...] = (),
    ) -> CaseStatus:
        card = self.fetch_card()
        reply_key = secrets.token_bytes(32)
        about: dict[str, Any] = {
            "action": action,
            "lookup_id": case.lookup_id(),
            "audience": audience_of(card),
            "nonce": secrets.token_hex(16),
            "reply_key": reply_key.hex(),
        }
        # Older intakes know version 2 only, and it says everything but numbers and the kind of copies that came later.
        sent: ItemsRequest | CaseRequest | CaseRequestV2
        if items:
            sent = ItemsRequest(**about, items=items)
        else:
            newest = CaseRequest(**about, values=values, copies=copies)
            sent = newest.as_version_2() if {*(copies or ())} <= {*get_args(CopiesV2)} else newest
        signed = envelope.sign(sent.TYPE, encode(sent), case.signing_key())
        message = seal.seal(signed, audience_of(card), "request", bytes.fromhex(card.sealing_key))
        reply = self._post(f"/v1/{action}", message)
        try:
            status = decode(CaseStatus, seal.open_reply(reply.body, reply_key))
        except BundleError:
            if sent.version > 2 and self.status(case).known:
                # It answers requests of version 2, so it is the intake, and an older one.
                raise _too_new(sent) from None
            raise UntrustedIntakeError from None
        if not status.known:
            raise NoSuchCaseError
        return status


def _too_new(request: ItemsRequest | CaseRequest | CaseRequestV2) -> RefusedError:
    """Return the error for a withdrawal that an older intake cannot read."""
    if isinstance(request, ItemsRequest):
        return RefusedError(
            "This intake cannot withdraw by numbers yet.",
            hint="Nothing was withdrawn. Name the pictures instead: --file PHOTO",
        )
    return RefusedError(
        "This intake does not know all of these kinds of copies yet.",
        hint="Nothing was withdrawn. To withdraw the hashes of all predicted copies, use --copies all.",
    )


def _asks_work(reply: Reply) -> bool:
    """Return whether this looks like a challenge; its signature then shows whether the intake sent it."""
    return reply.status == 429 and Challenge.TYPE.encode() in reply.body


A = TypeVar("A", Receipt, Refusal, Challenge)


def _verify_answer(kind: type[A], reply: Reply, card: IntakeCard, message: bytes) -> A:
    """Return the intake's signed answer to this very message. Raise UntrustedIntakeError for anything else."""
    try:
        signed = envelope.verify(reply.body, kind.TYPE)
        answer = decode(kind, signed.payload)
    except BundleError:
        raise UntrustedIntakeError("The answer is not from the intake.") from None
    if signed.signers != (bytes.fromhex(card.signing_key),) or answer.message != sha256(message).hexdigest():
        raise UntrustedIntakeError("The answer is not from the intake, or answers another message.")
    return answer


def _error_of(refusal: Refusal) -> RefusedError:
    if refusal.reason == "conflict":
        return ConflictError()
    return RefusedError(_REASONS.get(refusal.reason))
