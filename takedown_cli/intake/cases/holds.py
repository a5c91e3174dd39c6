"""Decides which submissions are listed at once, and which are held for the operator because they may be abuse.

Budgets count hashes and bytes, so a large submission counts as often as many small ones. Nothing is kept about a
caller: submissions are only counted.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, func, select

from takedown_cli.intake.messages.admission import Submission
from takedown_cli.intake.refusal import Refused
from takedown_cli.intake.settings import Settings
from takedown_cli.intake.store.prepared_statements import PreparedStatement
from takedown_cli.intake.store.tables import items, organisations, submissions
from takedown_cli.intake.store.writer import WriteTransaction

#: Reasons to hold a submission that an operator, or an organisation's signature, can lift.
REVIEWABLE: Final = ("flood", "budget", "revoked")
_HOUR: Final = 3600.0
_STEP: Final = 10.0
_ORGANISATION: Final = PreparedStatement(
    select(organisations.c.id, organisations.c.quota).where(
        organisations.c.key == bindparam("key"), organisations.c.revoked.is_(None)
    )
)
_UNITS: Final = func.coalesce(func.sum(submissions.c.units), 0)
_ANONYMOUS: Final = PreparedStatement(
    select(_UNITS).where(submissions.c.organisation_id.is_(None), submissions.c.charged == bindparam("day"))
)
_LOOK_AGAIN: Final = 100
_TODAY: Final = PreparedStatement(
    select(_UNITS).where(
        submissions.c.organisation_id == bindparam("organisation"), submissions.c.charged == bindparam("day")
    )
)
_HELD: Final = select(func.coalesce(func.sum(items.c.fingerprints), 0)).where(
    items.c.state == "held", items.c.reason.in_(REVIEWABLE)
)
#: A submission counts once for this many hashes and for this many bytes of its sealed message, whichever is more.
UNIT_HASHES: Final = 100
UNIT_BYTES: Final = 64 * 1024
#: Hashes of one submission that are listed in a flood if it came with work: about what a small message has room for.
_SPARED: Final = 400
#: What a sealed message has around its padded content, rounded up.
_AROUND: Final = 4096


def count_units(hashes: int, size: int) -> int:
    """Return how often a submission counts that has so many hashes, in a sealed message of ``size`` bytes."""
    return max(1, -(-hashes // UNIT_HASHES), -(-max(0, size - _AROUND) // UNIT_BYTES))


@dataclass(frozen=True, slots=True)
class Verdict:
    """``organisation`` is the row id of a known countersigner, ``hold`` the reason why items wait for review.

    The first ``spared`` items are listed all the same.
    """

    organisation: int | None
    hold: str | None
    spared: int = 0


def find_organisation(connection: Connection, key: bytes | None) -> int | None:
    """Return the row id of the organisation that the intake trusts to which a second signature belongs, if any."""
    found = None if key is None else _ORGANISATION.row(connection, key=key)
    return None if found is None else int(found[0])


class HoldPolicy:
    """Judge submissions one at a time, in the writer's thread."""

    def __init__(self, settings: Settings) -> None:
        self.retention_days = settings.retention_days
        self._flood = settings.flood_per_hour
        self._items, self._hashes = settings.items_per_submission, settings.hashes_per_submission
        self._items_of_case, self._hashes_of_case = settings.items_per_case, settings.hashes_per_case
        self._most_held = settings.held_hashes
        self._of_day = settings.anonymous_per_day
        self._recent = RecentCount()
        self._day, self._today, self._counted = "", 0, 0

    def judge(self, transaction: WriteTransaction, submission: Submission, before: tuple[int, int]) -> Verdict:
        """Decide whether a submission is held. ``before`` counts the items and the hashes that its case ever had.

        Raise Refused("busy") for an organisation that has used up its quota, and when as much is held as may be. In a
        flood, everybody who did work has some hashes listed: otherwise a flood would silence all of them.
        """
        organisation = self.charge_organisation(transaction, submission.organisation)
        if organisation is not None:
            return Verdict(organisation, None)
        units = count_units(submission.hash_count, submission.size)
        self._recent.add(units)
        flood = self._exceeds_daily_limit(transaction, units) | (self._recent.total > self._flood)
        items, hashes = len(submission.items), submission.hash_count
        large = items > self._items or hashes > self._hashes
        if large or before[0] + items > self._items_of_case or before[1] + hashes > self._hashes_of_case:
            hold = "budget"
        elif flood:
            hold = "flood"
        else:
            return Verdict(None, None)
        spared = _count_spared(submission) if hold == "flood" and submission.paid else 0
        held = sum(map(len, submission.signals[spared:]))
        if held and (transaction.scalar(_HELD) or 0) + held > self._most_held:
            raise Refused("busy", retry_after=3600)
        return Verdict(None, hold, spared)

    def exceeds_day(self, day: str) -> bool:
        """Return whether more came on this day than is listed without work. Any thread may call this."""
        return self._day == day and self._today >= self._of_day

    def count_day(self, connection: Connection, day: str) -> None:
        """Count what is in the database of this day."""
        [(today,)] = _ANONYMOUS.rows(connection, day=day)
        self._day, self._today, self._counted = day, int(today), 0

    def _exceeds_daily_limit(self, transaction: WriteTransaction, units: int) -> bool:
        """Count what came today. From time to time, count what other processes stored in this database."""
        if transaction.day != self._day or self._counted >= _LOOK_AGAIN:
            self.count_day(transaction.connection, transaction.day)
        self._today += units
        self._counted += 1
        return self._today > self._of_day

    def charge_organisation(self, transaction: WriteTransaction, key: bytes | None) -> int | None:
        """Return the row id of a known organisation. Raise Refused("busy") if it has used up its quota."""
        found = None if key is None else _ORGANISATION.row(transaction.connection, key=key)
        if found is None:
            return None
        row, quota = found
        [(used,)] = _TODAY.rows(transaction.connection, organisation=row, day=transaction.day)
        if used >= quota:
            raise Refused("busy", retry_after=3600)
        return int(row)


def _count_spared(submission: Submission) -> int:
    """Return how many of the first items are listed in a flood: the first that has a hash, and then up to ``_SPARED``.

    Everybody has a first picture or video, however many hashes it has.
    """
    spared = total = 0
    for found in submission.signals:
        if total and total + len(found) > _SPARED:
            break
        total += len(found)
        spared += 1
    return spared


class RecentCount:
    """The sum of what was added within an hour, give or take ten seconds. Several threads may use it."""

    def __init__(self) -> None:
        #: The moment at which each step began, and what was added within it.
        self._steps: deque[tuple[float, int]] = deque()
        self._sum = 0
        self._lock = threading.Lock()

    def add(self, units: int) -> None:
        """Add units now; a negative number takes some away that should not count after all."""
        now = time.monotonic()
        with self._lock:
            if self._steps and now - self._steps[-1][0] < _STEP:
                begun, before = self._steps.pop()
                self._steps.append((begun, before + units))
            else:
                self._steps.append((now, units))
            self._sum += units

    @property
    def total(self) -> int:
        with self._lock:
            while self._steps and self._steps[0][0] <= time.monotonic() - _HOUR:
                self._sum -= self._steps.popleft()[1]
            return self._sum
