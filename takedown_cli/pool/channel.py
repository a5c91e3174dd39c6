"""The socket between the parent and one child: open files go in, records come out.

It guarantees that neither end waits for more bytes than the other announced, and that an announcement is bounded.
It must never carry a path: a file crosses as an open descriptor (a duplicated handle on Windows).
"""

from __future__ import annotations

import os
import socket
import struct
import sys

from takedown_cli.pool.record import MAX_RECORD, REQUEST_SIZE, RecordError

_REPLY = struct.Struct("<II")  # sequence number, length of the record in bytes
_HANDLE = struct.Struct("<Q")

#: Between the parent and the template process: a letter and a process id. ``FORK`` brings the new child's socket along
#: and is answered with its id, ``REAP`` waits for a killed child and is answered with its exit code (negative: the
#: signal), ``VIDEO`` has no answer.
COMMAND = struct.Struct("<ci")
ANSWER = struct.Struct("<ci")
FORK, REAP, VIDEO = b"F", b"R", b"V"

#: The first reply of a child, before any file: one byte of ``sandbox.Layer``.
READY = 0
#: Where a child keeps its end: the seccomp filter lets bytes out through this number only.
NUMBER = 3


def send_file(channel: socket.socket, request: bytes, descriptor: int, process_handle: int) -> None:
    """Parent: hand over an open file. Raises OSError when the child is gone or does not read."""
    if sys.platform == "win32":
        import _winapi
        import msvcrt

        ours = _winapi.GetCurrentProcess()
        handle = _winapi.DuplicateHandle(
            ours, msvcrt.get_osfhandle(descriptor), process_handle, 0, False, _winapi.DUPLICATE_SAME_ACCESS
        )
        channel.sendall(request + _HANDLE.pack(handle))
    elif socket.send_fds(channel, [request], [descriptor]) != len(request):
        raise BlockingIOError


def settle(link: socket.socket) -> socket.socket:
    """Child: move the channel to its fixed number and close everything else."""
    if sys.platform == "win32":
        return link
    number = link.detach()
    if number != NUMBER:
        os.dup2(number, NUMBER)
    os.closerange(NUMBER + 1, 1024)
    return socket.socket(fileno=NUMBER)


def receive_file(channel: socket.socket) -> tuple[bytes, int] | None:
    """Child: the next request and a descriptor of its own, or None when the parent is done (or gone)."""
    if sys.platform == "win32":
        import msvcrt

        data = _exactly(channel, REQUEST_SIZE + _HANDLE.size)
        if data is None:
            return None
        (handle,) = _HANDLE.unpack(data[REQUEST_SIZE:])
        return data[:REQUEST_SIZE], msvcrt.open_osfhandle(handle, os.O_RDONLY | os.O_BINARY)
    data, descriptors, _, _ = socket.recv_fds(channel, REQUEST_SIZE, 1)
    if not data or not descriptors:
        return None
    if len(data) < REQUEST_SIZE:
        rest = _exactly(channel, REQUEST_SIZE - len(data))
        if rest is None:
            return None
        data += rest
    return data, descriptors[0]


def _exactly(channel: socket.socket, size: int) -> bytes | None:
    data = b""
    while len(data) < size:
        part = channel.recv(size - len(data))
        if not part:
            return None
        data += part
    return data


def send_reply(channel: socket.socket, sequence: int, record: bytes) -> None:
    """Child: answer one request."""
    channel.sendall(_REPLY.pack(sequence, len(record)) + record)


class Replies:
    """Parent: puts the bytes of a child together into replies, never keeping more than one record's worth."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """The replies that are now complete: (sequence number, record). RecordError when one claims too much."""
        self._held += data
        complete = []
        while len(self._held) >= _REPLY.size:
            sequence, length = _REPLY.unpack_from(self._held)
            if length > MAX_RECORD:
                raise RecordError
            end = _REPLY.size + length
            if len(self._held) < end:
                break
            complete.append((sequence, bytes(self._held[_REPLY.size : end])))
            del self._held[:end]
        return complete
