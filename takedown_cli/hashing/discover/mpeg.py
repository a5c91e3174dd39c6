"""Recognises MPEG-1 and MPEG-2 streams, which have no signature, by start codes and packets that follow one another.

Text, zeros and constant fill are never taken for a stream.
"""

from __future__ import annotations

import re

#: Plain, with a four-byte time code before each packet (BDAV, M2TS), with Reed-Solomon bytes after it (DVB).
_PACKETS = (188, 192, 204)
_IN_A_ROW = 5
#: How far into the file the first packet may begin: recordings start in the middle of one.
_LEAD = 4096


def is_mpeg(head: bytes) -> bool:
    """Return whether ``head`` begins a program, elementary or transport stream (ISO/IEC 11172, 13818-1, 13818-2)."""
    # Start codes may be anywhere, since recordings begin in the middle and a video CD's come in a RIFF wrapper.
    started = _PROGRAM.search(head) or _ELEMENTARY.search(head)
    return bool(started) or _begins_with_packet(head) or _is_transport_stream(head)


#: Codes of system headers, private streams, sound and pictures (13818-1, table 2-22), and of the next pack.
_NEXT = rb"\0\0\x01[\xba-\xef]"
_PROGRAM = re.compile(
    rb"\0\0\x01\xba(?:[\x20-\x2f].{7}" + _NEXT  # MPEG-1: 0010, 12 bytes in all (11172-1, 2.4.3.2)
    + rb"|[\x40-\x7f].{9}" + _NEXT + rb"|[\x40-\x7f].{8}[\xf9-\xff].{1,7}" + _NEXT + rb")",  # MPEG-2: 01, stuffing last
    re.DOTALL,
)  # fmt: skip
#: Sequence header, then picture header, then its first slice (13818-2, table 6-1), groups and extensions between.
_ELEMENTARY = re.compile(rb"\0\0\x01\xb3.{8,300}?\0\0\x01\0.{4,64}?\0\0\x01\x01", re.DOTALL)


def _begins_with_packet(head: bytes) -> bool:
    """Return whether packets begin here, each where the length of the one before says: the first pack is missing."""
    at = len(head) - len(head.lstrip(b"\0")) - 2
    for _ in range(3):
        if at < 0 or head[at : at + 3] != b"\0\0\x01" or head[at + 3 : at + 4] not in _STREAMS:
            return False
        at += 6 + int.from_bytes(head[at + 4 : at + 6], "big")
    return True


_STREAMS = frozenset(bytes([code]) for code in range(0xBB, 0xF0))


def _is_transport_stream(head: bytes) -> bool:
    start = head.find(b"\x47", 0, _LEAD)
    while start >= 0:
        if any(_are_packets(head, start, size) for size in _PACKETS):
            return True
        start = head.find(b"\x47", start + 1, _LEAD)
    return False


def _are_packets(head: bytes, start: int, size: int) -> bool:
    """Return whether five headers follow: a sync byte, an adaptation field control not reserved (13818-1, 2.4.3.2)."""
    last = start + size * (_IN_A_ROW - 1)
    if len(head) < last + 4:
        return False
    return all(head[at] == 0x47 and head[at + 3] & 0x30 for at in range(start, last + 1, size))
