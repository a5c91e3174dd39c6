"""The cluster as a hasher: files in, outcomes out in the same order, whatever becomes of single workers meanwhile.

It guarantees one outcome for every input, that a lost worker costs nothing but time, and that a file which takes
three workers down is Failed. It must never read more of a file than tells its kind, nor keep more than a window.
"""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from takedown_cli.cluster import parcel
from takedown_cli.cluster.crew import Trouble, Worker, trouble_in
from takedown_cli.errors import ConfigError, UnreachableError
from takedown_cli.model import Failed, Found, MediaFile, Outcome, Recipe, Skipped
from takedown_cli.pool.record import RecordError
from takedown_cli.pool.settings import plain
from takedown_cli.reasons import Reason

if TYPE_CHECKING:
    from takedown_cli.cluster.link import Link, Ticket
    from takedown_cli.pool import Opener

#: Files taken ahead of the outcome that is due: at least, and for each worker.
LOOK_AHEAD, AHEAD_EACH = 256, 128
#: An order is at most so many files, or bytes of files.
ORDER_FILES, ORDER_BYTES = 24, 256 << 20
#: Workers that a file may take down with it, and times that workers may not see it as it is seen here.
MOST_LOST, MOST_UNSEEN = 3, 3
_LOOK_ROUND: Final = 1.0
#: Seconds without a usable worker after which the run is given up.
PATIENCE: Final = 30.0


@dataclass(slots=True, eq=False)
class Slot:
    """A place in the order of outcomes, and while it has none, the file that waits for one."""

    found: Found | Skipped | Failed
    file: MediaFile | None = None
    line: parcel.Line | None = None
    lost: int = 0
    unseen: int = 0
    outcome: Outcome | None = None

    def fail(self, reason: Reason) -> None:
        self.outcome = Failed(self.found.path, reason, self.found.size, self.file.media if self.file else None)


