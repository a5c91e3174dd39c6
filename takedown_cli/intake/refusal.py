"""The intake's refusal: one value, which the web interface turns into an answer.

A refusal has a stable id as its reason, and holds nothing of what was sent.
"""

from __future__ import annotations

from typing import Final, Literal

Reason = Literal[
    "invalid", "conflict", "other-intake", "test-only", "no-test", "no-such-case", "too-large", "quality", "busy"
]

_STATUS: Final[dict[Reason, int]] = {
    "invalid": 400,
    "other-intake": 403,
    "test-only": 403,
    "no-test": 403,
    "no-such-case": 404,
    "conflict": 409,
    "too-large": 413,
    "quality": 422,
    "busy": 503,
}


class Refused(Exception):  # noqa: N818 - an answer, not a fault
    """Nothing was stored. ``status`` is the HTTP status. ``retry_after`` is in seconds, for ``busy`` only."""

    def __init__(self, reason: Reason, *, retry_after: int | None = None) -> None:
        super().__init__(reason)
        self.reason: Reason = reason
        self.status = _STATUS[reason]
        self.retry_after = 2 if reason == "busy" and retry_after is None else retry_after
