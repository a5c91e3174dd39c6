"""``takedown platform scan``: which files match the local list. Nothing is sent."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from takedown_cli.cli.commands.platform.folder import Folder
from takedown_cli.cli.options.common import ShowPaths
from takedown_cli.cli.options.executor import ExecutorOptions, start_hasher
from takedown_cli.cli.options.paths import require_paths
from takedown_cli.cli.options.progress import ProgressMode, chosen_progress
from takedown_cli.cli.options.recipe import UploadJob
from takedown_cli.cli.terminal.console import console, shown_path
from takedown_cli.core.errors import Interrupted, SealError, UsageError

if TYPE_CHECKING:
    from takedown_cli.core.model import Recipe
    from takedown_cli.hashing.journal import Journal
    from takedown_cli.platform.home import Home, Settings
    from takedown_cli.platform.local_list import LocalList

#: Some files match the list.
MATCHES: Final = 10
#: No file matches, but some could not be read.
UNREAD: Final = 3

_Resume = Annotated[
    Path | None,
    typer.Option("--resume", metavar="JOURNAL", help="Keep a sealed journal of what is done, and continue from it."),
]
_VideoShare = Annotated[
    float | None,
    typer.Option(
        "--video-share",
        metavar="PERCENT",
        min=0,
        max=100,
        help="Share of a video's frames that must match a clip of the list. Default: 50.",
    ),
]
_ClipShare = Annotated[
    float | None,
    typer.Option(
        "--clip-share",
        metavar="PERCENT",
        min=0,
        max=100,
        help="Share of the clip's frames that must match the video. Default: 5.",
    ),
]


def scan_files(
    folder: Folder,
    paths: Annotated[list[Path], typer.Argument(metavar="PATH", help="Files and folders.")],
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="One JSON object per file as it is done, then a summary.")
    ] = False,
    resume: _Resume = None,
    video_share: _VideoShare = None,
    clip_share: _ClipShare = None,
    progress: ProgressMode = None,
    show_paths: ShowPaths = False,
    *,
    job: UploadJob,
    executor: ExecutorOptions,
) -> None:
    """Find files that match the local list: a back catalogue, or a folder of uploads.

    \b
    takedown platform scan /srv/takedown uploads/ --jsonl
    takedown platform scan /srv/takedown /srv/pictures --resume scan.journal

    Each picture is read in every way that it may have been reposted: turned,
    mirrored, as a negative, framed, in a screenshot or a collage. With --jsonl a
    line names each record that a file matches, the distance, and the reading.

    A picture of the negative list is no match. It is named under "negative", and
    counted in the summary.

    An interrupted scan continues with the same command and the same journal. Files
    in the journal are not read again, but compared with the list as it is now.

    Exit codes: 0 nothing matches; 10 files match; 3 nothing matches, but some
    files could not be read; 5 no list that can be used; 7 the list is too old:
    pull first; 2 usage; 130 interrupted.
    """
    console.jsonl = jsonl
    if console.json and jsonl:
        raise UsageError("Give either --json or --jsonl, not both.")
    require_paths(paths)
    from takedown_cli.platform.home import Home
    from takedown_cli.platform.local_list import LocalList

    home = Home(folder)
    settings = home.load()
    with LocalList(home.list_file) as local:
        state = local.require(settings.source(), settings.max_age_days)
        # The decoders start while the list is loaded.
        with (
            _open_journal(resume, bytes.fromhex(settings.journal_key), job.recipe) as journal,
            start_hasher(executor, job, journal) as hasher,
        ):
            from takedown_cli.api import hash_paths
            from takedown_cli.cli.results import hash_report
            from takedown_cli.cli.results.platform import ScanReport, moment, scan_line
            from takedown_cli.platform.clips import ClipRule
            from takedown_cli.platform.match import ListMatcher
            from takedown_cli.platform.scan import Scan

            with _open_negative(home, settings) as beside:
                usual = ClipRule()
                rule = ClipRule(
                    usual.video_share if video_share is None else video_share,
                    usual.clip_share if clip_share is None else clip_share,
                )
                scan = Scan(ListMatcher(local, beside, rule))
            started = time.monotonic()
            recording = hasher if journal is None else journal.recording(hasher)
            with (
                chosen_progress(progress) as shown,
                hash_paths(paths, job.recipe, workers=job.workers, hasher=recording) as outcomes,
            ):
                shown.count.watch_run(outcomes)
                shown.count_in_advance(paths, job.recipe.limits)
                for outcome in outcomes:
                    shown.advance(outcome)
                    matches, negative = scan.take(outcome)
                    if jsonl:
                        console.emit(scan_line(outcome, matches, negative))
                    elif show_paths and matches:
                        console.show_line(f"{shown_path(outcome.path)}: {matches[0].distance} bits, {matches[0].id}")
    totals = hash_report.summary(scan.tally, time.monotonic() - started)
    report = ScanReport(
        matched=scan.matched, negative=scan.negative, records=len(scan.records), unread=scan.unread,
        active=len(scan.matcher), list_made=moment(state.made), summary=totals,
    )  # fmt: skip
    if jsonl:
        console.emit(report.document())
        for note in report.notes():
            console.say(note)
    else:
        console.show(report)
    raise typer.Exit(MATCHES if scan.matched else UNREAD if scan.unread else 0)


@contextmanager
def _open_negative(home: Home, settings: Settings) -> Iterator[LocalList | None]:
    """Open the negative list, if this folder pulls one beside the local list and has it."""
    from takedown_cli.platform.local_list import LocalList

    beside = settings.beside
    if beside is None or not home.negative_file.is_file():
        if beside is not None:
            console.say("There is no negative list yet. To fetch it, run:\n  takedown platform pull")
        yield None
        return
    with LocalList(home.negative_file) as negative:
        negative.require(beside.source(), settings.max_age_days)
        yield negative


@contextmanager
def _open_journal(path: Path | None, key: bytes, recipe: Recipe) -> Iterator[Journal | None]:
    """Open or make the journal, if one is named. An interruption says how to continue."""
    if path is None:
        yield None
        return
    from takedown_cli.hashing.journal import Journal

    try:
        with Journal(path, key, recipe) as journal:
            if len(journal):
                console.say(f"Continuing. The journal already has {len(journal):,} files.")
            yield journal
    except SealError:
        raise UsageError("The journal belongs to another platform's folder.", hint="Name another journal.") from None
    except Interrupted as end:
        end.sentence, end.hint = "Stopped. What was done is in the journal.", "Run the same command again to continue."
        raise
