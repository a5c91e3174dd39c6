"""Shows progress on stderr: a bar on a terminal, a line every few seconds elsewhere, JSON for scripts.

It shows counts, bytes, rate and time left, and never a file name. If something cannot be shown, it is left out: no
display may slow the work down or end it.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NotRequired, Self

from typing_extensions import TypedDict

from takedown_cli.api.run import Count, Progress
from takedown_cli.cli.terminal.console import console, is_simple, is_terminal
from takedown_cli.locale.filled import Filled, filled, filled_many

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from takedown_cli.core.model import Limits, Outcome

MODES: Final = ("auto", "plain", "json", "none")
_PLAIN_SECONDS: Final = 5.0
_JSON_SECONDS: Final = 1.0
_BAR_SECONDS: Final = 0.2
_WIDEST: Final = 60


class ProgressLine(TypedDict):
    """One line on stderr of ``--progress=json``. ``total`` counts what was found so far.

    While a long video is decoded, ``video_seconds`` of its ``video_total`` seconds are done.
    """

    schema: Literal["takedown.progress"]
    version: Literal[1]
    files: int
    total: int
    bytes: int
    total_bytes: int
    counted: bool
    seconds: float
    seconds_left: float | None
    video_seconds: NotRequired[float]
    video_total: NotRequired[float]


def progress_line(progress: Progress) -> ProgressLine:
    """Return the line for ``progress``."""
    line: ProgressLine = {
        "schema": "takedown.progress",
        "version": 1,
        "files": progress.files,
        "total": progress.found,
        "bytes": progress.bytes,
        "total_bytes": progress.found_bytes,
        "counted": progress.counted,
        "seconds": round(progress.seconds, 1),
        "seconds_left": progress.seconds_left,
    }
    if progress.video is not None:
        line["video_seconds"], line["video_total"] = round(progress.video.seconds, 1), round(progress.video.total, 1)
    return line


class _Lines:
    """A line now and then, in words or as JSON."""

    def __init__(self, interval: float, form: Callable[[ProgressLine], str]) -> None:
        self.interval, self._form = interval, form

    def draw(self, line: ProgressLine) -> None:
        console.error_line(self._form(line))

    def close(self) -> None:
        pass


class _Bar(_Lines):
    """Rich's bar, loaded only when there is something to draw. We know that this is a terminal; Rich would guess."""

    def __init__(self) -> None:
        super().__init__(_BAR_SECONDS, progress_words)
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
                    description=console.language.look_up(self._form(line)),
                    completed=line["bytes"],
                    total=line["total_bytes"] or None,
                    refresh=True,
                )

    @contextmanager
    def _erased(self) -> Iterator[None]:
        """Clear the bar's line for as long as the block lasts; the next ``draw`` brings it back."""
        with self._lock:
            console.prompt("\r\x1b[2K")
            yield

    def _start(self) -> RichProgress:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        screen = Console(
            file=sys.stderr,
            force_terminal=True,  # we know that it is one; Rich would guess
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


class ProgressDisplay:
    """The progress of one run, as a context manager: call ``advance`` for every outcome; a thread draws it."""

    def __init__(self, mode: str, *, asked: bool = False) -> None:
        self.count = Count()
        self._display, self._json = _choose_display(mode, asked=asked), mode == "json"
        self._drawer: threading.Thread | None = None

    @property
    def shown(self) -> bool:
        return self._display is not None

    def __enter__(self) -> Self:
        if self._display is not None:
            self._drawer = threading.Thread(target=self._draw, args=(self._display,), daemon=True)
            self._drawer.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.count.stop.set()
        if self._drawer is not None:
            self._drawer.join(1)
        if self._display is not None:
            self._display.close()
            if kind is None and self._json:
                self._display.draw(progress_line(self.count.progress()))

    def count_in_advance(self, paths: Iterable[Path], limits: Limits) -> None:
        """Walk the folders a second time during the work, to count the totals, if progress is shown."""
        if self.shown:
            threading.Thread(target=self.count.walk, args=(list(paths), limits), daemon=True).start()

    def advance(self, outcome: Outcome) -> None:
        self.count.add(outcome)

    def _draw(self, display: _Lines) -> None:
        while not self.count.stop.wait(display.interval):
            display.draw(progress_line(self.count.progress()))


def _choose_display(mode: str, *, asked: bool) -> _Lines | None:
    if mode == "none" or (console.quiet and not asked):
        return None
    if mode == "json":
        return _Lines(_JSON_SECONDS, json.dumps)
    if mode == "auto" and is_terminal(sys.stderr) and not is_simple():
        return _Bar()
    return _Lines(_PLAIN_SECONDS, progress_words)


def progress_words(line: ProgressLine) -> str:
    """Return ``12 of 340 files, 45.1 MB, 5.6 MB/s, 2 min left``: at most 60 columns, in the person's language.

    While a long video is decoded: ``12 of 340 files, video 35 of 120 s, 2 min left, 45.1 MB``.
    """
    if line["total"] <= line["files"]:
        parts = [filled_many("{count} file", "{count} files", line["files"])]
    elif line["counted"]:
        parts = [filled_many("{files} of {count} file", "{files} of {count} files", line["total"], files=line["files"])]
    else:
        parts = [filled("{files} of {total}+ files", files=line["files"], total=line["total"])]
    size = _format_bytes(line["bytes"])
    rate = [filled("{size}/s", size=_format_bytes(line["bytes"] / line["seconds"]))] if line["seconds"] >= 1 else []
    seconds_left = line["seconds_left"]
    left = [] if seconds_left is None else [filled("{time} left", time=_format_seconds(seconds_left))]
    if "video_seconds" in line and "video_total" in line:
        parts += [_format_video(line["video_seconds"], line["video_total"]), *left, size]
    else:
        parts += [size, *rate, *left]
    while len(console.language.look_up(words := filled("{parts}", parts=tuple(parts)))) > _WIDEST:
        parts.pop()
    return words


def _format_video(seconds: float, total: float) -> Filled:
    """Return how far a video is, in the unit in which its length is easy to read."""
    sentence, size = (
        ("video {seconds} of {total} s", 1) if total < 600
        else ("video {seconds} of {total} min", 60) if total < 36_000
        else ("video {seconds} of {total} h", 3600)
    )  # fmt: skip
    return filled(sentence, seconds=round(seconds / size), total=round(total / size))


def _format_bytes(count: float) -> Filled:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return filled(f"{{number}} {unit}", number=round(count) if unit == "B" else float(count))
        count /= 1000
    return filled("{number} TB", number=count)


def _format_seconds(seconds: float) -> Filled:
    if seconds < 90:
        return filled("{seconds} s", seconds=round(seconds))
    if seconds < 5400:
        return filled("{minutes} min", minutes=round(seconds / 60))
    return filled("{hours} h", hours=seconds / 3600)
