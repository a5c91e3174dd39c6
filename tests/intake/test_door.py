"""The hardened door: limits, headers, hostile bodies, and never a server error."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from takedown_cli.bundle.seal import BUCKETS
from takedown_cli.intake.app import SUBMISSION_LIMIT
from takedown_cli.intake.feeds.stopncii import Feedbacks
from takedown_cli.intake.refusal import Refused
from takedown_cli.intake.server import Running
from takedown_cli.intake.strictjson import read
from takedown_cli.intake.writer import QUEUE
from tests.intake.person import HTTP, Platform, reason


def test_every_answer_carries_the_careful_headers_and_none_of_the_telling_ones(intake: Running) -> None:
    for method, path in [
        ("GET", "/healthz"), ("GET", "/v1/keys"), ("POST", "/v1/submit"), ("GET", "/v1/FetchHashes"),
        ("GET", "/nowhere"), ("PUT", "/v1/status"), ("POST", "/v1/status"),
    ]:  # fmt: skip
        response = HTTP.request(method, intake.origin + path)
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["content-security-policy"].startswith("default-src 'none'")
        assert not {"server", "date", "set-cookie", "x-powered-by"} & set(response.headers)


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/redoc", "/", "/v1/", "/v1/submit/"])
def test_there_is_nothing_else(path: str, intake: Running) -> None:
    response = HTTP.get(intake.origin + path)
    assert response.status_code in {404, 405}
    assert reason(response) == "invalid"


def test_hostile_json_is_refused_everywhere(
    intake: Running, shared: Path, new_platform: Callable[..., Platform]
) -> None:
    platform = new_platform("Hostile")
    for file in sorted((shared / "corpus" / "json" / "test_parsing").glob("n_*")):
        body = file.read_bytes()
        for path, headers in [("submit", {}), ("SubmitFeedback", platform.headers("feedback"))]:
            response = HTTP.post(f"{intake.origin}/v1/{path}", content=body, headers=headers)
            assert response.status_code == 400, file.name
            assert reason(response) == "invalid"
        response = HTTP.post(f"{intake.origin}/v1/status", content=body)
        assert (response.status_code, len(response.content)) == (200, 12 + BUCKETS[0] + 16)


VALID = b'{"count":1,"hashFeedbacks":[{"tags":[],"feedbackValue":"Blocked","hashValue":"' + b"0" * 64 + b'"}]}'


def test_feedback_is_read_strictly() -> None:
    assert len(read(Feedbacks, VALID).opinions()) == 1
    for broken in [
        VALID.replace(b'"count":1', b'"count":1,"count":1'),
        VALID.replace(b'"count":1', b'"count":1.0'),
        VALID.replace(b'"count":1', b'"count":NaN'),
        VALID.replace(b'"count":1', b'"count":' + b"1" * 5000),
        VALID.replace(b'"count":1', b'"count":true'),
        VALID.replace(b'"count":1', b'"count":2'),
        VALID.replace(b'"tags":[]', b'"tags":' + b"[" * 20 + b"]" * 20),
        VALID.replace(b'"tags":[]', b'"tags":["\xff"]'),
        VALID.replace(b"Blocked", b"Censored"),
        VALID.replace(b"0" * 64, b"g" * 64),
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"\xef\xbb\xbf" + VALID,
    ]:
        with pytest.raises(Refused):
            read(Feedbacks, broken).opinions()


def connected(intake: Running, room: int | None = None) -> socket.socket:
    """A connection of bytes; ``room`` bounds what of the answers is received without being read."""
    host, port = intake.origin.removeprefix("http://").split(":")
    connection = socket.socket()
    if room is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    connection.settimeout(30)
    connection.connect((host, int(port)))
    return connection


def test_a_compressed_body_is_not_expanded(intake: Running) -> None:
    response = HTTP.post(f"{intake.origin}/v1/submit", content=b"\x1f\x8b", headers={"content-encoding": "gzip"})
    assert reason(response) == "invalid"


def test_a_body_that_says_it_is_huge_is_refused_unread(intake: Running) -> None:
    host, port = intake.origin.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(b"POST /v1/submit HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("also", [b"", b"Content-Length: 5\r\n"], ids=["chunked", "with two lengths"])
def test_a_body_in_chunks_is_refused_and_the_connection_ends(also: bytes, intake: Running) -> None:
    """Chunks of a byte cost a thousand times what they cost to send, and two lengths have two readings."""
    for path in (b"POST /v1/status", b"GET /healthz"):
        with connected(intake) as connection:
            head = path + b" HTTP/1.1\r\nHost: x\r\n" + also + b"Transfer-Encoding: chunked\r\n\r\n"
            connection.sendall(head + b"1\r\nx\r\n0\r\n\r\nGET /v1/keys HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = b"".join(iter(lambda: connection.recv(10_000), b""))
        assert answer.startswith(b"HTTP/1.1 400")
        assert answer.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    "raw", [b"\0" * 50 + b"\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"A" * 70_000, b"GET /\r\n X\r\n\r\n"]
)
def test_what_is_not_http_gets_a_4xx_and_the_intake_lives(raw: bytes, intake: Running) -> None:
    host, port = intake.origin.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(100)
    assert answer.startswith(b"HTTP/1.1 4") or answer == b""
    assert HTTP.get(f"{intake.origin}/healthz").text == "ok\n"


def test_the_counters_are_for_the_operator_and_name_nobody(intake: Running) -> None:
    url = f"{intake.origin}/metrics"
    assert (
        HTTP.get(url).status_code == HTTP.get(url, headers={b"authorization": "Bearer é".encode()}).status_code == 404
    )
    HTTP.post(f"{intake.origin}/v1/submit", content=b"x")
    HTTP.get(f"{intake.origin}/v1/nobody's-business")
    text = HTTP.get(url, headers={"authorization": f"Bearer {intake.intake.metrics_token}"}).text
    assert 'takedown_intake_answers_total{route="/v1/submit",status="400"}' in text
    assert 'route="other",status="404"' in text
    assert "nobody" not in text
    assert "127.0.0.1" not in text


def test_a_connection_that_says_nothing_is_ended(intake: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("takedown_cli.intake.protocol.HEAD_SECONDS", 0.2)
    host, port = intake.origin.removeprefix("http://").split(":")
    for beginning in (b"", b"GET /healthz HT"):
        with socket.create_connection((host, int(port)), timeout=20) as connection:
            connection.sendall(beginning)
            with contextlib.suppress(ConnectionResetError):
                assert connection.recv(100) == b""


def test_a_body_that_does_not_come_is_not_waited_for(intake: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("takedown_cli.intake.bodies.PATIENCE", 0.2)
    host, port = intake.origin.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(b"POST /v1/status HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 400")


def test_a_body_that_nobody_wants_any_more_is_not_waited_for(intake: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("takedown_cli.intake.protocol.HEAD_SECONDS", 1.0)
    for path in (b"POST /v1/status", b"GET /healthz"):
        with connected(intake) as connection:
            connection.sendall(path + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 900000000\r\n\r\n")
            assert connection.recv(5000).startswith(b"HTTP/1.1 413" if b"POST" in path else b"HTTP/1.1 200")
            with contextlib.suppress(ConnectionError):
                connection.sendall(b"x")  # which ends uvicorn's own patience with idle connections
                while connection.recv(5000):
                    pass


@contextlib.contextmanager
def not_reading(intake: Running) -> Iterator[socket.socket]:
    """A connection that asks until no more is taken of it, and reads nothing of what it is answered."""
    with connected(intake, room=4096) as connection:
        connection.settimeout(1)
        with contextlib.suppress(TimeoutError, ConnectionError):
            while True:
                connection.sendall(b"GET /v1/keys HTTP/1.1\r\nHost: x\r\n\r\n" * 500)
        yield connection


def test_who_does_not_read_takes_nobodys_place(intake: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("takedown_cli.intake.door.AT_ONCE", 2)
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(not_reading(intake))
        assert HTTP.get(f"{intake.origin}/healthz").status_code == 200


def ended(connection: socket.socket) -> bool:
    """Whether a connection was cut off, without reading what is on its way."""
    readiness = select.poll()
    readiness.register(connection, select.POLLRDHUP)
    return bool(readiness.poll(30_000))


def test_an_answer_that_is_not_taken_is_not_kept(intake: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("takedown_cli.intake.protocol.TAKE_SECONDS", 0.2)
    with not_reading(intake) as connection:
        assert ended(connection)


def test_answers_that_nobody_takes_have_bounded_memory(intake: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("takedown_cli.intake.protocol.UNREAD", 100_000)
    with not_reading(intake) as first, not_reading(intake) as second:
        assert ended(first)
        assert not select.select([], [], [second], 0)[2]


def test_one_request_too_many_is_told_when_to_come_back(intake: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("takedown_cli.intake.door.AT_ONCE", 0)
    response = HTTP.post(f"{intake.origin}/v1/submit", content=b"x")
    assert response.status_code == 503
    assert int(response.headers["retry-after"]) > 0
    assert reason(response) == "busy"
    monkeypatch.undo()
    assert HTTP.get(f"{intake.origin}/healthz").status_code == 200


def test_a_full_queue_refuses_instead_of_growing(intake: Running) -> None:
    """The writer held up, as by a slow disk: what does not fit is refused at once, and what did is carried out."""
    writer, begun, go = intake.intake.writer, threading.Event(), threading.Event()

    def wait(_: object) -> bool:
        begun.set()
        return go.wait(30)

    blocking = writer.order(wait)
    assert begun.wait(30)
    taken, refused = [], 0
    for _ in range(QUEUE + 50):
        try:
            taken.append(writer.order(lambda _: 1))
        except Refused:
            refused += 1
    assert refused >= 50
    go.set()
    assert blocking.result(30)
    assert {order.result(30) for order in taken} == {1}
    assert writer.order(lambda _: 2).result(30) == 2


@contextlib.contextmanager
def beginning(intake: Running, length: int, sent: int) -> Iterator[socket.socket]:
    """A submission of which only the first bytes were sent, once the intake has read them."""
    host, port = intake.origin.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(b"POST /v1/submit HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % length + bytes(sent))
        yield connection


def test_slow_senders_take_nobodys_place(intake: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("takedown_cli.intake.door.AT_ONCE", 2)
    with contextlib.ExitStack() as stack:
        for _ in range(10):
            stack.enter_context(beginning(intake, 1000, 10))
        assert HTTP.post(f"{intake.origin}/v1/submit", content=b"x").status_code == 400
        assert HTTP.get(f"{intake.origin}/healthz").status_code == 200


def test_a_body_that_comes_steadily_may_take_longer(intake: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred bytes a tenth of a second, more than is asked for, for longer than one that stops is waited for."""
    monkeypatch.setattr("takedown_cli.intake.bodies.PATIENCE", 0.6)
    monkeypatch.setattr("takedown_cli.intake.bodies.SLOWEST", 500)
    with beginning(intake, 2000, 100) as connection:
        for _ in range(19):
            time.sleep(0.1)
            connection.sendall(bytes(100))
        assert connection.recv(5000).startswith(b"HTTP/1.1 400")  # read to its end, and no bundle
        assert reason(HTTP.post(f"{intake.origin}/v1/submit", content=b"x")) == "invalid"


def test_where_memory_is_short_the_slowest_body_gives_way(intake: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("takedown_cli.intake.bodies.HELD", 1 << 20)
    limit = SUBMISSION_LIMIT
    with beginning(intake, limit, 600_000) as slow:
        time.sleep(2)
        with beginning(intake, limit, 600_000) as fast:
            answer = slow.recv(5000)
            assert answer.startswith(b"HTTP/1.1 503")
            assert b"retry-after" in answer
            fast.sendall(bytes(400_000))  # alone it may have that
            fast.setblocking(False)
            with pytest.raises(BlockingIOError):  # still waited for
                fast.recv(1)
