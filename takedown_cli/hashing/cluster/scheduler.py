"""The cluster as a hasher: it takes files and returns their outcomes in the same order, even if workers fail.

Every input has one outcome. A lost worker costs only time. A file that makes three workers fail becomes Failed.
"""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING, Final, Self

from takedown_cli.core.errors import ConfigError, UnreachableError
from takedown_cli.core.model import Failed, Found, MediaFile, Outcome, Recipe, Skipped
from takedown_cli.core.reasons import Reason
from takedown_cli.hashing.cluster import messages
from takedown_cli.hashing.cluster.workers import RemoteWorker, Trouble, find_trouble
from takedown_cli.hashing.pool.record import RecordError

if TYPE_CHECKING:
    from takedown_cli.hashing.cluster.connection import Connection, Ticket
    from takedown_cli.hashing.pool.supervisor import OpenFile

#: How many files may be read ahead of the next outcome: at least, and for each worker.
LOOK_AHEAD, AHEAD_EACH = 256, 128
#: The most files, and bytes of files, in one order.
ORDER_FILES, ORDER_BYTES = 24, 256 << 20
#: Workers that a file may take down with it, and times that workers may not see it as it is seen here.
MOST_LOST, MOST_UNSEEN = 3, 3
_ROUND_SECONDS: Final = 1.0


@dataclass(slots=True, eq=False)
class Slot:
    """A place in the order of outcomes. While it has no outcome, it holds the file that waits for one."""

    found: Found | Skipped | Failed
    file: MediaFile | None = None
    line: messages.OrderLine | None = None
    lost: int = 0
    unseen: int = 0
    outcome: Outcome | None = None

    def fail(self, reason: Reason) -> None:
        self.outcome = Failed(self.found.path, reason, self.found.size, self.file.media if self.file else None)


@dataclass(slots=True, eq=False)
class _Run:
    """One run: the places in order, those to send, those that may crash a worker, and the content of each order."""

    window: deque[Slot] = field(default_factory=deque)
    waiting: deque[Slot] = field(default_factory=deque)
    suspects: deque[Slot] = field(default_factory=deque)
    orders: dict[Ticket, list[Slot]] = field(default_factory=dict)

    def take_known(self, in_order: bool) -> Iterator[Outcome]:
        """Yield the outcomes that are known and due, and free their places."""
        known = list(takewhile(lambda slot: slot.outcome is not None, self.window))
        if not in_order:
            known = [slot for slot in self.window if slot.outcome is not None]
            self.window = deque(slot for slot in self.window if slot.outcome is None)
        for slot in known:
            if in_order:
                self.window.popleft()
            yield slot.outcome  # type: ignore[misc]


