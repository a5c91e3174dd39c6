"""Bodies over a connection: too large, too slow, compressed, too many."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from takedown_cli.intake.http.app import SUBMISSION_LIMIT
from takedown_cli.intake.http.request_bodies import RequestBodies
from takedown_cli.intake.http.server import Running
from tests.intake.person import HTTP, reason
from tests.intake.sockets import beginning
from tests.waiting import PATIENCE, wait_until


def test_a_compressed_body_is_not_expanded(intake: Running) -> None:
    response = HTTP.post(f"{intake.origin}/v1/submit", content=b"\x1f\x8b", headers={"content-encoding": "gzip"})
    assert reason(response) == "invalid"


def test_a_body_that_says_it_is_huge_is_refused_unread(intake: Running) -> None:
    host, port = intake.origin.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
        connection.sendall(b"POST /v1/submit HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 413")


def test_a_body_that_does_not_come_is_not_waited_for(intake: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("takedown_cli.intake.http.request_bodies.BODY_SECONDS", 0.2)
    host, port = intake.origin.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
        connection.sendall(b"POST /v1/status HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 400")


def test_slow_senders_take_nobodys_place(intake: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("takedown_cli.intake.http.request_bodies.MAX_CONCURRENT", 2)
    with contextlib.ExitStack() as stack:
        for _ in range(10):
            stack.enter_context(beginning(intake, 1000, 10))
        assert HTTP.post(f"{intake.origin}/v1/submit", content=b"x").status_code == 400
        assert HTTP.get(f"{intake.origin}/healthz").status_code == 200


def test_a_body_that_comes_steadily_may_take_longer(intake: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """More bytes a second than are asked for, for longer than one that stops is waited for."""
    longest = 3.0
    monkeypatch.setattr("takedown_cli.intake.http.request_bodies.BODY_SECONDS", longest)
    monkeypatch.setattr("takedown_cli.intake.http.request_bodies.MIN_RATE", 0.1)
    began = time.monotonic()
    with beginning(intake, 2000, 100) as connection:
        for _ in range(18):
            connection.sendall(bytes(100))
            time.sleep(longest / 15)
        while time.monotonic() < began + longest:
            time.sleep(0.1)
        connection.sendall(bytes(100))
        assert connection.recv(5000).startswith(b"HTTP/1.1 400")  # read to its end, and no bundle
        assert reason(HTTP.post(f"{intake.origin}/v1/submit", content=b"x")) == "invalid"


@pytest.fixture
def arrived(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """The bytes of bodies that the intake has read, of all requests."""
    sizes: list[int] = []
    take_chunk = RequestBodies._take_chunk  # the only place that every chunk passes

    def count(bodies: RequestBodies, arriving: Any, chunk: bytes) -> None:
        take_chunk(bodies, arriving, chunk)
        sizes.append(len(chunk))

    monkeypatch.setattr(RequestBodies, "_take_chunk", count)
    return lambda: sum(sizes)


def test_where_memory_is_short_the_slowest_body_gives_way(
    intake: Running, monkeypatch: pytest.MonkeyPatch, arrived: Callable[[], int]
) -> None:
    monkeypatch.setattr("takedown_cli.intake.http.request_bodies.MAX_HELD", 1 << 20)
    monkeypatch.setattr("takedown_cli.intake.http.request_bodies.BODY_SECONDS", 900.0)
    now = 0.0
    monkeypatch.setattr("takedown_cli.intake.http.request_bodies.time", SimpleNamespace(monotonic=lambda: now))
    limit = SUBMISSION_LIMIT
    with beginning(intake, limit, 600_000) as slow:
        wait_until(lambda: arrived() >= 600_000)
        now = 100.0
        with beginning(intake, limit, 600_000) as fast:
            answer = slow.recv(5000)
            assert answer.startswith(b"HTTP/1.1 503")
            assert b"retry-after" in answer
            fast.sendall(bytes(400_000))  # alone it may have that
            wait_until(lambda: arrived() >= 1_600_000)
            fast.setblocking(False)
            with pytest.raises(BlockingIOError):  # still waited for
                fast.recv(1)
