"""How far the work is: a bar on a terminal, a line every few seconds elsewhere, JSON for scripts; on stderr.

It guarantees that counts, bytes, rate and time left are shown, and never a file name.
It must never slow the work down or end it: what cannot be shown is left out.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Protocol, Self

from takedown_cli.cli.console import console, is_terminal
from takedown_cli.cli.documents import ProgressLine
from takedown_cli.cli.options import one_of
from takedown_cli.cli.settings import setting

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from takedown_cli.model import Limits, Outcome

MODES: Final = ("auto", "plain", "json", "none")
_PLAIN_SECONDS: Final = 5.0
_JSON_SECONDS: Final = 1.0
_BAR_SECONDS: Final = 0.2


class Count:
    """Files and bytes done and found so far. One thread adds what is done, another what is found."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.files = self.bytes = self.found = self.found_bytes = 0
        self.counted = False

    def line(self) -> ProgressLine:
        seconds = time.monotonic() - self.started
        return {
            "schema": "takedown.progress",
            "version": 1,
            "files": self.files,
            "total": max(self.found, self.files),
            "bytes": self.bytes,
            "total_bytes": max(self.found_bytes, self.bytes),
            "counted": self.counted,
            "seconds": round(seconds, 1),
            "seconds_left": self._left(seconds),
        }

    def _left(self, seconds: float) -> float | None:
        """Seconds to go, by bytes: files differ too much. None until everything is counted and something done."""
        if not self.counted or not self.bytes or seconds < 1:
            return None
        return round(max(0, self.found_bytes - self.bytes) * seconds / self.bytes, 1)


class _Display(Protocol):
    interval: float

    def draw(self, line: ProgressLine) -> None: ...
    def close(self) -> None: ...


class _Plain:
    interval = _PLAIN_SECONDS

    def draw(self, line: ProgressLine) -> None:
        console.error_line(in_words(line))

    def close(self) -> None:
        pass


class _Json:
    interval = _JSON_SECONDS

    def draw(self, line: ProgressLine) -> None:
        console.error_line(json.dumps(line))

    def close(self) -> None:
        pass


class _Bar:
    """Rich's bar; loaded only once there is something to draw, and told that this is a terminal, for we looked."""

    interval = _BAR_SECONDS

    def __init__(self) -> None:
        self._progress: RichProgress | None = None
        self._task: TaskID | None = None
        self._lock = threading.RLock()  # a signal's handler may write while its own thread does

    def draw(self, line: ProgressLine) -> None:
        with self._lock:
            if self._progress is None:
                self._progress = self._start()
                self._task = self._progress.add_task("")
                console.interlude = self._erased
            if self._task is not None:
                self._progress.update(
                    self._task,
                    description=in_words(line),
                    completed=line["bytes"],
                    total=line["total_bytes"] or None,
                    refresh=True,
                )

    @contextmanager
    def _erased(self) -> Iterator[None]:
        """The bar's line is empty and stays so for as long as the block lasts; the next ``draw`` brings it back."""
        with self._lock:
            console.prompt("\r\x1b[2K")
            yield

    def _start(self) -> RichProgress:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        screen = Console(
            file=sys.stderr,
            force_terminal=True,
            no_color=not console.colour(sys.stderr),
            markup=False,
            emoji=False,
            highlight=False,
            width=console.width(),
        )
        progress = Progress(
            BarColumn(18), TextColumn("{task.description}", markup=False), console=screen, transient=True,
            auto_refresh=False, redirect_stdout=False, redirect_stderr=False,
        )  # fmt: skip
        progress.start()
        return progress

    def close(self) -> None:
        if self._progress is not None:
            console.interlude = nullcontext
            self._progress.stop()


class Progress:
    """The progress of one run, as a context manager: ``advance`` for every outcome; a thread draws now and then."""

    def __init__(self, mode: str | None) -> None:
        chosen = one_of("--progress", setting("progress", mode) or "auto", MODES)
        self.count = Count()
        self._display = _display(chosen, asked=mode is not None)
        self._over = threading.Event()
        self._drawer: threading.Thread | None = None

    @property
    def shown(self) -> bool:
        return self._display is not None

    def __enter__(self) -> Self:
        if self._display is not None:
            self._drawer = threading.Thread(target=self._draw, args=(self._display,), daemon=True)
            self._drawer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._drawer is not None:
            self._drawer.join(1)
        if self._display is not None:
            self._display.close()
            if kind is None and isinstance(self._display, _Json):
                self._display.draw(self.count.line())

    def count_in_advance(self, paths: Iterable[Path], limits: Limits) -> None:
        """Walk the folders a second time, for totals; only when somebody sees them, and beside the work."""
        if self.shown:
            threading.Thread(target=self._walk, args=(list(paths), limits), daemon=True).start()

    def advance(self, outcome: Outcome) -> None:
        self.count.files += 1
        self.count.bytes += outcome.size

    def _walk(self, paths: list[Path], limits: Limits) -> None:
        from takedown_cli.discover import walk

        for found in walk(paths, limits):
            if self._over.is_set():
                return
            self.count.found += 1
            self.count.found_bytes += found.size
        self.count.counted = True

    def _draw(self, display: _Display) -> None:
        while not self._over.wait(display.interval):
            display.draw(self.count.line())


def _display(mode: str, *, asked: bool) -> _Display | None:
    if mode == "none" or (console.quiet and not asked):
        return None
    if mode == "json":
        return _Json()
    if mode == "auto" and is_terminal(sys.stderr) and os.environ.get("TERM") != "dumb":
        return _Bar()
    return _Plain()


def in_words(line: ProgressLine) -> str:
    """``12 of 340 files, 45.1 MB, 5.6 MB/s, 2 min left``: at most 60 columns."""
    of = f" of {line['total']:,}{'' if line['counted'] else '+'}" if line["total"] > line["files"] else ""
    parts = [f"{line['files']:,}{of} files", _bytes(line["bytes"])]
    if line["seconds"] >= 1:
        parts.append(f"{_bytes(line['bytes'] / line['seconds'])}/s")
    if line["seconds_left"] is not None:
        parts.append(f"{_duration(line['seconds_left'])} left")
    return ", ".join(parts)


def _bytes(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:,.1f} TB"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
