"""Supervised, sandboxed decoding processes: a crash, a hang or a memory limit costs one file and nothing else.

``supervisor.Pool`` runs ``worker.hash_media`` on open descriptors; ``posture.posture`` says what really holds here.
Nothing here may let pixels, a path or a foreign exception cross from a child to the parent.
"""

from __future__ import annotations

from takedown_cli.pool.supervisor import Opener, Pool

__all__ = ["Opener", "Pool"]
