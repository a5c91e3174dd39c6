"""Servers on loopback that do with a connection what no web server does: stay silent, close, send drops."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from takedown_cli.protocol.addresses import IntakeAddress
from tests.waiting import PATIENCE

#: Receives each connection and an event that is set when the test is over.
Serve = Callable[[socket.socket, threading.Event], None]


@contextmanager
def listening(serve: Serve, scheme: str = "http") -> Iterator[IntakeAddress]:
    """A server that hands each connection to ``serve``, in a thread of its own."""
    listener, over, threads = socket.create_server(("127.0.0.1", 0)), threading.Event(), []

    def handle(connection: socket.socket) -> None:
        connection.settimeout(PATIENCE)
        with connection, suppress(OSError):
            serve(connection, over)

    def accept() -> None:
        while True:
            try:
                connection = listener.accept()[0]
            except OSError:
                return
            thread = threading.Thread(target=handle, args=(connection,))
            thread.start()
            threads.append(thread)

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield IntakeAddress.parse(f"{scheme}://127.0.0.1:{listener.getsockname()[1]}")
    finally:
        over.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for thread in (accepting, *threads):
            thread.join(PATIENCE)


def stay_silent(connection: socket.socket, over: threading.Event) -> None:
    over.wait(PATIENCE)


def close_at_once(connection: socket.socket, over: threading.Event) -> None:
    pass


def close_after_the_request(connection: socket.socket, over: threading.Event) -> None:
    connection.recv(1 << 16)


def close_within_the_answer(connection: socket.socket, over: threading.Event) -> None:
    connection.recv(1 << 16)
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nhalf of it")


def close_within_a_chunk(connection: socket.socket, over: threading.Event) -> None:
    connection.recv(1 << 16)
    connection.sendall(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n100\r\nhalf of it")


def speak_smtp(connection: socket.socket, over: threading.Event) -> None:
    connection.sendall(b"220 mail.example ESMTP\r\n\r\n")
    connection.recv(1 << 16)
    over.wait(PATIENCE)


def drip(first: bytes, drop: bytes) -> Serve:
    """Send ``first`` after the request, then ``drop`` again and again, until nobody is there to receive it."""

    def serve(connection: socket.socket, over: threading.Event) -> None:
        connection.recv(1 << 16)
        connection.sendall(first)
        while not over.wait(0.02):
            connection.sendall(drop)

    return serve


#: An answer without an end, each time from another part of it.
ENDLESS = {
    "interim answers": drip(b"", b"HTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\n"),
    "headers": drip(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n"),
    "a header": drip(b"HTTP/1.1 200 OK\r\nx: ", b"y"),
    "a body": drip(b"HTTP/1.1 200 OK\r\ncontent-length: 9000000\r\n\r\n", b"y"),
}
