"""The events of a running intake that an operator may see: names, counts, durations and classes of errors.

An event holds no address, id, hash or text of an exception, and not the time of a single request: answers are logged as
sums.
"""

from __future__ import annotations

import logging

#: The program that serves an intake decides where its events go. Without that, they are dropped.
log = logging.getLogger("takedown.intake")
log.addHandler(logging.NullHandler())
log.propagate = False


def log_event(name: str, **facts: int | float | str) -> None:
    """Log a normal event."""
    log.info(name, extra={"facts": facts})


def log_warning(name: str) -> None:
    """Log something that needs the operator's attention although nothing failed."""
    log.warning(name, extra={"facts": {}})


def log_failure(name: str, error: Exception) -> None:
    """Log a failure, with only the class of the error."""
    log.error(name, extra={"facts": {"error": type(error).__name__}})
