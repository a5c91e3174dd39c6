"""The policy: what is listed at once, and what is held for the operator because somebody may be abusing the intake.

It guarantees that one flood cannot fill the platforms' lists, without asking anybody who they are.
It must never keep anything about a caller: it counts, and forgets within the hour.
"""

from __future__ import annotations

import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, func, select

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
_ANONYMOUS: Final = Prepared(
    select(func.count()).where(submissions.c.organisation_id.is_(None), submissions.c.day == bindparam("day"))
)
_LOOK_AGAIN: Final = 100
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


def is_known(connection: Connection, organisation: bytes | None) -> bool:
    """Whether a second signature is that of an organisation whose signature counts."""
    return organisation is not None and _ORGANISATION.row(connection, key=organisation) is not None


class Policy:
    """Judges submissions one at a time, in the writer's thread."""

    def __init__(self, settings: Settings) -> None:
        self.retention_days = settings.retention_days
        self._flood = settings.flood_per_hour
        self._items = settings.items_per_submission
        self._of_case = settings.items_per_case
        self._of_day = settings.anonymous_per_day
        self._recent: deque[float] = deque()
        self._day, self._today, self._counted = "", 0, 0

    def judge(self, turn: Turn, submission: Submission, before: int) -> Verdict:
        """``before`` counts the items that the case has. Raises Refused("busy") for an organisation without quota."""
        organisation = self._organisation(turn, submission.organisation)
        if organisation is not None:
            return Verdict(organisation, None)
        flood = self._flooded() | self._overdrawn(turn)
        if len(submission.items) > self._items or before + len(submission.items) > self._of_case:
            return Verdict(None, "budget")
        return Verdict(None, "flood" if flood else None)

    def more_than(self, count: int) -> bool:
        """Whether more than ``count`` anonymous submissions came within the last hour; from any thread."""
        with suppress(IndexError):  # the writer's thread may take some away meanwhile
            return self._recent[-count - 1] > time.monotonic() - _HOUR
        return False

    def _overdrawn(self, turn: Turn) -> bool:
        """Count one more of today, and look now and then what other processes on this database took in."""
        if turn.day != self._day or self._counted >= _LOOK_AGAIN:
            [(self._today,)] = _ANONYMOUS.rows(turn.connection, day=turn.day)
            self._day, self._counted = turn.day, 0
        self._today += 1
        self._counted += 1
        return self._today > self._of_day

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
