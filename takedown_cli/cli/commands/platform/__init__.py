"""``takedown platform``: what a platform runs that has no other matching software."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Final

import typer

from takedown_cli.cli.commands.platform import feedback, relay, scan
from takedown_cli.cli.commands.platform.folder import Folder, feed_reader
from takedown_cli.cli.options.common import application
from takedown_cli.cli.options.connection import ConnectionOptions
from takedown_cli.cli.options.intake import Intake, intake_address
from takedown_cli.cli.options.progress import ProgressMode
from takedown_cli.cli.results.platform import JoinReport, PullReport
from takedown_cli.cli.results.result import ABSENT
from takedown_cli.cli.terminal.console import console, is_terminal
from takedown_cli.cli.terminal.prompts import secret
from takedown_cli.core.errors import OutputError, UsageError

app = application("A platform's side: pull an intake's lists, find matches, answer.")

_SECONDS_BETWEEN_LINES: Final = 5.0


@app.command("join")
def join_intake(
    folder: Folder,
    intake: Intake = None,
    token_file: Annotated[
        str | None,
        typer.Option("--token-file", metavar="FILE|-", help="Read the token of the native feed; a prompt without it."),
    ] = None,
    lists: Annotated[
        str, typer.Option("--lists", metavar="LISTS", help="adult, under-18, negative. Default: all subscribed to.")
    ] = "",
    tiers: Annotated[
        str, typer.Option("--tiers", metavar="TIERS", help="confirmed or provisional. Default: both.")
    ] = "",
    classes: Annotated[
        str,
        typer.Option("--classes", metavar="KINDS", help="What hashes are of: original,flips,… Default: everything."),
    ] = "",
    max_age: Annotated[
        str, typer.Option("--max-age", metavar="DAYS", help="How old the list may be when it is used, such as 7d.")
    ] = "7d",
    clips: Annotated[
        bool, typer.Option("--clips", help="Keep which hashes are of one video, to match videos by share of frames.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the settings of a folder that joined before.")
    ] = False,
    *,
    connection: ConnectionOptions,
) -> None:
    """Join an intake: check its key and your token, and keep both in a folder.

    \b
    takedown platform join /srv/takedown --intake https://intake.example#KEY
    takedown platform join /srv/takedown --token-file token.txt --lists adult

    The intake's operator gives you its address with the key, and the token, by
    'takedown intake participant add'. The folder and its files are for your
    account alone.

    Exit codes: 0 joined; 2 the token or a choice is not valid; 6 the server does
    not have that key; 7 unreachable.
    """
    address = intake_address(intake)
    from takedown_cli.platform.home import Home, make_settings

    home = Home(folder)
    if home.exists and not force:
        raise OutputError("This folder has joined an intake already.", hint="Add --force to replace its settings.")
    age = _parse_days(max_age)
    token = _read_token(token_file)
    settings = make_settings(str(address), token, _words(lists), _words(tiers), _words(classes), age, clips=clips)
    with feed_reader(settings, connection) as reader:
        key = reader.fetch_signing_key()
        for each in filter(None, (settings, settings.beside)):
            reader.page_after(None, each.selection, key)
    home.save(settings)
    chosen = {name: list(getattr(settings, name)) for name in ("lists", "tiers", "classes")}
    console.show(JoinReport(intake=settings.intake, max_age_days=age, clips=clips or ABSENT, **chosen))


def _parse_days(text: str) -> int:
    from takedown_cli.platform.home import MAX_AGE

    days = text.removesuffix("d")
    if not (days.isascii() and days.isdigit() and len(days) <= 3 and 1 <= int(days) <= MAX_AGE):
        raise UsageError("--max-age must be a number of days.", hint=f"Give 1d to {MAX_AGE}d, such as 7d.")
    return int(days)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())


def _read_token(source: str | None) -> str:
    """Return the token from a file, from standard input (``-``), or typed. Raise UsageError."""
    import sys

    from takedown_cli.core.given_text import read_first_line
    from takedown_cli.platform.home import LONGEST_TOKEN

    if source is None or (source == "-" and is_terminal(sys.stdin)):
        return secret("Token: ", what="The token", otherwise="Give it with --token-file.").strip()
    try:
        if source == "-":
            return read_first_line(sys.stdin.buffer, LONGEST_TOKEN).strip() if sys.stdin is not None else ""
        with Path(source).open("rb") as stream:
            return read_first_line(stream, LONGEST_TOKEN).strip()
    except (OSError, ValueError):
        raise UsageError("The token cannot be read.", hint="--token-file names a file with the token alone.") from None


@app.command("pull")
def pull_list(
    folder: Folder,
    afresh: Annotated[bool, typer.Option("--afresh", help="Fetch everything, and not only what changed.")] = False,
    progress: ProgressMode = None,
    *,
    connection: ConnectionOptions,
) -> None:
    """Bring the local list up to date: new hashes in, withdrawn ones out.

    \b
    takedown platform pull /srv/takedown
    takedown platform pull /srv/takedown --afresh

    Run it every few minutes. Every page is verified with the intake's key. The
    old list stays in force until the new one is whole. The negative list (pictures
    that nobody should act on) is kept beside it.

    Exit codes: 0 up to date; 2 the intake does not accept the token, or the list
    cannot be written; 5 the local list is damaged; 6 an answer is not from the
    intake, or is an old one; 7 unreachable: try again later.
    """
    from takedown_cli.platform.home import Home
    from takedown_cli.platform.local_list import LocalList
    from takedown_cli.platform.pull import pull

    home = Home(folder)
    settings = home.load()
    shown_at = time.monotonic()

    def show(records: int) -> None:
        nonlocal shown_at
        if time.monotonic() - shown_at > _SECONDS_BETWEEN_LINES:
            shown_at = time.monotonic()
            console.say(f"{records:,} records so far.")

    with feed_reader(settings, connection, progress) as reader:
        # The negative list first: what is new on it is in force before what it concerns.
        negative = None
        if settings.beside is not None:
            with LocalList(home.negative_file, make=True) as local:
                negative = pull(reader, settings.beside, local, afresh=afresh)
        with LocalList(home.list_file, make=True) as local:
            pulled = pull(reader, settings, local, afresh=afresh, on_records=show)
    console.show(PullReport.of(pulled, negative))


app.command("scan")(scan.scan_files)
app.command("feedback")(feedback.send_feedback)
app.command("relay")(relay.relay_verdicts)
