"""Work: what an anonymous submission may have to do first, so that a flood costs whoever makes it and nobody is named.

It guarantees that a solution belongs to one message, costs seconds to find and milliseconds to check, and that nobody
is made to work more than ``MOST_BITS`` say. It must never know who sends, nor anything about a message but its SHA-256.
Source: Argon2id, RFC 9106; the puzzle is hashcash's, with a memory-hard function.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from takedown_cli.errors import BundleError, UnreachableError
from takedown_cli.wire import Challenge, Work, decode, encode

#: One try: 8 MiB and one pass, some 4 ms on a computer of 2020. More memory would not fit the small ones.
_MEMORY_KIB: Final = 8192
_PASSES: Final = 1
_LANES: Final = 1
_LENGTH: Final = 16

#: A client solves no more: 2^14 tries on average, a minute or two. An intake that asks more is not obeyed.
MOST_BITS: Final = 14
#: So many times the average are tried: whoever is that unlucky (one in ten million) asks for another challenge.
_LUCK: Final = 16

_MAGIC: Final = b"takedown work 1\n"
#: What stands in front of a message is shorter than this.
ROOM: Final = 1024

#: Tries done, and the tries that are needed on average.
Told = Callable[[int, int], None]


def holds(work: Work) -> bool:
    """Whether the counter solves the challenge: one try, whatever the challenge asks."""
    return _zeros(work.challenge, work.counter) >= work.challenge.bits


def _zeros(challenge: Challenge, counter: int) -> int:
    """The zero bits that the try begins with."""
    argon = Argon2id(
        salt=bytes.fromhex(challenge.salt),
        length=_LENGTH,
        iterations=_PASSES,
        lanes=_LANES,
        memory_cost=_MEMORY_KIB,
    )
    tried = argon.derive(bytes.fromhex(challenge.message) + counter.to_bytes(8, "big"))
    return 8 * _LENGTH - int.from_bytes(tried, "big").bit_length()


def solve(challenge: Challenge, told: Told) -> Work:
    """Find the counter; ``told`` hears after each try. An interruption ends it within one try.

    Raises UnreachableError when the intake asks for more than it may, or luck is out.
    """
    if challenge.bits > MOST_BITS:
        raise UnreachableError("The intake is busy, and asks for more work than this program does for anybody.")
    expected = 1 << challenge.bits
    for counter in range(_LUCK * expected):
        if _zeros(challenge, counter) >= challenge.bits:
            return Work(challenge=challenge, counter=counter)
        told(counter + 1, expected)
    raise UnreachableError


def packed(work: Work, message: bytes) -> bytes:
    """The message with the work in front, as it is posted."""
    return _MAGIC + encode(work) + b"\n" + message


def unpacked(body: bytes) -> tuple[Work | None, bytes]:
    """The work in front of a message, if there is any, and the message. Raises BundleError."""
    if not body.startswith(_MAGIC):
        return None, body
    end = body.find(b"\n", len(_MAGIC), ROOM)
    if end < 0:
        raise BundleError
    return decode(Work, body[len(_MAGIC) : end]), body[end + 1 :]
