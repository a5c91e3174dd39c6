"""Connections: how long one may take to say what it wants and to take its answer, and how many there may be.

It guarantees that a client which opens connections and sends or reads little or nothing cannot keep others out, and
that answers nobody reads have bounded memory. It must never look at where a connection comes from.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

CONNECTIONS: Final = 4000
HEAD_SECONDS: Final = 15.0
#: An answer has to be taken at this rate (bytes a second), looked at after so many seconds; all that wait to be taken
#: hold at most so many bytes.
SLOWEST: Final = 8 * 1024
TAKE_SECONDS: Final = 10.0
UNREAD: Final = 64 * 1024 * 1024


class _Joined:
    """A transport that sends the head of an answer and its body at once: each sending wakes the client.

    What was written alone is sent in the next turn of the loop.
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


class PatientProtocol(H11Protocol):
    """uvicorn's protocol with a limit on connections, and on the time in which a request's head has to come.

    uvicorn limits the time between requests, but neither that before the first nor that within a head, nor that in
    which a body still comes which was answered already, nor that in which an answer has to be taken.
    """

    _deadline: asyncio.TimerHandle | None = None
    _taking: asyncio.TimerHandle | None = None
    _left: int = 0
    #: Those whose answers wait to be taken, longest first; of all servers in this process.
    _unread: ClassVar[dict[PatientProtocol, None]] = {}

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.transport = _Joined(transport, self.loop)  # type: ignore[assignment]
        if len(self.connections) > CONNECTIONS:
            transport.abort()
            return
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        self._taken()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY:
            self._watch()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread[self] = None
        self._left = self.unread
        self._taking = self.loop.call_later(TAKE_SECONDS, self._look)
        while sum(one.unread for one in self._unread) > UNREAD:
            next(iter(self._unread)).give_up()

    def resume_writing(self) -> None:
        self._taken()
        super().resume_writing()

    @property
    def unread(self) -> int:
        """Bytes of answers that the system did not take over yet."""
        return self.transport.get_write_buffer_size()

    def give_up(self) -> None:
        """End the connection and drop what was to be sent."""
        self._taken()
        self.transport.abort()

    def _look(self) -> None:
        left, before = self.unread, self._left
        if before - left < TAKE_SECONDS * SLOWEST:
            self.give_up()
            return
        self._left = left
        self._taking = self.loop.call_later(TAKE_SECONDS, self._look)

    def _taken(self) -> None:
        self._unread.pop(self, None)
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None

    def _watch(self) -> None:
        """The clock runs from the first byte of a head, or from the connection, until the head is there.

        And from an answer on that came before the body's end, until that end.
        """
        answered = self.conn.our_state not in {h11.IDLE, h11.SEND_RESPONSE, h11.SEND_BODY}
        if self.conn.their_state is not h11.IDLE and not (self.conn.their_state is h11.SEND_BODY and answered):
            self._forget()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def _forget(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
