"""A hostile intake: whatever it answers over a real connection, the client gives a value or an error of ours."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import stamina
from hypothesis import example, given

from takedown_cli.client.client import IntakeClient
from takedown_cli.client.transport import Transport
from takedown_cli.core.errors import TakedownError
from takedown_cli.protocol.addresses import IntakeAddress
from takedown_cli.protocol.case_number import CaseNumber
from tests.campaigns.fuzz.damage import damaged
from tests.protocol.bundle.factory import signed_card

CARD = signed_card()
GOOD = b"HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ncontent-length: %d\r\n\r\n" % len(CARD) + CARD
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n%x\r\n" % len(CARD) + CARD + b"\r\n0\r\n\r\n"
REFUSED = b"HTTP/1.1 503 Busy\r\nretry-after: 1\r\ncontent-length: 2\r\n\r\n{}"


@contextmanager
def answering(data: bytes) -> Iterator[IntakeAddress]:
    """A server on loopback that sends ``data`` to every caller and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    caller, _ = listener.accept()
                except OSError:
                    return
                with caller:
                    try:
                        caller.recv(65_536)
                        caller.sendall(data)
                    except OSError:
                        pass

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield IntakeAddress.parse(f"http://127.0.0.1:{listener.getsockname()[1]}")
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


@given(damaged(GOOD, CHUNKED, REFUSED))
@example(b"")
@example(b"HTTP/1.1 200 OK\r\ncontent-length: 999999999999\r\n\r\n")
@example(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\n\x1f\x8b\x08\0")
@example(b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n")
@example(b"HTTP/1.1 200 OK\r\nset-cookie: a=b; domain=127.0.0.1\r\nx: " + b"y" * 100_000 + b"\r\n\r\n")
def test_whatever_comes_back(data: bytes) -> None:
    number = CaseNumber.parse("0" * 24)
    with (
        stamina.set_testing(True, attempts=1, cap=True), answering(data) as address, Transport(address) as transport,
    ):  # fmt: skip
        client = IntakeClient(transport, address)
        for ask in (client.fetch_card, lambda: client.status(number)):
            assert "\x1b" not in _said(ask)


def _said(ask: Callable[[], object]) -> str:
    """What a person would read of it."""
    try:
        return repr(ask())
    except TakedownError as error:
        return f"{error.sentence} {error.hint}"
