"""Connections that send or read as slowly as a test wants."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

from takedown_cli.intake.http.server import Running
from tests.waiting import PATIENCE


@contextlib.contextmanager
def beginning(intake: Running, length: int, sent: int) -> Iterator[socket.socket]:
    """A submission of which only the first bytes were sent; the intake may not have read them yet."""
    host, port = intake.origin.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
        connection.sendall(b"POST /v1/submit HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % length + bytes(sent))
        yield connection


def connected(intake: Running, room: int | None = None) -> socket.socket:
    """A connection of bytes; ``room`` bounds what of the answers is received without being read."""
    host, port = intake.origin.removeprefix("http://").split(":")
    connection = socket.socket()
    if room is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    connection.settimeout(30)
    connection.connect((host, int(port)))
    return connection


@contextlib.contextmanager
def not_reading(intake: Running) -> Iterator[socket.socket]:
    """A connection that asks until no more is taken of it, and reads nothing of what it is answered."""
    with connected(intake, room=4096) as connection:
        connection.settimeout(1)
        with contextlib.suppress(TimeoutError, ConnectionError):
            while True:
                connection.sendall(b"GET /v1/keys HTTP/1.1\r\nHost: x\r\n\r\n" * 500)
        yield connection
