"""The one writer: it takes orders from many, and commits as many together as came while the disk was busy.

It guarantees that an order's future is set only after the commit that holds it reached the disk, that orders are
carried out one at a time, and that a batch in which one fails is tried again one by one. It must never hold more than
a bounded queue. An order refuses before it writes, or not at all: there is no savepoint around it.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import Connection, Engine, select, update

from takedown_cli.clock import SYSTEM, Clock
from takedown_cli.intake.events import tell_failure
from takedown_cli.intake.prepared import Prepared
from takedown_cli.intake.refusal import Refused
from takedown_cli.intake.schema import clock as clock_row

T = TypeVar("T")

#: Orders that may wait, and orders committed together; beyond the first, callers are told to come back.
QUEUE: Final = 1024
BATCH: Final = 128


_READ_CLOCK = Prepared(select(clock_row.c.modified, clock_row.c.seq).with_for_update())
_SET_CLOCK = Prepared(update(clock_row), ("modified", "seq"))


class Turn:
    """What an order works with: the open transaction, the day, and positions for what it modifies in the feeds.

    ``day`` is the intake's, the only time a case is given: a caller's clock counts for nothing.
    ``modified`` is in seconds and ``seq`` counts modifications; neither ever falls in the order of commits, because
    the clock's row is locked until the commit, whichever process asks.
    """

    def __init__(self, connection: Connection, clock: Clock = SYSTEM) -> None:
        self.connection = connection
        self.day = clock.day()
        [(modified, seq)] = _READ_CLOCK.rows(connection)
        self.modified: int = max(int(clock.seconds()), modified)
        self._before: int = seq
        self._seq: int = seq

    @property
    def last_seq(self) -> int:
        return self._seq

    def next_seq(self) -> int:
        self._seq += 1
        return self._seq

    def close(self) -> None:
        if self._seq != self._before:
            _SET_CLOCK.run(self.connection, {"modified": self.modified, "seq": self._seq})


@dataclass(frozen=True, slots=True)
class _Order(Generic[T]):
    act: Callable[[Turn], T]
    done: Future[T]

    def run(self, turn: Turn) -> Callable[[], None]:
        """Carry it out; what to tell the caller once the batch is on disk."""
        try:
            result = self.act(turn)
        except Refused as refused:
            return self._failing(refused)
        return lambda: self.done.set_result(result)

    def _failing(self, error: Exception) -> Callable[[], None]:
        return lambda: self.done.set_exception(error)


class Writer:
    """A thread that owns the only connection that writes."""

    def __init__(self, engine: Engine, clock: Clock = SYSTEM) -> None:
        self._engine = engine
        self._clock = clock
        self._orders: queue.Queue[_Order[Any] | None] = queue.Queue(QUEUE)
        self._thread = threading.Thread(target=self._work, name="intake-writer", daemon=True)
        self._closed = False
        self._failing = False

    @property
    def waiting(self) -> int:
        """Orders that are not begun."""
        return self._orders.qsize()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Carry out what was ordered, then end."""
        self._closed = True
        self._orders.put(None)
        self._thread.join()

    def order(self, act: Callable[[Turn], T]) -> Future[T]:
        """Have ``act`` done in a transaction. Its future raises Refused: ``busy`` when the commit failed.

        Raises Refused("busy") at once when too many are waiting.
        """
        done: Future[T] = Future()
        if self._closed:
            raise Refused("busy")
        try:
            self._orders.put_nowait(_Order(act, done))
        except queue.Full:
            raise Refused("busy", retry_after=5) from None
        return done

    def _work(self) -> None:
        running = True
        while running:
            batch: list[_Order[Any]] = []
            order = self._orders.get()
            while order is not None:
                batch.append(order)
                if len(batch) == BATCH:
                    break
                try:
                    order = self._orders.get_nowait()
                except queue.Empty:
                    break
            running = order is not None
            if batch and not self._commit(batch) and len(batch) > 1:
                for single in batch:  # one of them did it: the others must not suffer
                    if not self._commit([single]):
                        single.done.set_exception(Refused("busy"))
            elif batch and not batch[0].done.done():
                batch[0].done.set_exception(Refused("busy"))

    def _commit(self, batch: list[_Order[Any]]) -> bool:
        """Carry out a batch in one transaction; False when nothing of it was stored and nobody was told."""
        try:
            with self._engine.begin() as connection:
                turn = Turn(connection, self._clock)
                answers = [order.run(turn) for order in batch]
                turn.close()
        except Exception as error:  # the database failed; or a bug in one order, which must not end the writer
            if not self._failing:  # told once until it works again: a full disk fails every batch
                tell_failure("commit-failed", error)
            self._failing = True
            return False
        self._failing = False
        for answer in answers:
            with suppress(Exception):  # a caller that went away
                answer()
        return True
