"""The supervised pool: found files in, outcomes out in the same order, whatever the decoders do meanwhile.

Every input has one outcome. A crash, a hang or a memory limit costs the one file that caused it, and no child is left
behind when the pool is closed, interrupted or killed.
"""

from __future__ import annotations

import os
import selectors
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace
from functools import reduce
from itertools import islice
from operator import and_
from typing import Self

from takedown_cli.core.errors import DecoderStartError
from takedown_cli.core.model import (
    Failed,
    Found,
    Hashed,
    Limits,
    Listing,
    MediaFile,
    Outcome,
    Recipe,
    Skipped,
    VideoProgress,
)
from takedown_cli.core.reasons import FAILED, Reason
from takedown_cli.hashing.pool.interpreter import Settings
from takedown_cli.hashing.pool.launch import Launcher, choose_launcher
from takedown_cli.hashing.pool.sandbox import Layer
from takedown_cli.hashing.pool.settings import choose_large_memory, measure_machine
from takedown_cli.hashing.pool.workers import Job, Worker, WorkerLost

#: Opens what was found, within the limits: a descriptor that the pool takes over, or an outcome that is known already.
OpenFile = Callable[[Found, Limits], "tuple[int, MediaFile] | Outcome"]

#: Inputs taken ahead of the outcome that is due: memory stays constant, and one slow video does not stop the others.
LOOK_AHEAD = 256
#: A child is replaced after this many files, or this many seconds of processor time. A fork costs about 20 ms of
#: processor time; one for 50 files is 3 % of the time of 3 MP photographs. One that was taken over sees no more files.
MOST_FILES = 50
CPU_BUDGET = 600
_START_TRIES = 3
#: On Windows Ctrl-C does not end the wait for sockets, so the wait has to end by itself.
_WINDOWS_WAKE_SECONDS = 0.25


def count_processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def limit_wait(platform: str, seconds: float) -> float | None:
    """Return how long to wait for the children when ``seconds`` (or infinity) are left; None is without end."""
    if platform == "win32":
        seconds = min(seconds, _WINDOWS_WAKE_SECONDS)
    return None if seconds == float("inf") else max(0.0, seconds)


def explain_end(code: int, *, hung: bool) -> Reason:
    """Return why a file has no fingerprints whose decoder ended with ``code`` (negative: a signal) before it answered.

    ``hung`` is whether the decoder was ended from here because its time was over.
    """
    processor_time = getattr(signal, "SIGXCPU", None)  # Windows has no limit of processor time, and no such signal
    slow = hung or (processor_time is not None and code == -processor_time)
    return Reason.TOO_SLOW if slow else Reason.DECODER_CRASHED


