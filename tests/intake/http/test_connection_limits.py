"""A connection that sends or reads too slowly is ended."""

from __future__ import annotations

import contextlib
import select
import socket
import sys

import pytest

from takedown_cli.intake.http.server import Running
from tests.intake.person import HTTP
from tests.intake.sockets import connected, not_reading
from tests.waiting import PATIENCE


@pytest.mark.parametrize(
    "raw", [b"\0" * 50 + b"\r\n\r\n", b"GET / HTTPS/1.1\r\n\r\n", b"A" * 70_000, b"GET /\r\n X\r\n\r\n"]
)
def test_what_is_not_http_gets_a_4xx_and_the_intake_lives(raw: bytes, intake: Running) -> None:
    host, port = intake.origin.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(100)
    assert answer.startswith(b"HTTP/1.1 4") or answer == b""
    assert HTTP.get(f"{intake.origin}/healthz").text == "ok\n"


def test_a_connection_that_says_nothing_is_ended(intake: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("takedown_cli.intake.http.connection_limits.HEAD_SECONDS", 0.2)
    host, port = intake.origin.removeprefix("http://").split(":")
    for beginning in (b"", b"GET /healthz HT"):
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
            connection.sendall(beginning)
            with contextlib.suppress(ConnectionResetError):
                assert connection.recv(100) == b""


def test_a_body_that_nobody_wants_any_more_is_not_waited_for(intake: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("takedown_cli.intake.http.connection_limits.HEAD_SECONDS", 1.0)
    for path in (b"POST /v1/status", b"GET /healthz"):
        with connected(intake) as connection:
            connection.sendall(path + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 900000000\r\n\r\n")
            assert connection.recv(5000).startswith(b"HTTP/1.1 413" if b"POST" in path else b"HTTP/1.1 200")
            with contextlib.suppress(ConnectionError):
                connection.sendall(b"x")  # which ends uvicorn's own patience with idle connections
                while connection.recv(5000):
                    pass


def ended(connection: socket.socket) -> bool:
    """Whether a connection was cut off, without reading what is on its way."""
    if sys.platform != "linux":
        pytest.skip("only Linux says that the other side has closed")
    readiness = select.poll()
    readiness.register(connection, select.POLLRDHUP)
    return bool(readiness.poll(30_000))


def test_an_answer_that_is_not_taken_is_not_kept(intake: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("takedown_cli.intake.http.connection_limits.TAKE_SECONDS", 0.2)
    with not_reading(intake) as connection:
        assert ended(connection)


def test_answers_that_nobody_takes_have_bounded_memory(intake: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("takedown_cli.intake.http.connection_limits.MAX_UNREAD", 100_000)
    with not_reading(intake) as first, not_reading(intake) as second:
        assert ended(first)
        assert not select.select([], [], [second], 0)[2]
