"""The person's side against intakes that misbehave: nothing is believed without the pinned key."""

from __future__ import annotations

import dataclasses
import signal
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
import stamina
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from takedown_cli.client.client import IntakeClient
from takedown_cli.client.transport import MAX_REPLY, Transport
from takedown_cli.core.errors import (
    BundleError,
    ConflictError,
    NoSuchCaseError,
    RefusedError,
    TakedownError,
    UnreachableError,
    UntrustedIntakeError,
)
from takedown_cli.protocol import public_keys
from takedown_cli.protocol.addresses import IntakeAddress
from takedown_cli.protocol.bundle import envelope, file, seal
from takedown_cli.protocol.case_number import CaseNumber
from takedown_cli.protocol.proof_of_work import MOST_BITS, is_solved, split_off_work
from takedown_cli.protocol.wire import CaseRequestV2, CaseStatus, Challenge, Receipt, Refusal, decode, encode
from tests.cli.runner import after, start
from tests.client.hostile import Behaviour, serving
from tests.protocol.bundle.factory import DECLARATION, SEALING, SIGNING, card, item, signed_card
from tests.waiting import PATIENCE

CASE = CaseNumber.parse("0000-0000-0000-0000-0000-0000")
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(b"e" * 32)
Answer = tuple[int, dict[str, str], bytes]


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


def intake(post: Behaviour, *, signer: Ed25519PrivateKey = SIGNING) -> Behaviour:
    """An intake whose card is right for the port it is asked on, and that answers posts like ``post``."""

    def behave(method: str, path: str, body: bytes) -> Answer:
        if method == "GET":
            return 200, {}, signed_card(card(behave.origin, signer), signer)  # type: ignore[attr-defined]
        return post(method, path, body)

    return behave


def client_for(behaviour: Behaviour, pin: Ed25519PrivateKey | None = SIGNING) -> Iterator[IntakeClient]:
    with serving(behaviour) as (address, _):
        behaviour.origin = address.origin  # type: ignore[attr-defined]
        if pin is not None:
            pinned = dataclasses.replace(address, pin=public_keys.key_id(pin.public_key().public_bytes_raw()))
        else:
            pinned = address
        with Transport(pinned) as transport:
            yield IntakeClient(transport, pinned)


def bundle_for(client: IntakeClient) -> bytes:
    payload = file.payload_of([item()], CASE, DECLARATION, day="2026-01-31", card=client.fetch_card())
    return file.encode_bundle(payload, CASE, client.fetch_card())


def receipt(body: bytes, signer: Ed25519PrivateKey = SIGNING) -> bytes:
    document = Receipt(message=sha256(body).hexdigest(), day="2026-01-31", expires="2027-01-31")
    return envelope.sign(Receipt.TYPE, encode(document), signer)


def test_a_bundle_is_taken_and_the_receipt_believed() -> None:
    for client in client_for(intake(lambda _m, _p, body: (200, {}, receipt(body)))):
        assert client.submit(bundle_for(client)).day == "2026-01-31"


def test_a_receipt_for_another_message_is_not_believed() -> None:
    """Somebody on the way drops the bundle and shows a true receipt, for a bundle of their own."""
    for client in client_for(intake(lambda *_: (200, {}, receipt(b"another message")))):
        with pytest.raises(UntrustedIntakeError):
            client.submit(bundle_for(client))


def test_an_unsigned_refusal_is_not_believed() -> None:
    """It may have arrived all the same, so the person must not read that nothing was registered."""
    unsigned = encode(Refusal.model_validate({"reason": "quality"}))
    for client in client_for(intake(lambda *_: (422, {}, unsigned))):
        with pytest.raises(UntrustedIntakeError):
            client.submit(bundle_for(client))


def test_a_receipt_by_another_key_is_not_believed() -> None:
    for client in client_for(intake(lambda _m, _p, body: (200, {}, receipt(body, OTHER_KEY)))):
        with pytest.raises(UntrustedIntakeError):
            client.submit(bundle_for(client))


def test_another_key_than_the_pinned_one_gets_nothing() -> None:
    behaviour = intake(lambda *_: (500, {}, b""), signer=OTHER_KEY)
    with serving(behaviour) as (address, server):
        behaviour.origin = address.origin  # type: ignore[attr-defined]
        pinned = dataclasses.replace(address, pin=public_keys.key_id(SIGNING.public_key().public_bytes_raw()))
        with Transport(pinned) as transport, pytest.raises(UntrustedIntakeError):
            IntakeClient(transport, pinned).status(CASE)
        assert [method for method, *_ in server.seen] == ["GET"]


