"""One file on its way through the pool, and one decoding process as the supervisor keeps it.

A reply counts only for the file at the head of that process's queue, and only if it is well formed. No call waits: the
supervisor keeps the time.
"""

from __future__ import annotations

import os
import time
from collections import deque
from dataclasses import dataclass, field, replace

from takedown_cli.core.model import (
    ARCHIVE,
    Failed,
    Found,
    Hashed,
    Inside,
    Listing,
    Media,
    MediaFile,
    Outcome,
    Recipe,
    Skipped,
    VideoProgress,
)
from takedown_cli.core.reasons import Reason
from takedown_cli.hashing.pool import channel, listing, record, validate
from takedown_cli.hashing.pool.launch import START_SECONDS, Child
from takedown_cli.hashing.pool.sandbox import Layer

#: A second file is handed over early only when both are pictures of at most this many bytes, decoded in a moment.
SMALL = 1 << 20
_READ = 1 << 16
_MOST_GRACE = 2.0


#: What a process says of a file: an outcome, the members of an archive, or None: only one for videos can read it.
Answer = Hashed | Failed | Skipped | Listing | None


class WorkerLost(Exception):  # noqa: N818 - an event, caught by the supervisor
    """The process ended or sent something that is no reply."""


@dataclass(slots=True, eq=False)
class Job:
    """A place in the order of outcomes, and while it has none, the open file that it waits for."""

    found: Found | Skipped | Failed
    #: Of a member of the archive ``found``: which one, and size, time of change and place of the archive that has it.
    inside: Inside | None = None
    archive: tuple[int, ...] = ()
    file: MediaFile | None = None
    descriptor: int = -1
    before: tuple[int, int] = (0, 0)
    lost: int = 0
    changed: bool = False
    fresh: bool = False
    #: Whether it needs a child with more memory, of which there is one at a time.
    large: bool = False
    #: Whether it is a picture file with a clip inside, which needs a child that can read videos.
    has_clip: bool = False
    outcome: Outcome | None = None

    def take_file(self, descriptor: int, file: MediaFile) -> None:
        """Take over the descriptor."""
        self.close()
        self.descriptor, self.file = descriptor, file

    def read_state(self) -> tuple[int, int]:
        """Return size and time of change as they are now. Raise OSError."""
        now = os.fstat(self.descriptor)
        return now.st_size, now.st_mtime_ns

    def identify(self) -> tuple[int, ...]:
        """Return size, time of change and place of the open file. Raise OSError."""
        now = os.fstat(self.descriptor)
        return now.st_size, now.st_mtime_ns, now.st_dev, now.st_ino

    def finish(self, outcome: Outcome) -> None:
        self.outcome = outcome if self.inside is None else replace(outcome, member=self.inside.entry.member)
        self.close()

    def fail(self, reason: Reason) -> None:
        media = self.file.media if self.file else None
        size = self.found.size if self.inside is None else self.inside.entry.size
        self.finish(Failed(self.found.path, reason, size, media))

    def close(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    @property
    def is_archive(self) -> bool:
        return self.file is not None and self.file.format == ARCHIVE

    @property
    def is_video(self) -> bool:
        return self.file is not None and self.file.media is Media.VIDEO

    @property
    def needs_video(self) -> bool:
        return self.is_video or self.has_clip

    @property
    def is_small(self) -> bool:
        return self.file is not None and not self.is_video and self.file.size <= SMALL


@dataclass(slots=True, eq=False)
class Worker:
    """A child, what it works on (the head of ``queue``) and since when."""

    child: Child
    recipe: Recipe
    large: bool = False
    queue: deque[Job] = field(default_factory=deque)
    layers: Layer | None = None
    files: int = 0
    busy: float = 0.0
    since: float = field(default_factory=time.monotonic)
    #: How far the video at the head of the queue is; None before the first that it says, and of anything else.
    video: VideoProgress | None = None
    _reports: int = 0
    _sequence: int = 0
    _replies: channel.Replies = field(default_factory=channel.Replies)

    @property
    def ready(self) -> bool:
        """Whether it has locked itself down."""
        return self.layers is not None

    def deadline(self) -> float:
        """Return when it must have answered, on the monotonic clock; infinity while it has nothing to do."""
        if not self.ready:
            return self.since + START_SECONDS
        if not self.queue:
            return float("inf")
        limits = self.recipe.limits
        seconds = limits.video_seconds if self.queue[0].is_video else limits.image_seconds
        # The decoder keeps the same limit and may still save what it has; only if it does not answer, it hangs.
        return self.since + seconds + min(_MOST_GRACE, seconds)

    def assign(self, job: Job) -> None:
        """Hand the open file over. Raise WorkerLost when the process is gone, OSError when the file is."""
        if job.file is None:
            raise FileNotFoundError
        job.before = job.read_state()
        number = self._sequence + len(self.queue) + 1
        request = record.encode_job(number & 0xFFFFFFFF, job.file)
        try:
            channel.send_file(self.child.channel, request, job.descriptor, self.child.handle)
        except OSError as gone:
            raise WorkerLost from gone
        if not self.queue and self.ready:
            self.since = time.monotonic()
        self.queue.append(job)

    def read_answers(self) -> list[tuple[Job, Answer]]:
        """Return what the process has answered since the last call. Raise WorkerLost."""
        answers: list[tuple[Job, Answer]] = []
        try:
            data = self.child.channel.recv(_READ)
            if not data:
                raise WorkerLost
            for reply in self._replies.feed(data):
                answers += self._accept(*reply)
            return answers
        except BlockingIOError:
            return []
        except (OSError, record.RecordError, WorkerLost) as gone:
            # Nothing that came along with nonsense is believed, and none of its files may be forgotten.
            self.queue.extendleft(job for job, _ in reversed(answers))
            raise WorkerLost from gone

    def _accept(self, number: int, reply: bytes) -> list[tuple[Job, Answer]]:
        now = time.monotonic()
        if self.layers is None:
            if number != channel.READY or len(reply) != 1:
                raise WorkerLost
            self.layers, self.since = Layer(reply[0]), now
            return []
        job = self.queue[0] if self.queue else None
        if job is None or job.file is None or number != (self._sequence + 1) & 0xFFFFFFFF:
            raise WorkerLost
        if record.is_progress(reply):
            self._reports += 1
            # A child that reports more often than ours could keep us from seeing that its time is over.
            if not job.is_video or self._reports > self.recipe.limits.video_seconds / record.PROGRESS_SECONDS + 1:
                raise WorkerLost
            self.video = record.decode_progress(reply)
            return []
        outcome: Answer = None
        if job.is_archive and listing.is_listing(reply):
            outcome = listing.decode_listing(reply, self.recipe.limits.members)
        elif reply != record.NEEDS_VIDEO:
            outcome = record.decode_outcome(reply, job.file)
            validate.check_outcome(outcome, job.file, self.recipe)
        elif job.is_video or job.has_clip:  # it has been given one
            raise WorkerLost
        self.queue.popleft()
        self.video, self._reports = None, 0
        self._sequence += 1
        self.files += 1
        self.busy += now - self.since
        self.since = now
        return [(job, outcome)]
