"""Repeats a request to a busy or silent server: how often, after which pause, and for how long at most."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import stamina
from stamina.instrumentation import set_on_retry_hooks

from takedown_cli.client.transport import Reply, Transport
from takedown_cli.client.waiting import TIMEOUT, Exchange
from takedown_cli.core.errors import UnreachableError
from takedown_cli.locale.filled import filled

_FIRST_PAUSE: Final = 0.5  # seconds; doubles with each attempt
_LONGEST_PAUSE: Final = 30.0
#: Answers after which the request was certainly not carried out, and those after which nobody knows.
_REFUSED: Final = frozenset({429, 503})
#: A gateway's answer for a server behind it. Any other from 500 is a fault of the server itself.
_GATEWAY: Final = frozenset({502, 504})
_FAULTS: Final = 500

set_on_retry_hooks([])  # the default hook logs to stderr, and only the command line may speak


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a request is made, and the seconds without progress for one try and for all of them (at least that)."""

    attempts: int = 4
    timeout: float = TIMEOUT
    total: float = 0.0

    @classmethod
    def within(cls, patience: float, timeout: float = TIMEOUT) -> Retries:
        """Return as many attempts as fit into ``patience`` seconds; each may take ``timeout`` without progress."""
        attempts, waited, pause = 1, 0.0, _FIRST_PAUSE
        while waited < patience:
            attempts, waited, pause = attempts + 1, waited + pause, min(2 * pause, _LONGEST_PAUSE)
        return cls(attempts, timeout, patience)


#: As often and as long as a person waits.
USUAL: Final = Retries()


def exchange_with_retries(
    transport: Transport,
    request: Callable[[Exchange], Reply],
    retries: Retries,
    final: Callable[[Reply], bool] = lambda _: False,
    *,
    repeatable: bool = True,
) -> Reply:
    """Return the reply to a request, which is made again as ``retries`` allow. Raise UnreachableError.

    A request that is not ``repeatable`` is made again only after an answer that it was not carried out. A reply for
    which ``final`` is true is returned, whatever its code.
    """
    exchange = Exchange(retries.attempts, retries.timeout, retries.total)

    def pause_after(error: Exception) -> bool | float:
        again = repeatable and isinstance(error, UnreachableError) and not error.lasting
        pause = _FIRST_PAUSE * 2.0 ** (exchange.attempt - 1) + random.uniform(0, _FIRST_PAUSE)
        if isinstance(error, _BusyError):
            again = repeatable or error.status in _REFUSED
            pause = pause if error.retry_after is None else float(error.retry_after)
        pause = min(pause, _LONGEST_PAUSE)
        if not again or not exchange.allows_pause(pause):
            return False
        if pause >= exchange.until_notice():
            transport.announce_pause(exchange, pause)
        return pause

    for attempt in stamina.retry_context(on=pause_after, attempts=retries.attempts, timeout=None):
        with attempt:
            reply = request(exchange)
            if (reply.status in _REFUSED or reply.status >= _FAULTS) and not final(reply):
                raise _BusyError(reply, transport.server)
            return reply
    raise UnreachableError


class _BusyError(UnreachableError):
    def __init__(self, reply: Reply, server: str) -> None:
        if reply.status in _REFUSED:
            super().__init__(
                filled(
                    "{server} is busy and asks you to try again later (answer {status}).",
                    server=server, status=str(reply.status),
                )
            )  # fmt: skip
        else:
            super().__init__(
                filled(
                    "{server} answered {status}: the server behind it does not answer."
                    if reply.status in _GATEWAY
                    else "{server} answered {status}: something is wrong on that side.",
                    server=server,
                    status=str(reply.status),
                ),
                hint="Try again later. If it stays so, tell the people who run the server.",
            )
        self.status, self.retry_after = reply.status, reply.retry_after