@pytest.mark.parametrize(
    "answer",
    [
        (302, {"location": "http://127.0.0.1:1/"}, b""),
        (200, {}, b"<html>Please sign in to the hotel network</html>"),
        (200, {}, b""),
        (404, {}, b"nothing here"),
        (200, {}, b"x" * (MAX_REPLY + 1)),
    ],
)
def test_what_is_no_intake_is_not_trusted(answer: Answer) -> None:
    for client in client_for(lambda *_: answer, pin=None):
        with pytest.raises(UntrustedIntakeError):
            client.fetch_card()


def _refuse(reason: str, status: int) -> Behaviour:
    def refuse(_method: str, _path: str, body: bytes) -> Answer:
        refusal = Refusal.model_validate({"reason": reason, "message": sha256(body).hexdigest()})
        return status, {}, envelope.sign(Refusal.TYPE, encode(refusal), SIGNING)

    return intake(refuse)


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (_refuse("conflict", 409), ConflictError),
        (_refuse("no-test", 422), RefusedError),
        (intake(lambda *_: (418, {}, b"\x1b[2Jgo away")), UntrustedIntakeError),
        (intake(lambda *_: (503, {"retry-after": "1"}, b"")), UnreachableError),
        (intake(lambda *_: (502, {}, b"<html>bad gateway</html>")), UnreachableError),
    ],
)
def test_a_refusal_becomes_its_error(behaviour: Behaviour, error: type[TakedownError]) -> None:
    for client in client_for(behaviour):
        with pytest.raises(error) as caught:
            client.submit(bundle_for(client))
        assert "\x1b" not in str(caught.value)


def test_a_busy_intake_is_asked_again_with_the_same_bytes() -> None:
    answers = [(503, {"retry-after": "0"}, b""), (429, {}, b"")]
    bodies = []

    def busy_twice(_method: str, _path: str, body: bytes) -> Answer:
        bodies.append(body)
        return answers.pop() if answers else (200, {}, receipt(body))

    for client in client_for(intake(busy_twice)):
        client.submit(bundle_for(client))
    assert len(bodies) == 3
    assert len(set(bodies)) == 1


def test_nobody_at_the_address_is_unreachable() -> None:
    address = IntakeAddress.parse("http://127.0.0.1:9")
    with Transport(address) as transport, pytest.raises(UnreachableError):
        IntakeClient(transport, address).fetch_card()


def _request(body: bytes) -> CaseRequestV2:
    """Return a request as intakes before version 3 read it. Raise BundleError for a later one."""
    return decode(
        CaseRequestV2, envelope.verify(seal.open_as_intake(seal.parse(body), SEALING), CaseRequestV2.TYPE).payload
    )


def test_a_status_is_believed_only_under_its_own_key() -> None:
    def right(_m: str, _p: str, body: bytes) -> Answer:
        status = CaseStatus(known=True, received="2026-01-31", expires="2027-01-31")
        return 200, {}, seal.seal_reply(encode(status), bytes.fromhex(_request(body).reply_key))

    for client in client_for(intake(right)):
        assert client.status(CASE).received == "2026-01-31"
    forged = seal.seal_reply(encode(CaseStatus(known=True)), b"x" * 32)
    for client in client_for(intake(lambda *_: (200, {}, forged))):
        with pytest.raises(UntrustedIntakeError):
            client.status(CASE)


def test_an_unknown_case_is_an_error_of_its_own() -> None:
    def unknown(_m: str, _p: str, body: bytes) -> Answer:
        return 200, {}, seal.seal_reply(encode(CaseStatus(known=False)), bytes.fromhex(_request(body).reply_key))

    for client in client_for(intake(unknown)):
        with pytest.raises(NoSuchCaseError):
            client.status(CASE)


def _older_intake(known: bool, asked: list[str]) -> Behaviour:
    """An intake that can read no later request than version 2. To that it answers what looks like an answer."""

    def answer(_m: str, path: str, body: bytes) -> Answer:
        asked.append(path.rpartition("/")[2])
        try:
            request = _request(body)
        except BundleError:
            return 200, {}, seal.seal_reply(encode(CaseStatus(known=False)), b"x" * 32)
        status = CaseStatus(known=known, received="2026-01-31", expires="2027-01-31", withdrawn=1)
        return 200, {}, seal.seal_reply(encode(status), bytes.fromhex(request.reply_key))

    return intake(answer)


def test_an_older_intake_is_asked_in_its_own_version_where_that_says_everything() -> None:
    asked: list[str] = []
    for client in client_for(_older_intake(True, asked)):
        assert client.withdraw(CASE, copies=["crops", "tilts"]).withdrawn == 1
        assert client.withdraw(CASE, copies=["all"]).withdrawn == 1
    assert asked == ["withdraw", "withdraw"]


