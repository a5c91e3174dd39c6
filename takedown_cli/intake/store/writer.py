"""The single writer: many threads give it orders, and it commits together those that came while the disk was busy.

It carries out one order at a time. An order's future is set when its commit is on the disk. If a batch fails, each of
its orders is tried again alone. An order needs no savepoint, because it refuses before it writes.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine, select, update

from takedown_cli.core.clock import SYSTEM, Clock
from takedown_cli.intake.refusal import Refused
from takedown_cli.intake.runtime.events import log_failure
from takedown_cli.intake.store.prepared_statements import PreparedStatement
from takedown_cli.intake.store.tables import clock as clock_row

T = TypeVar("T")

#: Orders that may wait, and orders committed together; beyond the first, callers have to come back.
MAX_QUEUED: Final = 1024
MAX_BATCH: Final = 128


_READ_CLOCK = PreparedStatement(select(clock_row.c.modified, clock_row.c.seq).with_for_update())
_SET_CLOCK = PreparedStatement(update(clock_row), ("modified", "seq"))


class WriteTransaction:
    """What an order works with: the open transaction, the day, and places in the feeds for what it changes.

    ``day`` is the intake's own; a caller's clock never counts. ``modified`` is in seconds and ``seq`` counts changes.
    Both only grow in the order of commits, because the clock's row is locked until the commit, for every process.
    """

    def __init__(self, connection: Connection, clock: Clock = SYSTEM) -> None:
        self.connection = connection
        self.execute, self.scalar, self.scalars = connection.execute, connection.scalar, connection.scalars
        self.day = clock.day()
        [(modified, seq)] = _READ_CLOCK.rows(connection)
        # Platforms ask for what changed since the last change that they saw. If the computer's clock is set back, new
        # changes must not slip in before that place, where nobody would look again.
        self.modified: int = max(int(clock.seconds()), modified)
        self._before = self.last_seq = int(seq)

    def next_seq(self) -> int:
        self.last_seq += 1
        return self.last_seq

    def close(self) -> None:
        if self.last_seq != self._before:
            _SET_CLOCK.run(self.connection, {"modified": self.modified, "seq": self.last_seq})


#: What to do in a transaction, and the future to complete once that is on disk.
_Order = tuple[Callable[[WriteTransaction], Any], Future[Any]]


class Writer:
    """A thread that owns the only connection that writes."""

    def __init__(self, engine: Engine, clock: Clock = SYSTEM) -> None:
        self._engine = engine
        self._clock = clock
        self._orders: queue.Queue[_Order | None] = queue.Queue(MAX_QUEUED)
        self._thread = threading.Thread(target=self._work, name="intake-writer", daemon=True)
        self._closed = False
        self._failing = False

    @property
    def queued(self) -> int:
        """The number of orders that are not begun."""
        return self._orders.qsize()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Carry out all orders, then end."""
        self._closed = True
        self._orders.put(None)
        self._thread.join()

    def enqueue(self, act: Callable[[WriteTransaction], T]) -> Future[T]:
        """Run ``act`` in a transaction. Its future raises Refused, which is "busy" if the commit failed.

        Raise Refused("busy") at once if too many orders are waiting.
        """
        done: Future[T] = Future()
        if self._closed:
            raise Refused("busy")
        try:
            self._orders.put_nowait((act, done))
        except queue.Full:
            raise Refused("busy", retry_after=5) from None
        return done

    def _work(self) -> None:
        running = True
        while running:
            batch: list[_Order] = []
            order = self._orders.get()
            while order is not None:
                batch.append(order)
                if len(batch) == MAX_BATCH:
                    break
                try:
                    order = self._orders.get_nowait()
                except queue.Empty:
                    break
            running = order is not None
            if batch and not self._commit(batch) and len(batch) > 1:
                for single in batch:  # one of them failed; the others must not suffer
                    if not self._commit([single]):
                        single[1].set_exception(Refused("busy"))
            elif batch and not batch[0][1].done():
                batch[0][1].set_exception(Refused("busy"))

    def _commit(self, batch: list[_Order]) -> bool:
        """Carry out a batch in one transaction. Return False when nothing was stored and no future was completed."""
        answers: list[tuple[Callable[[Any], None], Any]] = []
        try:
            with self._engine.begin() as connection:
                transaction = WriteTransaction(connection, self._clock)
                for act, done in batch:
                    try:
                        answers.append((done.set_result, act(transaction)))
                    except Refused as refused:
                        answers.append((done.set_exception, refused))
                transaction.close()
        except Exception as error:  # the database failed; or a bug in one order, which must not end the writer
            if not self._failing:  # logged once until it works again: a full disk fails every batch
                log_failure("commit-failed", error)
            self._failing = True
            return False
        self._failing = False
        for complete, answer in answers:
            with suppress(Exception):  # a caller that went away
                complete(answer)
        return True
