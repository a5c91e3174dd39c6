"""Limits the number of connections, and the time that each may take to send a request and to read the answer.

So a client with many idle or slow connections cannot keep others out. The address of a connection is never looked at.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

MAX_CONNECTIONS: Final = 4000
HEAD_SECONDS: Final = 15.0
#: A client must read an answer at this rate (bytes a second), measured every TAKE_SECONDS. All unread answers together
#: hold at most MAX_UNREAD bytes.
MIN_RATE: Final = 8 * 1024
TAKE_SECONDS: Final = 10.0
MAX_UNREAD: Final = 64 * 1024 * 1024


class _JoiningTransport:
    """A transport that sends the head of an answer together with its body, because each write wakes the client.

    A head that was written alone is sent when the loop runs next.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held = b""

    def write(self, data: bytes) -> None:
        if self._held:
            data, self._held = self._held + data, b""
            self._transport.write(data)
        elif data:
            self._held = data
            self._loop.call_soon(self._flush)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        held, self._held = self._held, b""
        if held:
            self._transport.write(held)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class LimitedProtocol(H11Protocol):
    """uvicorn's protocol with limits on connections and on times.

    uvicorn limits the time between requests, but not the time before the first, the time for a head, the time for the
    rest of a body that was answered already, or the time for the client to take an answer.
    """

    _deadline: asyncio.TimerHandle | None = None
    _taking: asyncio.TimerHandle | None = None
    _left: int = 0
    #: Those whose answers wait to be taken, longest first; of all servers in this process.
    _unread: ClassVar[dict[LimitedProtocol, None]] = {}

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.transport = _JoiningTransport(transport, self.loop)  # type: ignore[assignment]
        if len(self.connections) > MAX_CONNECTIONS:
            transport.abort()
            return
        self._update_deadline()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._update_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_deadline()
        self._stop_checking()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY:
            self._update_deadline()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread[self] = None
        self._left = self.unread
        self._taking = self.loop.call_later(TAKE_SECONDS, self._check_progress)
        while sum(one.unread for one in self._unread) > MAX_UNREAD:
            next(iter(self._unread)).give_up()

    def resume_writing(self) -> None:
        self._stop_checking()
        super().resume_writing()

    @property
    def unread(self) -> int:
        """Bytes of answers that the client has not taken."""
        return self.transport.get_write_buffer_size()

    def give_up(self) -> None:
        """End the connection and drop what was to be sent."""
        self._stop_checking()
        self.transport.abort()

    def _check_progress(self) -> None:
        left, before = self.unread, self._left
        if before - left < TAKE_SECONDS * MIN_RATE:
            self.give_up()
            return
        self._left = left
        self._taking = self.loop.call_later(TAKE_SECONDS, self._check_progress)

    def _stop_checking(self) -> None:
        self._unread.pop(self, None)
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None

    def _update_deadline(self) -> None:
        """Start or stop the clock of a request's head.

        It runs from the first byte of a head, or from the connection, until the head is complete. It also runs from an
        answer that was sent before the body's end, until that end.
        """
        answered = self.conn.our_state not in {h11.IDLE, h11.SEND_RESPONSE, h11.SEND_BODY}
        if self.conn.their_state is not h11.IDLE and not (self.conn.their_state is h11.SEND_BODY and answered):
            self._cancel_deadline()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
