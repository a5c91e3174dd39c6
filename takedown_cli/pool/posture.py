"""What really protects this computer from a hostile picture: asked of the kernel and tried in a child.

It guarantees that "full" is said only when every layer was accepted and every attempt was blocked.
It must never decode anything, nor guess from the name of the system.
"""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass
from enum import StrEnum

from takedown_cli.errors import DecoderStartError
from takedown_cli.pool import interpreter, proof
from takedown_cli.pool.channel import Replies
from takedown_cli.pool.record import RecordError
from takedown_cli.pool.sandbox import MEANING, Layer

_SECONDS = 20.0
#: Without any one of these the sandbox is not called full.
_FULL = Layer.LIMITS | Layer.NO_NEW_PRIVILEGES | Layer.FILES | Layer.SYSCALLS


class Level(StrEnum):
    """``full``: a hijacked decoder can only lie. ``process-only``: a crash is contained, an attack is not."""

    FULL = "full"
    PARTIAL = "partial"
    PROCESS_ONLY = "process-only"


@dataclass(frozen=True, slots=True)
class Attempt:
    """Something a hijacked decoder would try; ``blocked`` is None where this system has no such thing."""

    what: str
    blocked: bool | None


@dataclass(frozen=True, slots=True)
class Posture:
    """The level, the layers that hold, those that do not, and what was tried, each as a phrase for a person.

    ``threads`` tells that decoders may still start threads, which video needs.
    """

    level: Level
    holds: tuple[str, ...]
    lacks: tuple[str, ...]
    attempts: tuple[Attempt, ...]
    threads: bool


def posture() -> Posture:
    """Lock a child down, let it try everything, and say what came of it. Takes about a tenth of a second.

    Raises DecoderStartError when no child can be started or it does not answer.
    """
    layers, threads, results = _examine()
    attempts = tuple(
        Attempt(what, None if result == proof.NOT_TRIED else result == proof.BLOCKED)
        for what, result in zip(proof.ATTEMPTS, results, strict=True)
    )
    open_ways = [attempt for attempt in attempts if attempt.blocked is False]
    if layers & _FULL == _FULL and not open_ways:
        level = Level.FULL
    elif layers & (Layer.FILES | Layer.SYSCALLS | Layer.PROFILE):
        level = Level.PARTIAL
    else:
        level = Level.PROCESS_ONLY
    expected = _FULL | Layer.NETWORK | Layer.SCOPE
    return Posture(
        level,
        tuple(text for layer, text in MEANING.items() if layer in layers),
        tuple(text for layer, text in MEANING.items() if layer in expected and layer not in layers),
        attempts,
        threads,
    )


def prove() -> tuple[Attempt, ...]:
    """Only what was tried in a locked-down child. Raises DecoderStartError."""
    return posture().attempts


def _examine() -> tuple[Layer, bool, bytes]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(_SECONDS)
        try:
            process = interpreter.start("takedown_cli.pool.proof", {}, theirs)
        except OSError as refused:
            raise DecoderStartError from refused
        try:
            theirs.close()
            answers = _listen(ours)
        finally:
            process.kill()
            process.wait()
    first = answers.get(0, b"")
    if len(first) != 2 + len(proof.ATTEMPTS) - 1:
        raise DecoderStartError
    # No second answer: the process became another program.
    last = answers.get(1, bytes([proof.POSSIBLE]))[:1]
    return Layer(first[0]), bool(first[1]), first[2:] + last


def _listen(channel: socket.socket) -> dict[int, bytes]:
    replies, answers = Replies(), dict[int, bytes]()
    with contextlib.suppress(OSError, RecordError):
        while len(answers) < 2 and (data := channel.recv(4096)):
            answers.update(replies.feed(data))
    return answers
