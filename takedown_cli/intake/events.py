"""Events: what an operator may know of a serving intake, by name, with counts, durations and classes of errors.

It guarantees that an event has facts of these kinds only, by whichever way it is shown. It must never be given an
address, an id, a hash, the text of an exception, or the moment of a single request: answers are told as sums.
"""

from __future__ import annotations

import logging

#: Whoever serves an intake decides what becomes of its events; until then nobody hears them.
log = logging.getLogger("takedown.intake")
log.addHandler(logging.NullHandler())
log.propagate = False


def tell(name: str, **facts: int | float | str) -> None:
    """Something that went as it should."""
    log.info(name, extra={"facts": facts})


def tell_trouble(name: str) -> None:
    """Something that the operator should look after, though nothing failed."""
    log.warning(name, extra={"facts": {}})


def tell_failure(name: str, error: Exception) -> None:
    """Something that went wrong: of the error only its class."""
    log.error(name, extra={"facts": {"error": type(error).__name__}})