@dataclass(slots=True, eq=False)
class _State:
    """One run: places in order, those to be sent, those that may be poisonous, and what each order is about."""

    window: deque[Slot] = field(default_factory=deque)
    waiting: deque[Slot] = field(default_factory=deque)
    suspects: deque[Slot] = field(default_factory=deque)
    orders: dict[Ticket, list[Slot]] = field(default_factory=dict)

    def due(self, in_order: bool) -> Iterator[Outcome]:
        """What is known and may be given out; its places are free from then on."""
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

    ``connect`` opens the line to the scheduler, ``opener`` tells what a file is, as it does for the local pool.
    """

    def __init__(self, connect: Callable[[], Link], recipe: Recipe, opener: Opener) -> None:
        self._connect = connect
        self._recipe = recipe
        self._opener = opener
        self._link: Link | None = None
        self._workers: dict[str, Worker] = {}
        self._versions: dict[str, str] = {}
        self._looked = self._served = 0.0
        #: Why workers were not used: a reason, and how many.
        self.troubles: Counter[Trouble] = Counter()

    def __enter__(self) -> Self:
        from takedown_cli.cluster import remote

        self._versions = remote.versions()
        self._link = self._connect()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    def outcomes(self, found: Iterable[Found | Skipped | Failed], *, in_order: bool = True) -> Iterator[Outcome]:
        """One outcome for each input, in its order, or as soon as each is known.

        Raises UnreachableError when the scheduler or every worker is gone, ConfigError when no worker can be used.
        """
        link = self._link
        if link is None:
            raise UnreachableError
        if link.scheduler_pages() != b"\0":
            raise ConfigError(_NO_PAGES, hint="docs/cluster.md shows how it is set up.")
        run = _State()
        self._served = time.monotonic()
        try:
            yield from self._run(link, iter(found), run, in_order)
        finally:
            for ticket in run.orders:
                link.forget(ticket)
            self._workers = {name: worker for name, worker in self._workers.items() if worker.looked}
            for worker in self._workers.values():
                worker.orders.clear()
                worker.alone = False

    def _run(
        self, link: Link, source: Iterator[Found | Skipped | Failed], run: _State, in_order: bool
    ) -> Iterator[Outcome]:
        more = True
        while True:
            self._take_note(link, run)
            more = more and self._fill(source, run)
            self._send_out(link, run)
            yield from run.due(in_order)
            if run.window:
                self._wait(link, run)
            elif not more:
                return

    # ----------------------------------------------------------------------------------------------------- files

    def _fill(self, source: Iterator[Found | Skipped | Failed], run: _State) -> bool:
        """Take files ahead; False once the source is exhausted."""
        crew = sum(worker.usable for worker in self._workers.values())
        ahead, stock = max(LOOK_AHEAD, AHEAD_EACH * crew), 2 * ORDER_FILES * max(1, crew)
        while len(run.window) < ahead and len(run.waiting) < stock:
            item = next(source, None)
            if item is None:
                return False
            slot = Slot(item)
            run.window.append(slot)
            if self._prepare(slot):
                run.waiting.append(slot)
        return True

    def _prepare(self, slot: Slot) -> bool:
        """Look at the file as it is now; False when it has an outcome already."""
        opened = self._opener(slot.found, self._recipe.limits) if isinstance(slot.found, Found) else slot.found
        if not isinstance(opened, tuple) or not isinstance(slot.found, Found):
            slot.outcome = opened if not isinstance(opened, tuple) else None
            return False
        descriptor, slot.file = opened
        try:
            slot.line = parcel.line_of(slot.found, slot.file, int(os.fstat(descriptor).st_mtime))
        except OSError:
            slot.fail(Reason.READ_ERROR)
        finally:
            os.close(descriptor)
        return slot.outcome is None

    # --------------------------------------------------------------------------------------------------- workers

    def _take_note(self, link: Link, run: _State) -> None:
        """See who came and who went, about once a second."""
        now = time.monotonic()
        if self._workers and now - self._looked < _LOOK_ROUND:
            return
        self._looked = now
        there = link.workers()
        for name in set(self._workers) - there:
            lost = self._workers.pop(name)
            for ticket in lost.orders:
                self._lose(run, run.orders.pop(ticket, []))
                link.forget(ticket)
        for name in there - set(self._workers):
            self._workers[name] = worker = Worker()
            ticket = link.look(name)
            worker.orders.append(ticket)
            run.orders[ticket] = []

    def _lose(self, run: _State, slots: list[Slot]) -> None:
        """A worker is gone: any of the files it had may be why, so each is tried again with nothing beside it."""
        for slot in slots:
            slot.lost += 1
            if slot.lost >= MOST_LOST:
                slot.fail(Reason.DECODER_CRASHED)
            else:
                run.suspects.append(slot)

    def _send_out(self, link: Link, run: _State) -> None:
        # Least busy first, so that the last files of a run are spread as well.
        crew = sorted((pair for pair in self._workers.items() if pair[1].usable), key=lambda pair: len(pair[1].orders))
        for name, worker in crew:
            if run.suspects:  # this one is kept free, or becomes so
                if worker.has_room(alone=True):
                    self._order(link, run, name, [run.suspects.popleft()], alone=True)
                continue
            while run.waiting and worker.has_room(alone=False):
                self._order(link, run, name, self._cut(run))

    def _cut(self, run: _State) -> list[Slot]:
        crew = max(1, sum(worker.usable for worker in self._workers.values()))
        most = min(ORDER_FILES, max(1, len(run.waiting) // crew))
        slots, size = [run.waiting.popleft()], 0
        while run.waiting and len(slots) < most and size < ORDER_BYTES:
            size += run.waiting[0].found.size
            slots.append(run.waiting.popleft())
        return slots

    def _order(self, link: Link, run: _State, name: str, slots: list[Slot], *, alone: bool = False) -> None:
        lines = tuple(slot.line for slot in slots if slot.line is not None)
        ticket = link.order(name, plain(self._recipe), lines)
        worker = self._workers[name]
        worker.orders.append(ticket)
        worker.alone = alone
        run.orders[ticket] = slots

    def _wait(self, link: Link, run: _State) -> None:
        """Take in what was answered; give up when there has been nobody to ask for too long."""
        ticket = link.finished(_LOOK_ROUND)
        if ticket is not None:
            self._receive(link, run, ticket)
        now = time.monotonic()
        if any(worker.usable for worker in self._workers.values()):
            self._served = now
        elif self._hopeless() or now - self._served > PATIENCE:
            self._give_up()

    def _hopeless(self) -> bool:
        return bool(self._workers) and all(worker.trouble is not None for worker in self._workers.values())

    def _give_up(self) -> None:
        if self.troubles:
            (worst, _), *_ = self.troubles.most_common(1)
            raise ConfigError(f"No worker of the cluster can be used: one {worst.value}.", hint="See docs/cluster.md.")
        raise UnreachableError(
            "The cluster has no worker left.", hint="Start one, and run the command again; --resume keeps what is done."
        )

    # --------------------------------------------------------------------------------------------------- answers

    def _receive(self, link: Link, run: _State, ticket: Ticket) -> None:
        worker = self._workers.get(ticket.worker)
        slots = run.orders.pop(ticket, None)
        if worker is None or slots is None or ticket not in worker.orders:
            return
        worker.orders.remove(ticket)
        failed, answer = link.failed(ticket), link.answer(ticket)
        if not worker.looked:
            if answer is None and not failed:
                del self._workers[ticket.worker]  # it went meanwhile, or comes back and is looked at again
                return
            worker.looked = True
            self._exclude(worker, trouble_in(answer, self._versions))
            return
        worker.alone = False
        self._settle(run, worker, slots, answer)
        if worker.trouble is not None:
            for other in worker.orders:
                link.forget(other)
                run.waiting.extendleft(reversed(run.orders.pop(other, [])))
            worker.orders.clear()

    def _settle(self, run: _State, worker: Worker, slots: list[Slot], answer: object) -> None:
        """Believe the answer, or have the files done again."""
        if answer is None or answer == parcel.BROKEN:  # it went while it answered, or any of the files broke it
            self._exclude(worker, worker.gave(Trouble.BROKEN))
            self._lose(run, slots)
            return
        try:
            outcomes = parcel.unpack(answer, [slot.file for slot in slots if slot.file is not None], self._recipe)
        except RecordError:
            self._exclude(worker, Trouble.DECODERS if answer == parcel.NO_DECODERS else Trouble.NONSENSE)
            run.waiting.extendleft(reversed(slots))
            return
        unseen: list[Slot] = []
        for slot, outcome in zip(slots, outcomes, strict=True):
            before, slot.outcome = slot.line, outcome
            if outcome is None and self._prepare(slot):
                run.waiting.append(slot)
                if slot.line == before:
                    unseen.append(slot)
        # Where the file is here as it was described, it is the worker that does not see it.
        self._exclude(worker, worker.gave(Trouble.BLIND if len(unseen) == len(slots) else None))
        for slot in unseen if worker.trouble is None else ():
            slot.unseen += 1
            if slot.unseen >= MOST_UNSEEN:
                run.waiting.remove(slot)
                slot.fail(Reason.CHANGED)

    def _exclude(self, worker: Worker, trouble: Trouble | None) -> None:
        if trouble is not None and worker.trouble is None:
            worker.trouble = trouble
            self.troubles[trouble] += 1


_NO_PAGES: Final = "The cluster's scheduler shows what it does on pages of its own, which are not for others to see."
