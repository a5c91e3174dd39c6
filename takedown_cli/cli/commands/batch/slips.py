"""``takedown batch slips``: writes the slips that are handed to callers, each in a file of its own.

Each slip shows a case number, so nothing of a slip is printed to the screen.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from takedown_cli.cli.options.common import choice
from takedown_cli.cli.options.ledger import EntryOptions, LedgerOptions
from takedown_cli.cli.options.manifest import complete_language, known_language
from takedown_cli.cli.options.settings import setting
from takedown_cli.cli.results.words import counted
from takedown_cli.cli.terminal.console import console
from takedown_cli.cli.terminal.prompts import can_ask, confirm, type_line
from takedown_cli.core import atomic_file
from takedown_cli.core.errors import NothingToDoError, OutputError, UsageError
from takedown_cli.core.file_names import name_key, safe_file_name

if TYPE_CHECKING:
    from takedown_cli.helpline.ledger import Ledger
    from takedown_cli.helpline.ledger.entry import Entry
    from takedown_cli.helpline.slip import Sender

#: Slips that are written and noted in one transaction, while nobody else can use the ledger.
_BATCH: Final = 100
#: Bytes of the largest file of slips, a page for each of thousands of callers.
_LARGEST: Final = 64 << 20


def slips(
    folder: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="The folder for the slips.")],
    form: Annotated[str, choice("--format", ("html", "text"), "HTML to print, or text to send.")] = "html",
    together: Annotated[bool, typer.Option("--together", help="One file to print, a page for each caller.")] = False,
    name: Annotated[
        str | None, typer.Option("--name", metavar="TEXT", help="Your organisation's name, as the slip shows it.")
    ] = None,
    contact: Annotated[
        str | None,
        typer.Option("--contact", metavar="TEXT", help="How the caller can reach you, as the slip shows it."),
    ] = None,
    page: Annotated[
        bool, typer.Option("--page", help="Show the intake's page for callers, with a QR code, instead of commands.")
    ] = False,
    language: Annotated[
        str | None,
        typer.Option(
            "--language",
            metavar="TAG",
            help="The language of these slips, instead of the manifest's.",
            autocompletion=complete_language,
        ),
    ] = None,
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete this ledger's slips from the folder, once they are handed out.")
    ] = False,
    *,
    ledger: LedgerOptions,
    entry: EntryOptions,
) -> None:
    """Write a slip for each caller whose case is at the intake and who has no slip yet.

    \b
    takedown batch slips -o slips --name "Example Helpline" \\
        --contact "0800 000 000" --ledger cases.ledger --key file:helpline.key
    takedown batch slips -o slips --entry 17 \\
        --ledger cases.ledger --key file:helpline.key
    takedown batch slips -o slips --delete \\
        --ledger cases.ledger --key file:helpline.key
    """
    from takedown_cli.cli.results.batch.slips import SlipsReport
    from takedown_cli.helpline.slip import slips_due

    if together and form == "text":
        raise UsageError(
            "--together is only for slips to print. In one text file, each caller would see the others' numbers."
        )
    if delete:
        with ledger.open() as opened:
            _delete_slips(folder, opened)
        return
    spoken = None if language is None else known_language("--language", language)
    sender = _read_sender(name, contact)
    with ledger.open() as opened:
        sender = replace(sender, mark=opened.digests.slip_mark)
        cases = [entry.find(opened.state())] if entry.is_given else opened.cases()
        due = slips_due(cases, again=entry.is_given)
        if not due.slips:
            raise NothingToDoError(
                "There is no slip to write.", hint="To see how far each case is, run:\n  takedown batch status"
            )
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
        except (OSError, ValueError):
            raise OutputError("The folder for the slips could not be made.", hint="Choose another with -o.") from None
        slips_ = due.slips if spoken is None else tuple(replace(case, language=spoken) for case in due.slips)
        size = len(slips_) if together else _BATCH
        made = sum(
            _write_slips(opened, slips_[start : start + size], folder, form, sender, page, together, entry.is_given)
            for start in range(0, len(slips_), size)
        )
    console.show(SlipsReport(made=made, given_before=due.given_before, not_sent=due.not_sent, none_due=due.none_due))


def _read_sender(name: str | None, contact: str | None) -> Sender:
    """Return who hands out the slips: from the options, the settings, or by asking. Raise UsageError."""
    from takedown_cli.helpline.slip import Sender

    answers = {}
    for what, flag, question in (
        ("name", name, "Your organisation's name, as callers know it: "),
        ("contact", contact, "How callers can reach you (a telephone number, an address): "),
    ):
        given = setting(what, flag)
        if given is None and can_ask():
            given = type_line(question)
        elif given is None:
            console.warn(f"The slips do not show your organisation's {what}. Add --{what}, or set it in the settings.")
        if given is not None and not (len(given) <= 120 and given.isprintable()):
            raise UsageError(f"--{what} must be one line of at most 120 characters.")
        answers[what] = given or ""
    return Sender(**answers)


def _delete_slips(folder: Path, ledger: Ledger) -> None:
    """Ask, and delete the slips of this ledger from the folder, also those of forgotten cases."""
    from takedown_cli.cli.results.batch.slips import SlipsDeletedReport
    from takedown_cli.helpline.slip import is_slip_of

    mark, cases = ledger.digests.slip_mark, ledger.cases()
    found = [
        path
        for path in _files_in(folder).values()
        if path.suffix in {".html", ".txt"} and path.is_file() and path.stat().st_size <= _LARGEST
        if is_slip_of(path.read_text(encoding="utf-8", errors="replace"), mark, cases)
    ]
    if not found:
        raise NothingToDoError("There is no slip of this ledger in the folder.", hint="Check the folder: -o DIR")
    confirm(f"Delete {counted(len(found), 'slip')} from the folder? The ledger still has the case numbers.")
    for path in found:
        path.unlink(missing_ok=True)
    console.show(SlipsDeletedReport(deleted=len(found)))


def _write_slips(
    ledger: Ledger,
    part: Sequence[Entry],
    folder: Path,
    form: str,
    sender: Sender,
    with_page: bool,
    together: bool,
    again: bool,
) -> int:
    """Write these slips and record them in one transaction, so that nobody makes them twice. Return how many.

    A slip is on the disk before it is recorded: after an interruption, the next run finds the same file.
    """
    from takedown_cli.helpline.ledger.entry import Act
    from takedown_cli.helpline.slip import slip_as_text, slips_as_html

    with ledger.transaction() as transaction:
        mine = []
        for case in part:
            entry = transaction.state.entries.get(case.item)  # another operator may have forgotten it meanwhile
            if again or (entry is not None and not entry.has_slip):
                mine.append(case)
        present = _files_in(folder)
        if together and mine:
            _write_under_free_name(folder, present, "slips", ".html", slips_as_html(mine, sender, with_page=with_page))
        for case in mine:
            if not together and form == "text":
                slip = slip_as_text(case, sender, with_page=with_page)
                _write_under_free_name(folder, present, case.reference, ".txt", slip)
            elif not together:
                slip = slips_as_html([case], sender, with_page=with_page)
                _write_under_free_name(folder, present, case.reference, ".html", slip)
            transaction.add(Act.SLIP, case.item)
    return len(mine)


def _files_in(folder: Path) -> dict[str, Path]:
    """Return the files by their ``name_key``. Raise OutputError."""
    try:
        return {name_key(path.name): path for path in folder.iterdir()}
    except OSError:
        raise OutputError("The folder for the slips cannot be read.", hint="Choose another with -o.") from None


def _write_under_free_name(folder: Path, present: dict[str, Path], stem: str, suffix: str, data: bytes) -> None:
    """Write the file and add it to ``present``, which ``_files_in`` gave. Raise OutputError.

    A file with the same bytes, from an interrupted run, counts as written.
    """
    taken: set[str] = set()
    while (key := name_key(name := safe_file_name(stem, suffix, taken, otherwise="slip"))) in present:
        with suppress(OSError):
            if present[key].read_bytes() == data:
                return
        taken.add(key)
    atomic_file.write_file(folder / name, data, force=False)
    present[key] = folder / name
