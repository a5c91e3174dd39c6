"""Supervised, sandboxed decoding processes: a crash, a hang or a memory limit costs one file and nothing else.

``supervisor.Pool`` runs ``worker.hash_media`` on open descriptors; ``posture.posture`` says what really holds here.
Nothing here may let pixels, a path or a foreign exception cross from a child to the parent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from takedown_cli.pool.supervisor import Opener, Pool

__all__ = ["Opener", "Pool"]


def __getattr__(name: str) -> object:
    # The decoding processes are of this package as well, and start sooner without the supervisor.
    if name not in __all__:
        raise AttributeError(name)
    from takedown_cli.pool import supervisor

    return getattr(supervisor, name)
