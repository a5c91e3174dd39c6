"""``takedown status`` and ``takedown withdraw``: ask about a case, or take it back, with its number alone.

It guarantees that the number is checked for typing errors before any contact, and is never printed.
It must never take the number from the arguments.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from takedown_cli.cli.ask import case_number, confirm
from takedown_cli.cli.case_words import in_words, status_report, withdraw_report
from takedown_cli.cli.console import console
from takedown_cli.cli.intake_options import Intake, Proxy, intake_address, intake_client
from takedown_cli.cli.options import application
from takedown_cli.errors import NothingToDoError, UnreachableError, UsageError

if TYPE_CHECKING:
    from takedown_cli.wire import CaseStatus, Copies

app = application()

_WATCH_SECONDS: Final = 60
_OTHER_FILE: Final = "An edited or smaller copy has another hash; name the file that was submitted."

Number = Annotated[
    str | None, typer.Argument(metavar="-|FILE", help="Where the case number comes from; a prompt when left out.")
]


@app.command(epilog="Exit codes: 0 shown; 9 no such case; 7 unreachable: try again later; 2 usage.")
def status(
    number: Number = None,
    intake: Intake = None,
    proxy: Proxy = None,
    watch: Annotated[bool, typer.Option("--watch", help="Ask again every minute, and show what changes.")] = False,
) -> None:
    """What happened to a case, in plain words.

    \b
    takedown status -                        asks for the case number
    takedown status - --json < number.txt
    """
    address = intake_address(intake)
    case = case_number(number)
    with intake_client(address, proxy) as client:
        state = client.status(case)
        _show(state)
        console.jsonl = console.json and watch  # from here on, also an error is one more object on a line of its own
        while watch:
            time.sleep(_WATCH_SECONDS)
            try:
                latest = client.status(case)
            except UnreachableError as error:
                console.warn(f"{error.sentence} Asking again in a minute.")
                continue
            if latest != state:
                state = latest
                _show(state)


@app.command(
    epilog="Exit codes: 0 withdrawn; 3 some of the files are not in the case; 4 none is; "
    "7 unreachable: try again later; 8 not confirmed; 9 no such case; 2 usage."
)
def withdraw(
    number: Number = None,
    file: Annotated[
        list[Path] | None, typer.Option("--file", metavar="PHOTO", help="Only what this file shows; may be repeated.")
    ] = None,
    copies: Annotated[
        list[str] | None,
        typer.Option("--copies", metavar="KINDS", help="Only hashes of predicted copies: crops, borders, …, all."),
    ] = None,
    receipt: Annotated[
        Path | None, typer.Option("--receipt", metavar="FILE", help="What 'submit --to' put into an HMA bank, instead.")
    ] = None,
    intake: Intake = None,
    proxy: Proxy = None,
) -> None:
    """Take a case back, or single pictures of it.

    \b
    takedown withdraw -                       the whole case
    takedown withdraw - --file beach.jpg      only this picture
    takedown withdraw - --copies crops        only the hashes of cropped copies
    takedown withdraw --receipt r.jsonl       out of an organisation's HMA bank
    """
    if receipt is not None:
        if number is not None or file or copies or intake is not None:
            raise UsageError("--receipt says by itself what to take out, and where; it goes with no case number.")
        from takedown_cli.cli import bank

        raise typer.Exit(bank.withdraw(receipt, proxy))
    address = intake_address(intake)
    kinds = _kinds(copies)
    wanted = _values(file) if file else [()]
    case = case_number(number)
    what = (
        "the whole case" if not file else "what this file shows" if len(file) == 1 else f"what {len(file):,} files show"
    )
    if kinds:
        what = f"the hashes of predicted copies ({', '.join(kinds)}) of {what}"
    confirm(f"Withdraw {what}? Platforms are then told to stop looking for it.")
    with intake_client(address, proxy) as client:
        states = [client.withdraw(case, values, kinds) for values in wanted]
    counts = [state.withdrawn or 0 for state in states]
    if console.json:
        console.emit(withdraw_report(states[-1], sum(counts)))
    else:
        console.paragraphs(in_words(states[-1]))
    raise typer.Exit(_say_copies_withdrawn(sum(counts)) if kinds else _say_withdrawn(counts, len(file or ())))


def _kinds(copies: list[str] | None) -> list[Copies]:
    """Raises UsageError."""
    from takedown_cli.cli.recipe import kinds_of
    from takedown_cli.model import COPIES

    kinds = kinds_of("--copies", copies or [], tuple(kind for kind in COPIES if kind != "none"))
    return ["all"] if "all" in kinds else sorted(kinds)  # type: ignore[arg-type]


def _values(files: list[Path]) -> list[tuple[str, ...]]:
    """For each file the hashes by which the intake finds it: the picture's own, the video's MD5, never a copy's.

    A copy's hash, or a frame's, may be another item's as well. Raises UsageError for a file that is not there,
    NothingToDoError when none can be read.
    """
    from takedown_cli.bundle.document import Declaration
    from takedown_cli.model import Hashed, Recipe
    from takedown_cli.pipeline import Declared, outcomes

    if not all(path.exists() for path in files):
        raise UsageError("A file named with --file does not exist.", hint="Check the spelling; nothing was withdrawn.")
    declared = Declared(Declaration(behalf="self"), "unsure")
    read = [o for o in outcomes(files, Recipe(copies=frozenset())) if isinstance(o, Hashed)]
    items = [item for o in read if (item := declared.item(o)) is not None]
    found = [
        tuple(
            f.value
            for f in item.fingerprints
            if f.kind == own and f.variant in {None, "upright"} and f.method != "512nn"
        )
        for item in items
        for own in ["md5" if item.media == "video" else "pdq"]
    ]
    if not any(found):
        raise NothingToDoError("None of these files gives a hash that could be in the case.")
    return [values for values in found if values]


def _say_withdrawn(counts: list[int], files: int) -> int:
    """Tell how many items were found; gives the exit code."""
    total = sum(counts)
    if not files:
        return 0
    console.say(f"{total:,} of the case's pictures and videos show what these files show, and are withdrawn.")
    if total == 0:
        raise NothingToDoError("None of these files is in this case, so nothing was withdrawn.", hint=_OTHER_FILE)
    missing = files - sum(1 for count in counts if count)
    if missing:
        console.warn(f"{missing:,} of the files could not be read, or are not in this case.")
    return 3 if missing else 0


def _say_copies_withdrawn(count: int) -> int:
    """Tell how many items had such hashes; gives the exit code."""
    if not count:
        raise NothingToDoError("None of these pictures has such hashes on the list, so nothing was withdrawn.")
    console.say(f"Withdrawn for {count:,} of the case's pictures and videos; they themselves stay on the list.")
    return 0


def _show(state: CaseStatus) -> None:
    if console.json:
        console.emit(status_report(state))
    else:
        console.paragraphs(in_words(state))
