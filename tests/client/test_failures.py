"""Whatever a server does, the client ends, and says in one sentence what went wrong and at whom."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from takedown_cli.client.client import IntakeClient
from takedown_cli.client.failures import Phase, explain_failure
from takedown_cli.client.retries import Retries
from takedown_cli.client.transport import Transport
from takedown_cli.client.waiting import Deadline, Exchange, Notice
from takedown_cli.core.errors import ConfigError, UnreachableError
from takedown_cli.protocol.addresses import IntakeAddress
from tests.client import raw
from tests.client.hostile import serving
from tests.client.test_tls import Tls, eavesdropper
from tests.waiting import PATIENCE

__all__ = ["eavesdropper"]

SOON = 0.5


@pytest.fixture
def port() -> Iterator[int]:
    """A port at which nobody listens, kept so that nobody else can."""
    with socket.socket() as kept:
        kept.bind(("127.0.0.1", 0))
        yield kept.getsockname()[1]


def failure(
    address: IntakeAddress, proxy: str | None = None, ca: Path | None = None, wait: float = PATIENCE
) -> UnreachableError:
    """What a person reads after one try. Only a server that stays silent needs a short wait."""
    with Transport(address, proxy, ca=ca) as transport, pytest.raises(UnreachableError) as caught:
        transport.get("/v1/keys", Exchange(timeout=wait))
    return caught.value


@pytest.mark.parametrize("kind", raw.ENDLESS)
def test_an_answer_without_an_end_is_given_up(kind: str) -> None:
    with raw.listening(raw.ENDLESS[kind]) as address:
        assert "did not answer within" in failure(address, wait=SOON).sentence


def test_a_handshake_without_an_end_is_given_up() -> None:
    with raw.listening(raw.drip(b"\x16\x03\x03\x40\x00", b"\x02"), "https") as address:
        assert "secure connection" in failure(address, wait=SOON).sentence


def test_a_proxy_without_an_answer_is_named() -> None:
    with raw.listening(raw.stay_silent) as proxy:
        port = proxy.origin.rpartition(":")[2]
        for scheme, origin in (("socks5h", "http"), ("http", "https")):
            silent = IntakeAddress.parse(f"{origin}://127.0.0.1:9")
            said = failure(silent, f"{scheme}://127.0.0.1:{port}", wait=SOON).sentence
            assert said.startswith(f"The proxy at 127.0.0.1:{port} did not answer within")


def test_a_body_that_nobody_takes_is_given_up() -> None:
    with (
        raw.listening(raw.stay_silent) as address,
        Transport(address) as transport,
        pytest.raises(UnreachableError),
    ):
        transport.post("/v1/submit", bytes(64 << 20), exchange=Exchange(timeout=SOON))


@pytest.mark.parametrize(
    ("serve", "wait", "words"),
    [
        (raw.stay_silent, SOON, "accepted the connection, but did not answer within"),
        (raw.close_at_once, PATIENCE, "closed the connection without an answer."),
        (raw.close_after_the_request, PATIENCE, "closed the connection without an answer."),
        (raw.close_within_the_answer, PATIENCE, "closed the connection in the middle of its answer."),
        (raw.close_within_a_chunk, PATIENCE, "closed the connection in the middle of its answer."),
        (raw.speak_smtp, PATIENCE, "answered, but not as a web server."),
    ],
)
def test_each_way_to_fail_has_its_sentence(serve: raw.Serve, wait: float, words: str) -> None:
    with raw.listening(serve) as address:
        found = failure(address, wait=wait)
    assert words in found.sentence
    assert found.sentence.startswith(address.origin.removeprefix("http://"))


def test_refused_names_host_and_port(port: int) -> None:
    found = failure(IntakeAddress.parse(f"http://127.0.0.1:{port}"))
    assert found.sentence == f"No server answered at 127.0.0.1:{port} (connection refused)."
    through = failure(IntakeAddress.parse("https://intake.example"), f"socks5h://127.0.0.1:{port}")
    assert through.sentence == f"No proxy answered at 127.0.0.1:{port} (connection refused)."


def test_a_port_without_tls_is_not_called_silent() -> None:
    with serving(lambda *_: (200, {}, b"")) as (address, _):
        found = failure(IntakeAddress.parse(address.origin.replace("http:", "https:")))
    assert "does not speak TLS" in found.sentence


def test_an_http_proxy_that_refuses_is_named_with_its_answer() -> None:
    def refuse(connection: socket.socket, _over: object) -> None:
        connection.recv(1 << 16)
        connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")

    with raw.listening(refuse) as proxy:
        found = failure(IntakeAddress.parse("https://intake.example"), proxy.origin)
    assert found.sentence == f"The proxy at {proxy.origin.removeprefix('http://')} answered 407."


def test_a_socks_proxy_that_cannot_connect_is_named() -> None:
    def refuse(connection: socket.socket, _over: object) -> None:
        connection.recv(1 << 10)
        connection.sendall(b"\x05\x00")
        connection.recv(1 << 10)
        connection.sendall(b"\x05\x04\x00\x01\x00\x00\x00\x00\x00\x00")  # RFC 1928: host unreachable

    with raw.listening(refuse) as proxy:
        where = proxy.origin.removeprefix("http://")
        found = failure(IntakeAddress.parse("https://intake.example"), f"socks5h://{where}")
    assert found.sentence == f"The proxy at {where} could not connect to intake.example."


def test_a_password_of_the_proxy_is_not_shown(port: int) -> None:
    found = failure(IntakeAddress.parse("https://intake.example"), f"http://lena:secret@127.0.0.1:{port}")
    assert "secret" not in found.sentence + found.hint
    assert f"127.0.0.1:{port}" in found.sentence


def test_an_unknown_authority_leads_to_the_option(eavesdropper: Tls, tmp_path: Path) -> None:
    address = IntakeAddress.parse(eavesdropper.origin)
    found = failure(address)
    assert found.sentence.endswith("is not trusted.")
    assert "--ca" in found.hint
    assert "intake_ca" in found.hint
    with Transport(address, ca=eavesdropper.authority) as transport:
        assert transport.get("/v1/keys").body == b"hello"
    (tmp_path / "empty.pem").touch()
    with pytest.raises(ConfigError):
        Transport(address, ca=tmp_path / "empty.pem")


def test_a_named_authority_is_the_only_one(eavesdropper: Tls, tmp_path: Path) -> None:
    import certifi

    found = failure(IntakeAddress.parse(eavesdropper.origin), ca=Path(certifi.where()))
    assert "not from the certificate authority" in found.hint


def test_a_certificate_for_another_name_is_called_so(eavesdropper: Tls) -> None:
    address = IntakeAddress.parse(f"https://127.1:{eavesdropper.server.server_port}")
    assert "for another name" in failure(address, ca=eavesdropper.authority).sentence


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (socket.gaierror(socket.EAI_NONAME, "x"), "The name intake.exmaple was not found."),
        (socket.gaierror(socket.EAI_AGAIN, "x"), "no name server answered"),
        (OSError(errno.ENETUNREACH, "x"), "There is no way from this computer to intake.exmaple:8443."),
        (ssl.SSLError(1, "x"), "does not speak TLS"),
    ],
)
def test_causes_that_need_another_network_have_sentences_too(cause: OSError, words: str) -> None:
    error = httpx.ConnectError("x")
    error.__cause__ = cause
    assert words in explain_failure(error, "intake.exmaple:8443", None, Phase.CONNECT, own_ca=False).sentence


def test_a_gateway_without_an_intake_is_named_with_its_answer() -> None:
    with serving(lambda *_: (502, {}, b"<html>Bad Gateway</html>")) as (address, server), Transport(address) as open_:
        client = IntakeClient(open_, address, Retries(attempts=1))
        with pytest.raises(UnreachableError, match="answered 502"):
            client.fetch_card()
    assert len(server.seen) == 1


def test_all_tries_together_end() -> None:
    """A server that stays busy, and asks for a longer pause than is left."""
    with (
        serving(lambda *_: (503, {"retry-after": "20"}, b"")) as (address, server),
        Transport(address) as open_,
        pytest.raises(UnreachableError, match="busy"),
    ):
        IntakeClient(open_, address, Retries(attempts=9, timeout=5)).fetch_card()
    assert len(server.seen) == 1


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    now = [1000.0]
    monkeypatch.setattr("takedown_cli.client.waiting.time.monotonic", lambda: now[0])

    def pass_time(seconds: float) -> None:
        now[0] += seconds

    return pass_time


def test_a_body_counts_as_progress_from_8_kilobytes_a_second(clock: Callable[[float], None]) -> None:
    slow, fast = Deadline(45), Deadline(45)
    for _ in range(1000):
        clock(1)
        slow.count_body(7_000)
        fast.count_body(8_000)
    assert fast.remaining() == pytest.approx(45)
    assert slow.remaining() < 0


def test_a_fast_body_does_not_buy_a_long_silence(clock: Callable[[float], None]) -> None:
    deadline = Deadline(45)
    deadline.count_body(100 << 20)
    clock(46)
    assert deadline.remaining() < 0


def test_patience_of_a_batch_stays_above_one_try(clock: Callable[[float], None]) -> None:
    exchange = Exchange(attempts=9, timeout=45, total=120)
    exchange.begin_try()
    clock(46)
    assert exchange.remaining() < 0
    assert exchange.allows_pause(1)
    exchange.begin_try()
    assert exchange.remaining() == pytest.approx(45)
    clock(80)
    assert not exchange.allows_pause(1)


def test_notices_begin_after_two_seconds_and_name_the_try(clock: Callable[[float], None]) -> None:
    exchange = Exchange(attempts=4)
    exchange.begin_try()
    assert exchange.until_notice() == pytest.approx(2)
    clock(2)
    assert exchange.until_notice() == 0
    assert exchange.notice("intake.example") == Notice("intake.example", 1, 4, 2.0, 45.0)
    assert exchange.until_notice() > 5
    exchange.begin_try()
    assert exchange.until_notice() == 0
