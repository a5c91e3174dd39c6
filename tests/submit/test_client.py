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

from takedown_cli import keys
from takedown_cli.address import IntakeAddress
from takedown_cli.bundle import envelope, file, seal
from takedown_cli.case import CaseNumber
from takedown_cli.errors import (
    BundleError,
    ConfigError,
    ConflictError,
    NoSuchCaseError,
    RefusedError,
    TakedownError,
    UnreachableError,
    UntrustedIntakeError,
)
from takedown_cli.submit import transport
from takedown_cli.submit.client import IntakeClient
from takedown_cli.submit.transport import MAX_REPLY, Door
from takedown_cli.wire import CaseRequest, CaseStatus, Challenge, Receipt, Refusal, decode, encode
from takedown_cli.work import MOST_BITS, holds, unpacked
from tests.bundle.factory import DECLARATION, SEALING, SIGNING, card, item, signed_card
from tests.cli.runner import PATIENCE, start
from tests.submit.hostile import Behaviour, serving

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
            pinned = dataclasses.replace(address, pin=keys.key_id(pin.public_key().public_bytes_raw()))
        else:
            pinned = address
        with Door(pinned) as door:
            yield IntakeClient(door, pinned)


def bundle_for(client: IntakeClient) -> bytes:
    payload = file.payload_of([item()], CASE, DECLARATION, day="2026-01-31", card=client.card())
    return file.write(payload, CASE, client.card())


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
    """It may have arrived all the same, so the person must not be told that nothing was registered."""
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
        pinned = dataclasses.replace(address, pin=keys.key_id(SIGNING.public_key().public_bytes_raw()))
        with Door(pinned) as door, pytest.raises(UntrustedIntakeError):
            IntakeClient(door, pinned).status(CASE)
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
            client.card()


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
    with Door(address) as door, pytest.raises(UnreachableError):
        IntakeClient(door, address).card()


def _request(body: bytes) -> CaseRequest:
    return decode(
        CaseRequest, envelope.verify(seal.open_as_intake(seal.parse(body), SEALING), CaseRequest.TYPE).payload
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


def test_requests_say_nothing_about_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with serving(lambda *_: (200, {"set-cookie": "id=1"}, b"")) as (address, server):
        with Door(address) as door:
            door.get("/v1/keys")
            door.post("/v1/status", b"x")
        allowed = {"host", "user-agent", "accept", "accept-encoding", "connection", "content-type", "content-length"}
        for _, _, headers, _ in server.seen:
            assert set(headers) <= allowed
            assert headers["user-agent"] == "takedown"


def test_a_dead_proxy_fails_closed() -> None:
    with serving(lambda *_: (200, {}, b"")) as (address, server):
        with Door(address, "socks5h://127.0.0.1:9") as door, pytest.raises(UnreachableError):
            door.get("/v1/keys")
        assert server.seen == []


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9050", "ftp://x", "nonsense"])
def test_a_proxy_that_would_leak_names_is_refused(proxy: str) -> None:
    with pytest.raises(ConfigError):
        Door(IntakeAddress.parse("https://intake.example"), proxy)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "intake.example",
        "ftp://intake.example",
        "http://intake.example",
        "https://u:p@intake.example",
        "https://",
        "https://intake.example/path",
        "https://intake.example?q",
        "https://intake.example#short",
        "https://[::1",
        "https://a b",
        "http://abc.onion.",
        "https://intake.example.",
    ],
)
def test_a_bad_address_is_a_configuration_error(text: str) -> None:
    with pytest.raises(ConfigError):
        IntakeAddress.parse(text)


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("HTTPS://Intake.Example/", "https://intake.example"),
        ("https://intake.example:443", "https://intake.example"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://abcdef.onion", "http://abcdef.onion"),
    ],
)
def test_an_address_has_one_form(text: str, origin: str) -> None:
    assert IntakeAddress.parse(text).origin == origin


@pytest.mark.parametrize("text", ["http://abcdef.onion", "http://abcdef.onion:8080", "https://abcdef.onion:444"])
def test_an_onion_service_is_never_asked_of_a_name_server(text: str) -> None:
    with pytest.raises(ConfigError):
        Door(IntakeAddress.parse(text))


def test_a_card_that_names_plain_http_elsewhere_is_refused() -> None:
    for client in client_for(lambda *_: (200, {}, signed_card(card("http://intake.example"))), pin=None):
        with pytest.raises(UntrustedIntakeError):
            client.card()


def test_an_answer_that_comes_by_drops_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each drop comes in time, so only the whole tells."""
    monkeypatch.setattr(transport, "_LONGEST_ANSWER", -1.0)
    for client in client_for(lambda *_: (200, {}, b"x"), pin=None):
        with pytest.raises(UnreachableError):
            client.card()


@pytest.mark.parametrize("day", ["2026-02-30", "2027-02-29", "2026-04-31"])
def test_a_day_that_no_calendar_has_is_no_document(day: str) -> None:
    """It would be in a helpline's ledger for good, and no report could be made of it."""
    receipt = Receipt(message="0" * 64, day="2026-02-28", expires="2028-02-29")
    with pytest.raises(BundleError):
        decode(Receipt, encode(receipt).replace(b"2026-02-28", day.encode()))


# ------------------------------------------------------------------------------------------------------------ work


def _ask_work(bits: int, bodies: list[bytes] | None = None, *, signer: Ed25519PrivateKey = SIGNING) -> Behaviour:
    """An intake that answers every submission with a challenge."""

    def ask(_method: str, _path: str, body: bytes) -> Answer:
        _, message = unpacked(body)
        if bodies is not None:
            bodies.append(body)
        challenge = Challenge(message=sha256(message).hexdigest(), salt="5" * 32, bits=bits, until=9, token="7" * 64)
        return 429, {"retry-after": "1"}, envelope.sign(Challenge.TYPE, encode(challenge), signer)

    return intake(ask)


def test_no_intake_gets_more_work_than_the_cap() -> None:
    told: list[int] = []
    bodies: list[bytes] = []
    for client in client_for(_ask_work(MOST_BITS + 1, bodies)):
        client._working = lambda tried, _: told.append(tried)
        with pytest.raises(UnreachableError):
            client.submit(bundle_for(client))
    assert (len(bodies), told) == (1, [])


def test_an_intake_that_never_has_enough_is_left() -> None:
    bodies: list[bytes] = []
    for client in client_for(_ask_work(1, bodies)):
        with pytest.raises(UnreachableError):
            client.submit(bundle_for(client))
    assert len(bodies) == 4
    assert [unpacked(body)[0] is None for body in bodies] == [True, False, False, False]
    assert len({unpacked(body)[1] for body in bodies}) == 1


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
    found = [unpacked(body)[0] for body in bodies[1:]]
    assert all(one is not None and holds(one) for one in found)


def test_work_is_stopped_at_once(tmp_path: Path) -> None:
    """The command, asked for a minute of work, ends at the first Ctrl-C and says how to go on."""
    behaviour = _ask_work(MOST_BITS)
    with serving(behaviour) as (address, _):
        behaviour.origin = address.origin  # type: ignore[attr-defined]
        pinned = dataclasses.replace(address, pin=keys.key_id(SIGNING.public_key().public_bytes_raw()))
        with Door(pinned) as door:
            (tmp_path / "case.tdb").write_bytes(bundle_for(IntakeClient(door, pinned)))
        process = start("submit", "case.tdb", "--yes", "--intake", f"{pinned.origin}#{pinned.pin}", cwd=tmp_path)
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