class Cluster:
    """A hasher for one recipe, as a context manager; one ``outcomes`` at a time. Use it in one thread.

    ``connect`` opens the connection to the scheduler; ``open_file`` opens a file, as it does for the local pool.
    """

    #: Seconds without a usable worker after which the run is given up.
    patience: float = 30.0

    def __init__(self, connect: Callable[[], Connection], recipe: Recipe, open_file: OpenFile) -> None:
        self._connect = connect
        self._recipe = recipe
        self._open_file = open_file
        self._connection: Connection | None = None
        self._workers: dict[str, RemoteWorker] = {}
        self._versions: dict[str, str] = {}
        self._looked = self._served = 0.0
        #: Why workers were not used: a reason, and how many.
        self.troubles: Counter[Trouble] = Counter()

    def __enter__(self) -> Self:
        from takedown_cli.hashing.cluster import worker_side

        self._versions = worker_side.list_versions()
        self._connection = self._connect()
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def outcomes(self, found: Iterable[Found | Skipped | Failed], *, in_order: bool = True) -> Iterator[Outcome]:
        """Yield one outcome for each input, in its order, or as soon as each is known.

        Raise UnreachableError when the scheduler or every worker is gone, ConfigError when no worker can be used.
        """
        connection = self._connection
        if connection is None:
            raise UnreachableError
        if connection.scheduler_serves_pages():
            raise ConfigError(_SERVES_PAGES, hint="docs/how-to/hash-on-several-machines.md shows how it is set up.")
        run = _Run()
        self._served = time.monotonic()
        try:
            yield from self._run(connection, iter(found), run, in_order)
        finally:
            for ticket in run.orders:
                connection.forget(ticket)
            self._workers = {name: worker for name, worker in self._workers.items() if worker.examined}
            for worker in self._workers.values():
                worker.orders.clear()
                worker.alone = False

    def _run(
        self, connection: Connection, source: Iterator[Found | Skipped | Failed], run: _Run, in_order: bool
    ) -> Iterator[Outcome]:
        more = True
        while True:
            self._update_workers(connection, run)
            more = more and self._fill(source, run)
            self._send_orders(connection, run)
            yield from run.take_known(in_order)
            if run.window:
                self._wait(connection, run)
            elif not more:
                return

    # ----------------------------------------------------------------------------------------------------- files

    def _fill(self, source: Iterator[Found | Skipped | Failed], run: _Run) -> bool:
        """Read files ahead. Return False when there are no more."""
        usable = sum(worker.usable for worker in self._workers.values())
        ahead, stock = max(LOOK_AHEAD, AHEAD_EACH * usable), 2 * ORDER_FILES * max(1, usable)
        while len(run.window) < ahead and len(run.waiting) < stock:
            item = next(source, None)
            if item is None:
                return False
            slot = Slot(item)
            run.window.append(slot)
            if self._read_file(slot):
                run.waiting.append(slot)
        return True

    def _read_file(self, slot: Slot) -> bool:
        """Look at the file as it is now; return False when it has an outcome already."""
        opened = self._open_file(slot.found, self._recipe.limits) if isinstance(slot.found, Found) else slot.found
        if not isinstance(opened, tuple) or not isinstance(slot.found, Found):
            slot.outcome = opened if not isinstance(opened, tuple) else None
            return False
        descriptor, slot.file = opened
        try:
            slot.line = messages.line_of(slot.found, slot.file, int(os.fstat(descriptor).st_mtime))
        except OSError:
            slot.fail(Reason.READ_ERROR)
        finally:
            os.close(descriptor)
        return slot.outcome is None

    # --------------------------------------------------------------------------------------------------- workers

    def _update_workers(self, connection: Connection, run: _Run) -> None:
        """Check about once a second which workers joined and which left."""
        now = time.monotonic()
        if self._workers and now - self._looked < _ROUND_SECONDS:
            return
        self._looked = now
        there = connection.list_workers()
        for name in set(self._workers) - there:
            lost = self._workers.pop(name)
            for ticket in lost.orders:
                self._retry_alone(run, run.orders.pop(ticket, []))
                connection.forget(ticket)
        for name in there - set(self._workers):
            self._workers[name] = worker = RemoteWorker()
            ticket = connection.ask_set_up(name)
            worker.orders.append(ticket)
            run.orders[ticket] = []

    def _retry_alone(self, run: _Run, slots: list[Slot]) -> None:
        """Try each file of a lost worker again, alone: any of them may be the reason why the worker is lost."""
        for slot in slots:
            slot.lost += 1
            if slot.lost >= MOST_LOST:
                slot.fail(Reason.DECODER_CRASHED)
            else:
                run.suspects.append(slot)

    def _send_orders(self, connection: Connection, run: _Run) -> None:
        # Least busy first, so that the last files of a run are spread as well.
        usable = ((name, worker) for name, worker in self._workers.items() if worker.usable)
        for name, worker in sorted(usable, key=lambda pair: len(pair[1].orders)):
            if run.suspects:  # this one is kept free, or becomes so
                if worker.has_room(alone=True):
                    self._send_order(connection, run, name, [run.suspects.popleft()], alone=True)
                continue
            while run.waiting and worker.has_room(alone=False):
                self._send_order(connection, run, name, self._cut_order(run))

    def _cut_order(self, run: _Run) -> list[Slot]:
        usable = max(1, sum(worker.usable for worker in self._workers.values()))
        most = min(ORDER_FILES, max(1, len(run.waiting) // usable))
        slots, size = [run.waiting.popleft()], 0
        while run.waiting and len(slots) < most and size < ORDER_BYTES:
            size += run.waiting[0].found.size
            slots.append(run.waiting.popleft())
        return slots

    def _send_order(
        self, connection: Connection, run: _Run, name: str, slots: list[Slot], *, alone: bool = False
    ) -> None:
        lines = tuple(slot.line for slot in slots if slot.line is not None)
        ticket = connection.send_order(name, asdict(self._recipe), lines)
        worker = self._workers[name]
        worker.orders.append(ticket)
        worker.alone = alone
        run.orders[ticket] = slots

    def _wait(self, connection: Connection, run: _Run) -> None:
        """Take the answers. Raise UnreachableError if there has been no worker for too long."""
        ticket = connection.wait_for_end(_ROUND_SECONDS)
        if ticket is not None:
            self._receive(connection, run, ticket)
        now = time.monotonic()
        if any(worker.usable for worker in self._workers.values()):
            self._served = now
            return
        hopeless = bool(self._workers) and all(worker.trouble is not None for worker in self._workers.values())
        if not hopeless and now - self._served <= self.patience:
            return
        if self.troubles:
            (worst, _), *_ = self.troubles.most_common(1)
            raise ConfigError(
                f"None of the cluster's workers can be used. One of them {worst.value}.",
                hint="See docs/how-to/hash-on-several-machines.md.",
            )
        raise UnreachableError(
            "The cluster has no worker left.", hint="Start one, and run the command again; --resume keeps what is done."
        )

    # --------------------------------------------------------------------------------------------------- answers

    def _receive(self, connection: Connection, run: _Run, ticket: Ticket) -> None:
        worker = self._workers.get(ticket.worker)
        slots = run.orders.pop(ticket, None)
        if worker is None or slots is None or ticket not in worker.orders:
            return
        worker.orders.remove(ticket)
        failed, answer = connection.has_failed(ticket), connection.read_answer(ticket)
        if not worker.examined:
            if answer is None and not failed:
                del self._workers[ticket.worker]  # it went meanwhile; if it comes back it is examined again
                return
            worker.examined = True
            self._exclude(worker, find_trouble(answer, self._versions))
            return
        worker.alone = False
        self._accept_answer(run, worker, slots, answer)
        if worker.trouble is not None:
            for other in worker.orders:
                connection.forget(other)
                run.waiting.extendleft(reversed(run.orders.pop(other, [])))
            worker.orders.clear()

    def _accept_answer(self, run: _Run, worker: RemoteWorker, slots: list[Slot], answer: object) -> None:
        """Accept the answer, or have the files done again."""
        if answer is None or answer == messages.BROKEN:  # it went while it answered, or any of the files broke it
            self._exclude(worker, worker.count_order(Trouble.BROKEN))
            self._retry_alone(run, slots)
            return
        try:
            outcomes = messages.unpack_answer(answer, [slot.file for slot in slots if slot.file], self._recipe)
        except RecordError:
            self._exclude(worker, Trouble.DECODERS if answer == messages.NO_DECODERS else Trouble.NONSENSE)
            run.waiting.extendleft(reversed(slots))
            return
        unseen: list[Slot] = []
        for slot, outcome in zip(slots, outcomes, strict=True):
            before, slot.outcome = slot.line, outcome
            if outcome is None and self._read_file(slot):
                run.waiting.append(slot)
                if slot.line == before:
                    unseen.append(slot)
        # Where the file is here as it was described, it is the worker that does not see it.
        self._exclude(worker, worker.count_order(Trouble.BLIND if len(unseen) == len(slots) else None))
        for slot in unseen if worker.trouble is None else ():
            slot.unseen += 1
            if slot.unseen >= MOST_UNSEEN:
                run.waiting.remove(slot)
                slot.fail(Reason.CHANGED)

    def _exclude(self, worker: RemoteWorker, trouble: Trouble | None) -> None:
        if trouble is not None and worker.trouble is None:
            worker.trouble = trouble
            self.troubles[trouble] += 1


_SERVES_PAGES: Final = "The cluster's scheduler shows its work on web pages. Other people could read them."