def test_of_a_kind_that_an_older_intake_does_not_know_nothing_is_withdrawn_and_that_is_said() -> None:
    asked: list[str] = []
    for client in client_for(_older_intake(True, asked)):
        with pytest.raises(RefusedError, match="does not know") as refused:
            client.withdraw(CASE, copies=["crops", "fits"])
        assert "--copies all" in refused.value.hint
    assert asked == ["withdraw", "status"]
    for client in client_for(_older_intake(False, asked)):
        with pytest.raises(NoSuchCaseError):
            client.withdraw(CASE, copies=["fits"])


def test_an_older_intake_that_knows_no_numbers_withdraws_nothing_and_that_is_said() -> None:
    for client in client_for(_older_intake(True, [])):
        with pytest.raises(RefusedError, match="by numbers") as refused:
            client.withdraw(CASE, items=[2])
        assert "--file" in refused.value.hint
    for client in client_for(_older_intake(False, [])):
        with pytest.raises(NoSuchCaseError):
            client.withdraw(CASE, items=[2])


def test_a_card_that_names_plain_http_elsewhere_is_refused() -> None:
    for client in client_for(lambda *_: (200, {}, signed_card(card("http://intake.example"))), pin=None):
        with pytest.raises(UntrustedIntakeError):
            client.fetch_card()


# ------------------------------------------------------------------------------------------------------------ work


def _ask_work(bits: int, bodies: list[bytes] | None = None, *, signer: Ed25519PrivateKey = SIGNING) -> Behaviour:
    """An intake that answers every submission with a challenge."""

    def ask(_method: str, _path: str, body: bytes) -> Answer:
        _, message = split_off_work(body)
        if bodies is not None:
            bodies.append(body)
        challenge = Challenge(message=sha256(message).hexdigest(), salt="5" * 32, bits=bits, until=9, token="7" * 64)
        return 429, {"retry-after": "1"}, envelope.sign(Challenge.TYPE, encode(challenge), signer)

    return intake(ask)


def test_no_intake_gets_more_work_than_the_cap() -> None:
    reported: list[int] = []
    bodies: list[bytes] = []
    for client in client_for(_ask_work(MOST_BITS + 1, bodies)):
        client._working = lambda tried, _: reported.append(tried)
        with pytest.raises(UnreachableError):
            client.submit(bundle_for(client))
    assert (len(bodies), reported) == (1, [])


def test_an_intake_that_never_has_enough_is_left() -> None:
    bodies: list[bytes] = []
    for client in client_for(_ask_work(1, bodies)):
        with pytest.raises(UnreachableError):
            client.submit(bundle_for(client))
    assert len(bodies) == 4
    assert [split_off_work(body)[0] is None for body in bodies] == [True, False, False, False]
    assert len({split_off_work(body)[1] for body in bodies}) == 1


def test_nobody_but_the_intake_can_make_a_computer_work() -> None:
    for client in client_for(_ask_work(1, signer=OTHER_KEY)):
        with pytest.raises(UntrustedIntakeError):
            client.submit(bundle_for(client))


def test_a_bad_solution_is_not_sent() -> None:
    """Every counter that is sent solves the challenge it is for."""
    bodies: list[bytes] = []
    for client in client_for(_ask_work(3, bodies)):
        with pytest.raises(UnreachableError):
            client.submit(bundle_for(client))
    found = [split_off_work(body)[0] for body in bodies[1:]]
    assert all(one is not None and is_solved(one) for one in found)


#: No luck ever, so that the work goes on until it is stopped.
_ENDLESS = "import takedown_cli.protocol.proof_of_work as w; w._LUCK = 1 << 40; w._count_zero_bits = lambda *_: 0"


def test_work_is_stopped_at_once(tmp_path: Path) -> None:
    """The command, asked for a minute of work, ends at the first Ctrl-C and says how to go on."""
    behaviour = _ask_work(MOST_BITS)
    with serving(behaviour) as (address, _):
        behaviour.origin = address.origin  # type: ignore[attr-defined]
        pinned = dataclasses.replace(address, pin=public_keys.key_id(SIGNING.public_key().public_bytes_raw()))
        with Transport(pinned) as transport:
            (tmp_path / "case.tdb").write_bytes(bundle_for(IntakeClient(transport, pinned)))
        submit = ("submit", "case.tdb", "--yes", "--intake", f"{pinned.origin}#{pinned.pin}")
        process = start(*submit, cwd=tmp_path, command=after(_ENDLESS))
        assert process.stderr is not None
        said = b""
        while b"some work first" not in said:
            line = process.stderr.readline()
            assert line, said
            said += line
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=PATIENCE)[1]
        assert process.returncode == 130
        assert b"Traceback" not in rest
