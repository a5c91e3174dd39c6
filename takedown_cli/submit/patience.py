"""Asking a busy or silent server again: how often, and after which pause.

It guarantees that Retry-After is honoured, within bounds, and that only what is safe to repeat is repeated.
It must never speak: the command line says what happened.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import stamina
from stamina.instrumentation import set_on_retry_hooks

from takedown_cli.errors import UnreachableError
from takedown_cli.submit.transport import Reply

ATTEMPTS: Final = 4
_FIRST_PAUSE: Final = 0.5  # seconds; doubles with each attempt
_LONGEST_PAUSE: Final = 30.0
#: Answers after which the request was certainly not carried out, and those after which nobody knows.
_REFUSED: Final = frozenset({429, 503})
_UNKNOWN: Final = frozenset({502, 504})

set_on_retry_hooks([])  # the default hook logs to stderr, and only the command line may speak


def attempts_for(seconds: float) -> int:
    """How often to ask so that about so many seconds pass before a server that does not answer is given up."""
    attempts, waited, pause = 1, 0.0, _FIRST_PAUSE
    while waited < seconds:
        attempts, waited, pause = attempts + 1, waited + pause, min(2 * pause, _LONGEST_PAUSE)
    return attempts


def patiently(
    exchange: Callable[[], Reply],
    attempts: int = ATTEMPTS,
    final: Callable[[Reply], bool] = lambda _: False,
    *,
    repeatable: bool = True,
) -> Reply:
    """The reply to a request that is made up to ``attempts`` times. Raises UnreachableError.

    One that is not ``repeatable`` is made again only after an answer which says that it was not carried out. What is
    ``final`` is an answer, whatever its code.
    """

    def pause(error: Exception) -> bool | float:
        if isinstance(error, _BusyError):
            return error.pause if error.status in _REFUSED or repeatable else False
        return repeatable and isinstance(error, UnreachableError)

    for attempt in stamina.retry_context(
        on=pause, attempts=attempts, timeout=None, wait_initial=_FIRST_PAUSE, wait_max=_LONGEST_PAUSE
    ):
        with attempt:
            reply = exchange()
            if reply.status in _REFUSED | _UNKNOWN and not final(reply):
                raise _BusyError(reply)
            return reply
    raise UnreachableError


class _BusyError(UnreachableError):
    sentence = "The intake is busy and asks to come back later."

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self.status, self.retry_after = reply.status, reply.retry_after
        #: Whether to ask again, or after how many seconds the server wants to be asked (RFC 9110, Retry-After).
        self.pause = True if reply.retry_after is None else min(float(reply.retry_after), _LONGEST_PAUSE)
