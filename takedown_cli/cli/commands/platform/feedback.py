"""``takedown platform feedback``: what the site decided about records, one line a verdict."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from takedown_cli.cli.commands.platform.folder import Folder, feed_reader
from takedown_cli.cli.options.connection import ConnectionOptions
from takedown_cli.cli.options.progress import ProgressMode
from takedown_cli.cli.results.platform import FeedbackReport
from takedown_cli.cli.results.words import counted
from takedown_cli.cli.terminal.console import console
from takedown_cli.core.errors import UnreachableError, UsageError

if TYPE_CHECKING:
    from takedown_cli.protocol.feed import Verdict


def send_feedback(
    folder: Folder,
    source: Annotated[
        str | None, typer.Argument(metavar="FILE|-", help="JSON lines; '-' for stdin. Without it, what waits is sent.")
    ] = None,
    progress: ProgressMode = None,
    *,
    connection: ConnectionOptions,
) -> None:
    """Say what your site decided about records, so that the person can see it.

    \b
    takedown platform feedback /srv/takedown decided.jsonl
    echo '{"id": "5f0c…", "verdict": "Blocked"}' |
        takedown platform feedback /srv/takedown -

    The verdict is Blocked, NotBlocked or PendingReview; NotBlocked says that the
    picture must not be acted on. The last verdict on a record counts, so sending
    one again changes nothing. Nothing about the upload or the uploader is sent.

    If the intake does not answer, the verdicts wait in the folder, and are sent
    the next time.

    Exit codes: 0 sent; 2 a line is no verdict, and nothing was sent; 7 the intake
    is unreachable, and the verdicts wait.
    """
    from takedown_cli.platform.feedback.verdict_queue import VerdictQueue
    from takedown_cli.platform.home import Home

    home = Home(folder)
    settings = home.load()
    given = [] if source is None else _read_lines(source)
    with VerdictQueue(home.verdicts_file) as queue:
        queue.add(given)
        try:
            with feed_reader(settings, connection, progress) as reader:
                reader.fetch_signing_key()  # the token goes to no server before it has shown the right key
                sent = queue.send(reader)
        except UnreachableError as error:
            waiting = len(queue)
            wait = "waits" if waiting == 1 else "wait"
            error.hint = f"{counted(waiting, 'verdict')} {wait} in the folder. Run 'takedown platform feedback' again."
            raise
        console.show(FeedbackReport(given=len(given), sent=sent.verdicts, met=sent.met, waiting=len(queue)))


def _read_lines(source: str) -> list[Verdict]:
    """Return the verdicts in a file or on standard input. Raise UsageError."""
    from takedown_cli.platform.feedback.verdict_queue import LONGEST_LINE, read_verdicts

    try:
        with nullcontext(sys.stdin.buffer) if source == "-" else Path(source).open("rb") as stream:
            # A line without an end is not read as a whole: what is cut here is too long to be a verdict.
            return read_verdicts(iter(partial(stream.readline, LONGEST_LINE + 8), b""))
    except (OSError, ValueError, AttributeError):
        raise UsageError("The file of verdicts cannot be read.") from None
