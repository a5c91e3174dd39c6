"""The work that an anonymous submission may have to do first. It makes floods costly, and nobody has to give a name.

A solution belongs to one message, identified by its SHA-256. It takes seconds to find and milliseconds to check.
Source: Argon2id, RFC 9106; the puzzle is hashcash's, with a memory-hard function.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from takedown_cli.core.errors import BundleError, UnreachableError
from takedown_cli.protocol.wire import Challenge, SolvedChallenge, decode, encode

#: One try: 8 MiB and one pass, about 4 ms on a computer of 2020. Small computers could not afford more memory.
_MEMORY_KIB: Final = 8192
_PASSES: Final = 1
_LANES: Final = 1
_LENGTH: Final = 16

#: A client solves no more than this: 2^14 tries on average, a minute or two.
MOST_BITS: Final = 14
#: After this many times the average a client gives up (one in ten million does) and asks for another challenge.
_LUCK: Final = 16

_MAGIC: Final = b"takedown work 1\n"
#: The part in front of a message is shorter than this.
ROOM: Final = 1024

#: Tries done, and the tries that are needed on average. No try is done yet when a challenge takes the place of another.
OnProgress = Callable[[int, int], None]


def is_solved(work: SolvedChallenge) -> bool:
    """Return whether the counter solves the challenge. Checking takes one try, however hard the challenge is."""
    return _count_zero_bits(work.challenge, work.counter) >= work.challenge.bits


def _count_zero_bits(challenge: Challenge, counter: int) -> int:
    """Return the number of zero bits that this try begins with."""
    argon = Argon2id(
        salt=bytes.fromhex(challenge.salt),
        length=_LENGTH,
        iterations=_PASSES,
        lanes=_LANES,
        memory_cost=_MEMORY_KIB,
    )
    tried = argon.derive(bytes.fromhex(challenge.message) + counter.to_bytes(8, "big"))
    return 8 * _LENGTH - int.from_bytes(tried, "big").bit_length()


def solve_challenge(challenge: Challenge, on_progress: OnProgress) -> SolvedChallenge:
    """Find the counter, calling ``on_progress`` after each try. An interruption ends it within one try.

    Raise UnreachableError if the intake asks for too much work, or after very many failed tries.
    """
    if challenge.bits > MOST_BITS:
        raise UnreachableError("The intake is busy. It asks for more work than this program accepts.")
    expected = 1 << challenge.bits
    for counter in range(_LUCK * expected):
        if _count_zero_bits(challenge, counter) >= challenge.bits:
            return SolvedChallenge(challenge=challenge, counter=counter)
        on_progress(counter + 1, expected)
    raise UnreachableError


def prepend_work(work: SolvedChallenge, message: bytes) -> bytes:
    """Return the message with the work in front, as it is posted."""
    return _MAGIC + encode(work) + b"\n" + message


def split_off_work(body: bytes) -> tuple[SolvedChallenge | None, bytes]:
    """Return the work in front of a message (None if there is none) and the message. Raise BundleError."""
    if not body.startswith(_MAGIC):
        return None, body
    end = body.find(b"\n", len(_MAGIC), ROOM)
    if end < 0:
        raise BundleError
    return decode(SolvedChallenge, body[len(_MAGIC) : end]), body[end + 1 :]
