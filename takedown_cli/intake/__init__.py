"""The intake: what a helpline runs to take in cases and to pass hashes, never pictures, on to platforms.

It guarantees that importing this package needs none of its optional libraries; what starts it says which are missing.
It must never import what decodes media or what sends: an intake has no use for either.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from takedown_cli.clock import SYSTEM, Clock
from takedown_cli.errors import MissingExtraError

if TYPE_CHECKING:
    from takedown_cli.intake.server import Running


def require_extra() -> None:
    """Raise MissingExtraError unless the libraries of the extra ``intake`` are installed."""
    try:
        import sqlalchemy
        import starlette
        import uvicorn
    except ImportError:
        raise MissingExtraError from None
    del sqlalchemy, starlette, uvicorn


@contextmanager
def running(
    directory: Path, *, name: str = "Demonstration intake", test: bool = True, clock: Clock = SYSTEM
) -> Iterator[Running]:
    """An intake on a free loopback port, in a thread, for as long as the block lasts.

    ``directory`` is made into an intake of that name and mode when it is none yet. For the demonstration, and for
    tests, which may give it a ``clock``; a real one is started by ``takedown intake serve``.
    Raises MissingExtraError, ConfigError.
    """
    require_extra()
    from takedown_cli.intake.server import run_in_thread

    with run_in_thread(directory, name=name, test=test, clock=clock) as server:
        yield server
