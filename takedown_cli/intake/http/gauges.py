"""The present values beside the counters: sizes of lists, what is held, when platforms pulled, load and free space."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from takedown_cli import __version__
from takedown_cli.core.errors import TakedownError
from takedown_cli.intake.operations.census import Census
from takedown_cli.intake.operations.upkeep import CHORES, last_done
from takedown_cli.intake.runtime.thread_pool import ThreadPool
from takedown_cli.intake.service import Intake
from takedown_cli.intake.store.migrations import HEAD

#: Seconds for which a census is used again: counting a large database takes a while.
CENSUS_SECONDS: Final = 60.0
#: Names and values.
Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Gauge:
    """Present values of one kind: ``samples`` has the labels and the value of each."""

    name: str
    help: str
    samples: Sequence[tuple[Labels, float]] = ()


class Gauges:
    """Reads the present values of an intake.

    ``load`` returns the share of its capacity in use: for large messages with True, else for small ones.
    """

    def __init__(self, intake: Intake, pool: ThreadPool, load: Callable[[bool], float]) -> None:
        self._intake = intake
        self._pool = pool
        self._load = load
        self._census: Census | None = None
        self._taken = -CENSUS_SECONDS

    async def read(self) -> list[Gauge]:
        """Return every gauge. Without those of the database if it does not answer."""
        now = time.monotonic()
        if now - self._taken >= CENSUS_SECONDS or self._census is None:
            try:
                self._census = await self._pool.run(self._intake.take_census)
                self._taken = now
            except TakedownError:
                self._census = None
        return [*self._of_the_process(), *(_of_the_database(self._census) if self._census else ())]

    def _of_the_process(self) -> Iterator[Gauge]:
        home = self._intake.home
        version = ("version", __version__), ("database", HEAD)
        yield Gauge("info", "Always 1. The version of takedown, and the revision of the database.", [(version, 1)])
        yield _single("database_up", "1 if the database answers, otherwise 0.", int(self._census is not None))
        yield Gauge(
            "load",
            "The share of the capacity in use, from 0 to 1, for messages up to 64 KiB and larger.",
            [((("size", size),), round(self._load(size == "large"), 4)) for size in ("small", "large")],
        )
        yield _single("orders_waiting", "Changes that wait for the disk.", self._intake.writer.queued)
        yield _single("work_waiting", "Jobs that wait for a thread.", self._pool.queued)
        yield _single("free_bytes", "Free space on the disk of the intake's folder.", shutil.disk_usage(home.path).free)
        for chore, day in ((chore, last_done(home, chore)) for chore in CHORES):
            text = f"When the day of the last {chore} began; 0 if that is not known."
            yield _single(f"last_{chore}_timestamp_seconds", text, _begin_of(day) if day else 0)


def _of_the_database(census: Census) -> Iterator[Gauge]:
    lists = [((("list", one.list),), one) for one in census.lists]
    yield Gauge("listed_hashes", "Active hashes of a list.", [(of, one.active) for of, one in lists])
    provisional = [(of, one.provisional) for of, one in lists]
    yield Gauge("provisional_hashes", "Those that rest on anonymous reports alone.", provisional)
    withdrawn = [(of, one.withdrawn) for of, one in lists]
    yield Gauge("withdrawn_hashes", "Withdrawn hashes that platforms still have to see.", withdrawn)
    yield _single("held_cases", "Cases with items that are held for review.", census.held_cases)
    yield _single("held_hashes", "Hashes of the items that are held for review.", census.held_hashes)
    yield Gauge(
        "last_pull_timestamp_seconds",
        "When the day began on which a platform last pulled a list or, if it never did, was added.",
        [((("platform", one.name),), _begin_of(one.last_pull or one.since)) for one in census.platforms],
    )
    behind = max(0, census.modified - int(time.time()))
    yield _single("clock_behind_seconds", "How far the clock is behind the last change of a hash.", behind)
    yield _single("database_bytes", "The size of the database.", census.size)


def _single(name: str, text: str, value: float) -> Gauge:
    return Gauge(name, text, [((), value)])


def _begin_of(day: str) -> float:
    return datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()
