"""The intake: the server of a helpline, which accepts cases and gives hashes, never pictures, to platforms.

Importing this package needs none of its optional libraries. Starting an intake reports the missing ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from takedown_cli.core.clock import SYSTEM, Clock
from takedown_cli.core.errors import MissingExtraError

if TYPE_CHECKING:
    from takedown_cli.intake.http.server import Running


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
    """Serve an intake on a free loopback port, in a thread, for as long as the block lasts.

    This is for demonstrations and tests, which may give it a ``clock``; ``takedown intake serve`` starts a real one.
    If ``directory`` is not an intake yet, an intake of that name and mode is made in it.

    Raise MissingExtraError, ConfigError.
    """
    require_extra()
    from takedown_cli.intake.http.server import run_in_thread

    with run_in_thread(directory, name=name, test=test, clock=clock) as server:
        yield server
