"""The supervised pool: open files in, outcomes out in the same order, whatever the decoders do meanwhile.

It guarantees one outcome for every input, and that a crash, a hang or a memory limit costs the one file that caused it.
It must never decode anything itself, nor leave a child behind when it is closed, interrupted or killed.
"""

from __future__ import annotations

import os
import selectors
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from types import TracebackType
from typing import Self

from takedown_cli.errors import DecoderStartError
from takedown_cli.model import Failed, Found, Hashed, Limits, MediaFile, Outcome, Recipe, Skipped
from takedown_cli.pool.interpreter import Settings
from takedown_cli.pool.launch import Launcher, launcher
from takedown_cli.pool.sandbox import Layer
from takedown_cli.pool.settings import plain
from takedown_cli.pool.workers import Job, Worker, WorkerLost
from takedown_cli.reasons import Reason

#: Opens what was found, within the limits: a descriptor that the pool takes over, or an outcome that is known already.
Opener = Callable[[Found, Limits], "tuple[int, MediaFile] | Outcome"]

#: Inputs taken ahead of the outcome that is due: memory stays constant, and one slow video does not stop the others.
LOOK_AHEAD = 256
#: A child is replaced after this many files, or this many seconds of processor time. A fork costs about 20 ms of
#: processor time; one for 50 files is 3 % of the time of 3 MP photographs. One taken over sees no more.
MOST_FILES = 50
CPU_BUDGET = 600
_START_TRIES = 3


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Pool:
    """Decoding processes for one recipe, as a context manager; one ``outcomes`` at a time.

    ``opener`` gives the descriptor of a found file, ``workers`` is the number of processes (default: processors that
    may be used). ``sandbox=False`` exists for measuring what the sandbox costs. The processes start on entering, in
    the background; the first file is awaited in the child, not here. Use it in one thread.
    """

    def __init__(self, recipe: Recipe, workers: int | None = None, *, opener: Opener, sandbox: bool = True) -> None:
        self._recipe = recipe
        self._most = max(1, workers or processors())
        self._opener = opener
        self._cores = processors()
        limits = recipe.limits
        slowest = int(max(limits.image_seconds, limits.video_seconds)) + 1
        processor_seconds = CPU_BUDGET + slowest * self._cores
        self._settings: Settings = {"recipe": plain(recipe), "sandbox": sandbox, "cpu": processor_seconds}
        self._launcher: Launcher | None = None
        self._workers: list[Worker] = []
        self._events: selectors.BaseSelector | None = None
        self._again: deque[Job] = deque()
        self._failed_starts = 0

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self) -> tuple[Launcher, selectors.BaseSelector]:
        if self._launcher is None or self._events is None:
            try:
                self._launcher = launcher(self._settings)
            except OSError as refused:
                raise DecoderStartError from refused
            self._events = selectors.DefaultSelector()
        return self._launcher, self._events

    def close(self) -> None:
        """End every child, at work or not; returns in well under a second."""
        starter, self._launcher = self._launcher, None
        events, self._events = self._events, None
        workers, self._workers = self._workers, []
        if starter is not None:
            starter.close()
        for worker in workers:
            worker.child.channel.close()
        if events is not None:
            events.close()

    @property
    def pids(self) -> tuple[int, ...]:
        """The process ids of the children that exist now."""
        return tuple(worker.child.pid for worker in self._workers)

    @property
    def layers(self) -> Layer | None:
        """What the kernel accepted in every child that is ready; None before the first is."""
        held = [worker.layers for worker in self._workers if worker.layers is not None]
        if not held:
            return None
        common = held[0]
        for layer in held[1:]:
            common &= layer
        return common

    def outcomes(self, found: Iterable[Found | Skipped | Failed], *, in_order: bool = True) -> Iterator[Outcome]:
        """One outcome for each input, in its order, with at most ``LOOK_AHEAD`` inputs taken ahead.

        Without ``in_order`` each comes as soon as it is known, so that one that takes long holds up no other.
        Raises DecoderStartError when no decoding process can be started at all, and what ``found`` raises.
        """
        self._open()
        window: deque[Job] = deque()
        self._again.clear()
        try:
            yield from self._run(iter(found), window, in_order)
        finally:
            for job in window:
                job.close()
            if any(worker.queue for worker in self._workers):
                self.close()

    def _run(self, source: Iterator[Found | Skipped | Failed], window: deque[Job], in_order: bool) -> Iterator[Outcome]:
        more = True
        while True:
            more = self._fill(source, window) if more or self._again else False
            due = 1 if in_order else len(window)
            job = next((job for job in islice(window, due) if job.outcome is not None), None)
            if job is not None and job.outcome is not None:
                self._pump(0.0)
                window.remove(job)
                yield job.outcome
            elif window:
                self._pump(None)
            elif not more:
                return

    def _fill(self, source: Iterator[Found | Skipped | Failed], window: deque[Job]) -> bool:
        """Give every child something to do; False once the source is exhausted."""
        while True:
            while self._again:
                if not self._dispatch(self._again[0]):
                    return True
                self._again.popleft()
            if len(window) >= LOOK_AHEAD:
                return True
            item = next(source, None)
            if item is None:
                return False
            job = Job(item)
            window.append(job)
            if self._prepare(job):
                self._again.append(job)

    def _prepare(self, job: Job) -> bool:
        """Open the file; False when it has an outcome already."""
        opened = self._opener(job.found, self._recipe.limits) if isinstance(job.found, Found) else job.found
        if not isinstance(opened, tuple):
            job.done(opened)
            return False
        job.opened(*opened)
        return True

    def _dispatch(self, job: Job) -> bool:
        """Hand the file to a child; False when none has room."""
        while (worker := self._choose(job)) is not None:
            try:
                worker.assign(job)
                return True
            except WorkerLost:
                self._lost(worker)
            except OSError:
                job.fail(Reason.READ_ERROR)
                return True
        return False

    def _choose(self, job: Job) -> Worker | None:
        idle = [worker for worker in self._workers if not worker.queue]
        for worker in idle:
            if (worker.child.video or not job.is_video) and (worker.files == 0 or not job.fresh):
                return worker
        if len(self._workers) < self._most:
            return self._start(job.is_video)
        if idle:
            self._retire(idle[0])
            return self._start(job.is_video)
        if job.is_small and not job.fresh:
            for worker in self._workers:
                if len(worker.queue) == 1 and worker.queue[0].is_small and not self._tired(worker):
                    return worker
        return None

    def _start(self, video: bool) -> Worker:
        while self._failed_starts < _START_TRIES * self._most:
            starter, events = self._open()
            try:
                worker = Worker(starter.start(video), self._recipe)
            except OSError:
                self._failed_starts += 1
                self._restart()
                continue
            self._workers.append(worker)
            events.register(worker.child.channel, selectors.EVENT_READ, worker)
            return worker
        raise DecoderStartError

    def _restart(self) -> None:
        """The template itself is gone, and with it every child: begin anew."""
        for worker in list(self._workers):
            self._lost(worker)
        self.close()

    def _tired(self, worker: Worker) -> bool:
        return worker.files >= MOST_FILES or worker.busy * self._cores >= CPU_BUDGET

    def _retire(self, worker: Worker) -> int:
        if self._events is not None:
            self._events.unregister(worker.child.channel)
        self._workers.remove(worker)
        return worker.child.kill()

    def _pump(self, timeout: float | None) -> None:
        """Take what the children have answered, and end those that are overdue."""
        _, events = self._open()
        if timeout is None:
            due = min((worker.deadline() for worker in self._workers), default=float("inf"))
            timeout = None if due == float("inf") else max(0.0, due - time.monotonic())
        heard: set[int] = set()
        for key, _ in events.select(timeout):
            heard.add(id(key.data))
            self._read(key.data)
        now = time.monotonic()
        for worker in list(self._workers):
            if id(worker) not in heard and now > worker.deadline():
                self._lost(worker, hung=True)

    def _read(self, worker: Worker) -> None:
        try:
            for job, outcome in worker.read():
                self._finish(job, outcome, worker)
        except WorkerLost:
            self._lost(worker)
            return
        if worker.ready:
            self._failed_starts = 0
        if self._tired(worker) and not worker.queue:
            self._retire(worker)

    def _lost(self, worker: Worker, hung: bool = False) -> None:
        """A child is, or must be, no more: the file it worked on gets one more try, the one behind it is innocent."""
        code = self._retire(worker)
        jobs = list(worker.queue)
        worker.queue.clear()
        if not worker.ready:
            self._failed_starts += 1
        elif jobs:
            job = jobs.pop(0)
            slow = hung or code == -getattr(signal, "SIGXCPU", 0)
            self._try_again(job, Reason.TOO_SLOW if slow else Reason.DECODER_CRASHED)
        self._again.extend(jobs)

    def _try_again(self, job: Job, reason: Reason) -> None:
        job.lost += 1
        job.fresh = True
        if job.lost > 1:
            job.fail(reason)
        else:
            self._again.append(job)

    def _finish(self, job: Job, outcome: Hashed | Failed | Skipped, worker: Worker) -> None:
        """Believe the outcome, unless the file changed meanwhile or the child was short of memory from files before."""
        try:
            same = job.state() == job.before
        except OSError:
            job.fail(Reason.READ_ERROR)
            return
        if not same or (isinstance(outcome, Failed) and outcome.reason is Reason.CHANGED):
            if job.changed:
                job.fail(Reason.CHANGED)
            elif self._prepare(job):
                job.changed = True
                self._again.append(job)
            return
        if isinstance(outcome, Failed) and outcome.reason is Reason.TOO_MUCH_MEMORY:
            used, worker.files = worker.files > 1, MOST_FILES  # replaced as soon as its queue is empty
            if used and not job.fresh:
                job.fresh = True
                self._again.append(job)
                return
        job.done(outcome)
