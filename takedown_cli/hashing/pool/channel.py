"""The socket between the parent and one child: open files go in, records come out.

A file is sent as an open descriptor (a duplicated handle on Windows), never as a path. Neither end waits for more bytes
than the other announced, and an announcement is limited.
"""

from __future__ import annotations

import os
import socket
import struct
import sys

from takedown_cli.hashing.pool.record import JOB_SIZE, MAX_RECORD, RecordError

_REPLY = struct.Struct("<II")  # sequence number, length of the record in bytes
_HANDLE = struct.Struct("<Q")

#: Between the parent and the fork server: a letter and a process id. ``FORK`` brings the new child's socket along
#: and is answered with its id, ``REAP`` waits for a killed child and is answered with its exit code (negative: the
#: signal), ``VIDEO`` has no answer.
COMMAND = struct.Struct("<ci")
ANSWER = struct.Struct("<ci")
FORK, REAP, VIDEO = b"F", b"R", b"V"
#: The number beside ``FORK``: whether the child gets the memory for a large picture.
ORDINARY, LARGE = 0, 1

#: The signal that kills a child. Windows has no name for it.
SIGKILL = 9

#: The first reply of a child, before any file: one byte of ``sandbox.Layer``.
READY = 0
#: Where a child keeps its end: the seccomp filter lets bytes out through this number only.
NUMBER = 3


def send_file(channel: socket.socket, request: bytes, descriptor: int, process_handle: int) -> None:
    """In the parent: hand over an open file. Raise OSError when the child is gone or does not read."""
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


def move_to_number(link: socket.socket) -> socket.socket:
    """In the child: move the channel to its fixed number and close everything else."""
    if sys.platform == "win32":
        return link
    # A fork inherits all that the server has open, and Landlock judges a file when it is opened, not when it is read:
    # what stays open here would stay usable.
    number = link.detach()
    if number != NUMBER:
        os.dup2(number, NUMBER)
    os.closerange(NUMBER + 1, 1024)
    return socket.socket(fileno=NUMBER)


def receive_file(channel: socket.socket) -> tuple[bytes, int] | None:
    """In the child: return the next request and its own descriptor, or None if the parent is done or gone."""
    if sys.platform == "win32":
        import msvcrt

        data = _receive_exactly(channel, JOB_SIZE + _HANDLE.size)
        if data is None:
            return None
        (handle,) = _HANDLE.unpack(data[JOB_SIZE:])
        return data[:JOB_SIZE], msvcrt.open_osfhandle(handle, os.O_RDONLY | os.O_BINARY)
    # A stream may give the request in pieces; the descriptor comes with the first of them (unix(7), SCM_RIGHTS).
    data, descriptors, _, _ = socket.recv_fds(channel, JOB_SIZE, 1)
    if not data or not descriptors:
        return None
    if len(data) < JOB_SIZE:
        rest = _receive_exactly(channel, JOB_SIZE - len(data))
        if rest is None:
            return None
        data += rest
    return data, descriptors[0]


def _receive_exactly(channel: socket.socket, size: int) -> bytes | None:
    data = b""
    while len(data) < size:
        part = channel.recv(size - len(data))
        if not part:
            return None
        data += part
    return data


def send_reply(channel: socket.socket, sequence: int, record: bytes) -> None:
    """In the child: answer one request."""
    channel.sendall(_REPLY.pack(sequence, len(record)) + record)


class Replies:
    """In the parent: the bytes of a child put together into replies, at most one record's worth kept."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Return the replies now complete: (sequence number, record). Raise RecordError when one claims too much."""
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
