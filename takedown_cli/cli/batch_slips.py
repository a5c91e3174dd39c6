"""``takedown batch slips``: writes the slips that are handed to callers, each in a file of its own.

It guarantees that a case's slip is made once unless it is asked for by its item number, and that the ledger knows.
It must never show a case number on the screen of whoever prints the slips.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from takedown_cli.cli import output
from takedown_cli.cli.batch_options import LEDGER, Item, Reference, chosen, open_ledger
from takedown_cli.cli.console import console
from takedown_cli.cli.counted import counted
from takedown_cli.cli.options import carries, one_of
from takedown_cli.cli.organisation_key import KEY, PASSPHRASE, unlock
from takedown_cli.errors import NothingToDoError, OutputError, UsageError
from takedown_cli.helpline.nouns import Case

if TYPE_CHECKING:
    from takedown_cli.helpline.ledger import Ledger
    from takedown_cli.helpline.ledger.entry import Entry
    from takedown_cli.helpline.slip import Slip

#: So many slips are written and noted while nobody else uses the ledger.
_BATCH: Final = 100


@carries(LEDGER, KEY, PASSPHRASE)
def slips(
    folder: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="The folder for the slips.")],
    form: Annotated[str, typer.Option("--format", metavar="html|text", help="To print, or to send.")] = "html",
    together: Annotated[bool, typer.Option("--together", help="One file to print, a page for each caller.")] = False,
    contact: Annotated[
        str, typer.Option("--contact", metavar="TEXT", help="How to reach you, as the slip shall say it.")
    ] = "",
    item: Item = None,
    reference: Reference = None,
) -> None:
    """Write a slip for each caller whose case is with the intake and who has none yet.

    \b
    takedown batch slips -o slips --contact "0800 000 000" \\
        --ledger cases.ledger --key file:helpline.key
    takedown batch slips -o slips --item 17 \\
        --ledger cases.ledger --key file:helpline.key
    """
    from takedown_cli.helpline.slip import due

    one_of("--format", form, ("html", "text"))
    if together and form == "text":
        raise UsageError("--together is for slips to print: one file of text would be everybody's.")
    if not (len(contact) <= 120 and contact.isprintable()):
        raise UsageError("--contact must be one line of at most 120 characters.")
    with open_ledger(unlock()) as ledger:
        cases = ledger.cases()
        again: frozenset[str] = frozenset()
        if item is not None or reference is not None:
            cases = [chosen(ledger.state(), item, reference).case()]
            again = frozenset({cases[0].reference})
        found = due(cases, contact, again)
        if not found.slips:
            raise NothingToDoError("No slip is due.", hint="'takedown batch status' says how far each case is.")
        _prepare(folder)
        made = sum(_write(ledger, part, folder, form, together, again) for part in _parts(found.slips, together))
    left = {"given_before": found.given_before, "not_sent": found.not_sent, "none_due": found.none_due}
    if console.json:
        console.emit({"schema": "takedown.batch.slips", "version": 1, "made": made, **left})
        return
    console.result(f"{counted(made, 'slip is', 'slips are')} written.")
    if found.given_before:
        console.say(f"{counted(found.given_before, 'caller')} had theirs before.")
    if found.not_sent:
        console.say(f"{counted(found.not_sent, 'case is', 'cases are')} not sent yet.")
    console.say("Each slip is the key to its case: print them, hand them out, then delete the folder.")


def _parts(every: Sequence[tuple[Case, Slip]], together: bool) -> Iterator[Sequence[tuple[Case, Slip]]]:
    size = len(every) if together else _BATCH
    for start in range(0, len(every), size):
        yield every[start : start + size]


def _prepare(folder: Path) -> None:
    """Raises OutputError unless there is a folder then; one that is made is for this user only."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except (OSError, ValueError):
        raise OutputError("The folder for the slips cannot be made.", hint="Choose another place with -o.") from None


def _write(
    ledger: Ledger, part: Sequence[tuple[Case, Slip]], folder: Path, form: str, together: bool, again: frozenset[str]
) -> int:
    """Write these slips and note them, while nobody else can make the same ones; gives how many.

    A slip is on the disk before it is noted: whoever is interrupted finds the same file when they go on.
    """
    from takedown_cli.helpline.ledger.entry import Act
    from takedown_cli.helpline.slip import as_html, as_text

    with ledger.turn() as turn:
        mine = [(case, slip) for case, slip in part if case.reference in again or not _given(turn.state.entries, case)]
        if not mine:
            return 0
        if together:
            _put(folder, "slips", ".html", as_html(slip for _, slip in mine))
        for case, slip in () if together else mine:
            data = as_text(slip) if form == "text" else as_html([slip])
            _put(folder, case.reference, ".txt" if form == "text" else ".html", data)
        for case, _ in mine:
            turn.add(Act.SLIP, case.item)
    return len(mine)


def _given(entries: dict[int, Entry], case: Case) -> bool:
    """Whether another operator has made it in the meantime, or forgotten the case."""
    from takedown_cli.helpline.slip import ACT

    entry = entries.get(case.item)
    return entry is None or any(act == ACT for _, _, act in entry.history)


def _put(folder: Path, name: str, suffix: str, data: bytes) -> None:
    """Under a name that is free; the very same file of an interrupted run counts as written. Raises OutputError."""
    from takedown_cli.helpline.slip import file_name

    taken: set[str] = set()
    while (target := folder / file_name(name, frozenset(taken), suffix)).exists():
        if _holds(target, data):
            return
        taken.add(target.name.casefold())
    output.write(target, data, force=False)


def _holds(target: Path, data: bytes) -> bool:
    try:
        return target.read_bytes() == data
    except OSError:
        return False
