"""Finds out what really protects this computer from a hostile picture: it asks the kernel, and tries it in a child.

The level is "full" only if every layer was accepted and every attempt was blocked.
"""

from __future__ import annotations

import contextlib
import socket
import tempfile
from dataclasses import dataclass
from enum import StrEnum

from takedown_cli.core.errors import DecoderStartError
from takedown_cli.hashing.pool import escape_attempts, interpreter
from takedown_cli.hashing.pool.channel import Replies
from takedown_cli.hashing.pool.record import RecordError
from takedown_cli.hashing.pool.sandbox import MEANING, Layer

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
class Protection:
    """The level, the layers that hold, those that do not, and what was tried, each as a phrase for a person.

    ``threads`` is whether decoders may still start threads, which video needs.
    """

    level: Level
    holds: tuple[str, ...]
    lacks: tuple[str, ...]
    attempts: tuple[Attempt, ...]
    threads: bool


def examine_protection() -> Protection:
    """Lock a child down, let it try everything, and return the results. This takes about a tenth of a second.

    Raise DecoderStartError when no child can be started or it does not answer.
    """
    layers, threads, results = _try_escapes()
    attempts = tuple(
        Attempt(what, None if result == escape_attempts.NOT_TRIED else result == escape_attempts.BLOCKED)
        for what, result in zip(escape_attempts.ATTEMPTS, results, strict=True)
    )
    level = Level.PROCESS_ONLY
    if layers & _FULL == _FULL and all(attempt.blocked is not False for attempt in attempts):
        level = Level.FULL
    elif layers & (Layer.FILES | Layer.SYSCALLS | Layer.PROFILE):
        level = Level.PARTIAL
    return Protection(
        level,
        tuple(text for layer, text in MEANING.items() if layer in layers),
        describe_missing(layers),
        attempts,
        threads,
    )


def describe_missing(layers: Layer) -> tuple[str, ...]:
    """Return what a process with these layers lacks of those that Linux has, each as a phrase for a person."""
    meaning = dict(MEANING)
    if Layer.JOB in layers:
        meaning[Layer.LIMITS] = "limits on processor time, open files and written bytes"
    expected = _FULL | Layer.NETWORK | Layer.SCOPE
    return tuple(text for layer, text in meaning.items() if layer in expected and layer not in layers)


def _find_scratch_folder() -> str:
    """Return a folder in which this user may make a file, or nothing when there is none.

    The child has no environment, and without one nothing names such a folder on Windows.
    """
    try:
        return tempfile.gettempdir()
    except OSError:
        return ""


def _try_escapes() -> tuple[Layer, bool, bytes]:
    """Return the layers that a locked-down child has, whether threads start in it, and how each attempt ended."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(_SECONDS)
        settings: interpreter.Settings = {"folder": _find_scratch_folder()}
        try:
            process = interpreter.start_interpreter("takedown_cli.hashing.pool.escape_attempts", settings, theirs)
        except OSError as refused:
            raise DecoderStartError from refused
        replies, answers = Replies(), dict[int, bytes]()
        try:
            theirs.close()
            with contextlib.suppress(OSError, RecordError):
                while len(answers) < 2 and (data := ours.recv(4096)):
                    answers.update(replies.feed(data))
        finally:
            process.kill()
            process.wait()
    first = answers.get(0, b"")
    if len(first) != 2 + len(escape_attempts.ATTEMPTS) - 1:
        raise DecoderStartError
    # No second answer: the process became another program.
    last = answers.get(1, bytes([escape_attempts.POSSIBLE]))[:1]
    return Layer(first[0]), bool(first[1]), first[2:] + last
