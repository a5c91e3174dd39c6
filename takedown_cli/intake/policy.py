"""The policy: what is listed at once, and what is held for the operator because somebody may be abusing the intake.

It guarantees that one flood cannot fill the platforms' lists, without asking anybody who they are.
It must never keep anything about a caller: it counts, and forgets within the hour.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, func, select

from takedown_cli.intake.admission import Submission
from takedown_cli.intake.prepared import Prepared
from takedown_cli.intake.refusal import Refused
from takedown_cli.intake.schema import organisations, submissions
from takedown_cli.intake.settings import Settings
from takedown_cli.intake.writer import Turn

_HOUR: Final = 3600.0
_ORGANISATION: Final = Prepared(
    select(organisations.c.id, organisations.c.quota).where(
        organisations.c.key == bindparam("key"), organisations.c.revoked.is_(None)
    )
)
_TODAY: Final = Prepared(
    select(func.count()).where(
        submissions.c.organisation_id == bindparam("organisation"), submissions.c.day == bindparam("day")
    )
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """``organisation`` is the row id of a known one that countersigned; ``hold`` is why the items wait for review."""

    organisation: int | None
    hold: str | None


class Policy:
    """Judges submissions one at a time, in the writer's thread."""

    def __init__(self, settings: Settings) -> None:
        self.retention_days = settings.retention_days
        self._flood = settings.flood_per_hour
        self._items = settings.items_per_submission
        self._recent: deque[float] = deque()

    def judge(self, turn: Turn, submission: Submission) -> Verdict:
        """Raises Refused("busy") when an organisation has used up its day."""
        organisation = self._organisation(turn, submission.organisation)
        if organisation is not None:
            return Verdict(organisation, None)
        if len(submission.items) > self._items:
            return Verdict(None, "budget")
        return Verdict(None, "flood" if self._flooded() else None)

    def _organisation(self, turn: Turn, key: bytes | None) -> int | None:
        found = None if key is None else _ORGANISATION.row(turn.connection, key=key)
        if found is None:
            return None
        row, quota = found
        [(used,)] = _TODAY.rows(turn.connection, organisation=row, day=turn.day)
        if used >= quota:
            raise Refused("busy", retry_after=3600)
        return int(row)

    def _flooded(self) -> bool:
        now = time.monotonic()
        while self._recent and self._recent[0] < now - _HOUR:
            self._recent.popleft()
        self._recent.append(now)
        if len(self._recent) > self._flood + 1:  # no need to remember more than tells that it is too many
            self._recent.popleft()
        return len(self._recent) > self._flood
