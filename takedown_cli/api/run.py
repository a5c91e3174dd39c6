"""A run over files: the outcomes as an iterator that closes its processes, and how far it is.

The command line hashes with it too.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from takedown_cli.core.errors import UsageError
from takedown_cli.core.model import Hasher, Outcome, Recipe, VideoProgress

if TYPE_CHECKING:
    from takedown_cli.core.model import Limits

#: A path as Python's own functions take it.
StrPath = str | os.PathLike[str]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: files and bytes that are done, and that were found so far.

    ``counted`` says that everything was found, so that ``found`` and ``found_bytes`` are the totals. ``seconds`` is the
    time since the start. ``video`` is how far the video is that is being decoded, if one takes more than a moment on
    this computer.
    """

    files: int = 0
    bytes: int = 0
    found: int = 0
    found_bytes: int = 0
    counted: bool = False
    seconds: float = 0.0
    video: VideoProgress | None = None

    @property
    def seconds_left(self) -> float | None:
        """The seconds that are left at the rate so far, by bytes, or None while nobody can know."""
        if not self.counted or not self.bytes or self.seconds < 1:
            return None
        return round(max(0, self.found_bytes - self.bytes) * self.seconds / self.bytes, 1)


class Outcomes(Iterator[Outcome]):
    """The outcomes of a run, in the order of the files: an iterator, and a context manager that ends its processes.

    The decoding processes start with the first outcome that is asked for. They end with the last outcome, with the
    ``with`` block, with ``close()``, and with an exception. Several threads may take outcomes in turns.
    """

    def __init__(
        self, outcomes: Generator[Outcome], count: Count, on_progress: Callable[[Progress], object] | None
    ) -> None:
        self._outcomes, self._count, self._on_progress = outcomes, count, on_progress
        self._lock = threading.RLock()  # the callback or a signal's handler may call close()
        self._over: bool = False  # everything came
        self._closed = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Outcome:
        with self._lock:
            if self._over:
                raise StopIteration
            if self._closed:
                raise UsageError(
                    "This run was ended before all files were hashed.",
                    hint="Take the outcomes inside the 'with' block, and call hash_paths again after an error.",
                )
            try:
                outcome = next(self._outcomes)
                self._count.add(outcome)
                if self._on_progress is not None:
                    self._on_progress(self._count.progress())
            except StopIteration:
                self._over = True
                self._close()
                raise
            except BaseException:
                self._close()
                raise
            if self._count.stop.is_set():  # closed by a signal's handler, while the processes were at work
                self._close()
            return outcome

    def progress(self) -> Progress:
        """Return how far the run is. Any thread may ask at any time."""
        return self._count.progress()

    def close(self) -> None:
        """End the decoding processes, at work or not. Wait if another thread is just taking an outcome."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        self._closed = True
        self._count.stop.set()
        with suppress(ValueError):  # it is running just now, in this thread: ``__next__`` closes it afterwards
            self._outcomes.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Count:
    """Files and bytes done and found so far. One thread adds what is done, another what is found."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.files = self.bytes = self.found = self.found_bytes = 0
        self.counted = False
        self.stop = threading.Event()
        self._ask_video: Callable[[], VideoProgress | None] = lambda: None

    def watch(self, hasher: object) -> None:
        """Ask this hasher from now on how far its present video is."""
        self._ask_video = lambda: getattr(hasher, "video", None)

    def watch_run(self, outcomes: Outcomes) -> None:
        """Ask this run from now on how far its present video is."""
        self._ask_video = lambda: outcomes.progress().video

    def add(self, outcome: Outcome) -> None:
        """Count an outcome."""
        # What is in archives was not counted in advance: its first member stands for an archive.
        if outcome.member is None or outcome.member.number == 1:
            self.files += 1
            self.bytes += outcome.size

    def walk(self, paths: Iterable[Path], limits: Limits) -> None:
        """Walk the folders a second time during the work, until everything is found or ``stop`` is set."""
        from takedown_cli.hashing.discover import walk

        for found in walk(paths, limits):
            if self.stop.is_set():
                return
            self.found += 1
            self.found_bytes += found.size
        self.counted = True

    def progress(self) -> Progress:
        """Return how far it is now."""
        return Progress(
            files=self.files,
            bytes=self.bytes,
            found=max(self.found, self.files),
            found_bytes=max(self.found_bytes, self.bytes),
            counted=self.counted,
            seconds=time.monotonic() - self.started,
            video=self._ask_video(),
        )


def hash_paths(
    paths: StrPath | Iterable[StrPath],
    recipe: Recipe | None = None,
    *,
    workers: int | None = None,
    on_progress: Callable[[Progress], object] | None = None,
    count_ahead: bool = False,
    hasher: Hasher | None = None,
) -> Outcomes:
    """Hash every file at or below ``paths`` in sandboxed processes, and yield one outcome for each, in order.

    Nothing is sent. ``recipe`` says what to compute (default: ``Recipe()``), ``workers`` how many processes do it, from
    1 (default: one for each processor). ``on_progress`` is called in the caller's thread before each outcome is handed
    over; an exception in it ends the run. With ``count_ahead`` a thread walks the folders a second time, so that the
    progress knows the totals. ``hasher`` does the work instead of local processes.

    Use it in a ``with`` block, so that no process stays when you leave early. The order is that of ``paths``, and below
    a folder that of the names. A file that is skipped or cannot be read is an outcome too, and so is a path that does
    not exist.

    Raise UsageError for a number of workers below 1. While iterating, raise DecoderStartError if no process can be
    started, and UsageError once the run was ended early.
    """
    from takedown_cli.hashing import pipeline

    if workers is not None and workers < 1:
        raise UsageError("The number of workers must be 1 or more.", hint="Leave it out for one a processor.")
    roots = [Path(paths)] if isinstance(paths, str | os.PathLike) else [Path(path) for path in paths]
    chosen = Recipe() if recipe is None else recipe
    count = Count()
    if count_ahead:
        threading.Thread(target=count.walk, args=(roots, chosen.limits), daemon=True).start()
    return Outcomes(
        pipeline.outcomes(roots, chosen, workers=workers, hasher=hasher, on_start=count.watch), count, on_progress
    )