class Pool:
    """Decoding processes for one recipe, as a context manager; one ``outcomes`` at a time.

    ``open_file`` gives the descriptor of a found file, ``workers`` is the number of processes (default: processors that
    may be used). ``sandbox=False`` exists for measuring what the sandbox costs. The processes start on entering, in
    the background; the first file is awaited in the child, not here. Use it in one thread.
    """

    def __init__(
        self, recipe: Recipe, workers: int | None = None, *, open_file: OpenFile, sandbox: bool = True
    ) -> None:
        self._recipe = recipe
        self._most = max(1, workers or count_processors())
        self._open_file = open_file
        self._cores = count_processors()
        limits = recipe.limits
        slowest = int(max(limits.image_seconds, limits.video_seconds)) + 1
        processor_seconds = CPU_BUDGET + slowest * self._cores
        self._settings: Settings = {
            "recipe": asdict(recipe),
            "sandbox": sandbox,
            "cpu": processor_seconds,
            "large_memory": choose_large_memory(limits.memory, measure_machine()),
        }
        self._launcher: Launcher | None = None
        self._workers: list[Worker] = []
        self._events: selectors.BaseSelector | None = None
        self._again: deque[Job] = deque()
        self._failed_starts = 0
        #: Whether a picture had a clip inside: where one is, others are, so that every new child can read videos.
        self._clips = False
        #: The members of archives that come next, before what else was found.
        self._inside: deque[Job] = deque()
        self._window: deque[Job] = deque()

    def __enter__(self) -> Self:
        self._start_launcher()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start_launcher(self) -> tuple[Launcher, selectors.BaseSelector]:
        if self._launcher is None or self._events is None:
            try:
                self._launcher = choose_launcher(self._settings)
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
        return reduce(and_, held) if held else None

    @property
    def video(self) -> VideoProgress | None:
        """How far the video is that has been decoded for longest; None if none takes long. Any thread may ask."""
        shown = [(worker.since, worker.video) for worker in list(self._workers) if worker.video is not None]
        return min(shown, key=lambda each: each[0])[1] if shown else None

    def outcomes(self, found: Iterable[Found | Skipped | Failed], *, in_order: bool = True) -> Iterator[Outcome]:
        """Yield one outcome for each input, in its order, with at most ``LOOK_AHEAD`` inputs taken ahead.

        Without ``in_order`` each comes as soon as it is known, so that one that takes long holds up no other.
        Raise DecoderStartError when no decoding process can be started at all, and what ``found`` raises.
        """
        self._start_launcher()
        window = self._window = deque()
        self._again.clear()
        self._inside.clear()
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
                self._listen(0.0)
                window.remove(job)
                yield job.outcome
            elif window:
                self._listen(None)
            elif not more:
                return

    def _fill(self, source: Iterator[Found | Skipped | Failed], window: deque[Job]) -> bool:
        """Give every child something to do; return False once the source is exhausted."""
        while True:
            while self._again:
                if not self._hand_out(self._again[0]):
                    return True
                self._again.popleft()
            # What is in an archive takes its place in the order, so nothing that follows it may come before.
            if len(window) >= LOOK_AHEAD or (window and window[-1].is_archive and window[-1].outcome is None):
                return True
            job = self._inside.popleft() if self._inside else None
            if job is None:
                item = next(source, None)
                if item is None:
                    return False
                job = Job(item)
            window.append(job)
            if self._take_file(job):
                self._again.append(job)

    def _take_file(self, job: Job) -> bool:
        """Open the file; return False when it has an outcome already."""
        opened = self._open_file(job.found, self._recipe.limits) if isinstance(job.found, Found) else job.found
        if not isinstance(opened, tuple):
            job.finish(opened)
            return False
        job.take_file(*opened)
        if job.inside is not None and job.file is not None:
            # Each member opens its archive anew: a descriptor that processes share has one place to read from.
            if isinstance(job.inside.holds, Reason) or job.identify() != job.archive:
                job.fail(Reason.CHANGED)
                return False
            media, form = job.inside.holds
            entry = job.inside.entry
            job.file = replace(job.file, size=entry.size, media=media, format=form, entry=entry)
        return True

    def _hand_out(self, job: Job) -> bool:
        """Hand the file to a child; return False when none has room."""
        while (worker := self._choose_worker(job)) is not None:
            try:
                worker.assign(job)
                return True
            except WorkerLost:
                self._handle_loss(worker)
            except OSError:
                job.fail(Reason.READ_ERROR)
                return True
        return False

    def _choose_worker(self, job: Job) -> Worker | None:
        idle = [worker for worker in self._workers if not worker.queue]
        if job.large:
            return self._start_large(job, idle)
        for worker in idle:
            if (worker.child.video or not job.needs_video) and (worker.files == 0 or not job.fresh):
                return worker
        if len(self._workers) < self._most:
            return self._start_worker(job.needs_video)
        if idle:
            self._end_worker(idle[0])
            return self._start_worker(job.needs_video)
        if job.is_small and not job.fresh:
            for worker in self._workers:
                if job.needs_video and not worker.child.video:
                    continue
                # Behind a second try comes nothing: if this file's decoder lies, the other would be blamed.
                alone = len(worker.queue) == 1 and worker.queue[0].is_small and not worker.queue[0].fresh
                if alone and not self._is_worn(worker):
                    return worker
        return None

    def _start_large(self, job: Job, idle: list[Worker]) -> Worker | None:
        """Start a child with the memory for a large picture, once no other has one."""
        if any(worker.large and worker.queue for worker in self._workers):
            return None
        spent = [worker for worker in idle if worker.large]
        if len(self._workers) - len(spent) >= self._most:
            spent += [worker for worker in idle if not worker.large][:1]
        if len(self._workers) - len(spent) >= self._most:
            return None
        for worker in spent:
            self._end_worker(worker)
        return self._start_worker(job.needs_video, large=True)

    def _start_worker(self, video: bool, *, large: bool = False) -> Worker:
        while self._failed_starts < _START_TRIES * self._most:
            starter, events = self._start_launcher()
            try:
                worker = Worker(starter.start_child(video or self._clips, large), self._recipe, large)
            except OSError:
                # The fork server itself is gone, and with it every child: begin anew.
                self._failed_starts += 1
                for lost in list(self._workers):
                    self._handle_loss(lost)
                self.close()
                continue
            self._workers.append(worker)
            events.register(worker.child.channel, selectors.EVENT_READ, worker)
            return worker
        raise DecoderStartError

    def _is_worn(self, worker: Worker) -> bool:
        return worker.files >= MOST_FILES or worker.busy * self._cores >= CPU_BUDGET

    def _end_worker(self, worker: Worker) -> int:
        if self._events is not None:
            self._events.unregister(worker.child.channel)
        self._workers.remove(worker)
        return worker.child.kill()

    def _listen(self, timeout: float | None) -> None:
        """Take what the children have answered, and end those that are overdue."""
        if not self._workers:
            return  # on Windows, waiting for no socket is an error
        _, events = self._start_launcher()
        if timeout is None:
            due = min(worker.deadline() for worker in self._workers)
            timeout = limit_wait(sys.platform, due - time.monotonic())
        heard: set[int] = set()
        for key, _ in events.select(timeout):
            heard.add(id(key.data))
            self._read_answers(key.data)
        now = time.monotonic()
        for worker in list(self._workers):
            if id(worker) not in heard and now > worker.deadline():
                self._handle_loss(worker, hung=True)

    def _read_answers(self, worker: Worker) -> None:
        try:
            for job, outcome in worker.read_answers():
                if isinstance(outcome, Listing):
                    self._unpack(job, outcome)
                elif outcome is None:
                    self._clips = job.has_clip = True
                    self._again.append(job)
                else:
                    self._accept_outcome(job, outcome, worker)
        except WorkerLost:
            self._handle_loss(worker)
            return
        if worker.ready:
            self._failed_starts = 0
        if self._is_worn(worker) and not worker.queue:
            self._end_worker(worker)

    def _handle_loss(self, worker: Worker, hung: bool = False) -> None:
        """End a child that is lost: the file it worked on gets one more try, the one behind it is innocent."""
        code = self._end_worker(worker)
        jobs = list(worker.queue)
        worker.queue.clear()
        if not worker.ready:
            self._failed_starts += 1
        elif jobs:
            job = jobs[0]
            job.lost += 1
            job.fresh = True
            if job.lost > 1:
                job.fail(explain_end(code, hung=hung))
                jobs.pop(0)
        self._again.extend(jobs)

    def _unpack(self, job: Job, listing: Listing) -> None:
        """Let the members of an archive, one job each, take its place."""
        try:
            archive = job.identify()
        except OSError:
            job.fail(Reason.READ_ERROR)
            return
        if archive[:2] != job.before:
            job.fail(Reason.CHANGED)
            return
        path, size = job.found.path, job.found.size
        if not listing.inside and not listing.limited:
            job.finish(Skipped(path, Reason.EMPTY, size))
            return
        count = len(listing.inside) + listing.limited
        for one in listing.inside:
            member = replace(one.entry.member, of=count)
            inside = replace(one, entry=replace(one.entry, member=member))
            found: Found | Skipped | Failed = job.found
            if isinstance(inside.holds, Reason):
                kind = Failed if inside.holds in FAILED else Skipped
                found = kind(path, inside.holds, inside.entry.size)
            self._inside.append(Job(found, inside, archive))
        if listing.limited:
            self._inside.append(Job(Skipped(path, Reason.ARCHIVE_LIMIT, size, of=count)))
        job.close()
        self._window.remove(job)

    def _accept_outcome(self, job: Job, outcome: Hashed | Failed | Skipped, worker: Worker) -> None:
        """Believe the outcome, unless the file changed meanwhile or the child was short of memory from files before."""
        try:
            same = job.read_state() == job.before
        except OSError:
            job.fail(Reason.READ_ERROR)
            return
        if not same or (isinstance(outcome, Failed) and outcome.reason is Reason.CHANGED):
            if job.changed:
                job.fail(Reason.CHANGED)
            elif self._take_file(job):
                job.changed = True
                self._again.append(job)
            return
        if isinstance(outcome, Failed) and outcome.reason is Reason.TOO_MUCH_MEMORY:
            used, worker.files = worker.files > 1, MOST_FILES  # replaced as soon as its queue is empty
            if not job.large and not job.is_video:
                job.large = True
                self._again.append(job)
                return
            if used and not job.fresh:
                job.fresh = True
                self._again.append(job)
                return
        job.finish(outcome)
