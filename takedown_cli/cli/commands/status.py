"""``takedown status`` and ``takedown withdraw``: ask about a case, or withdraw it, with its number alone.

The number is checked for typing errors before any contact. It is never an argument, and never printed.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from takedown_cli.cli.options.common import application, complete
from takedown_cli.cli.options.connection import ConnectionOptions
from takedown_cli.cli.options.intake import Intake, intake_address, intake_client
from takedown_cli.cli.options.paths import require_paths
from takedown_cli.cli.options.progress import ProgressMode
from takedown_cli.cli.terminal.console import console
from takedown_cli.cli.terminal.prompts import confirm, read_case_number
from takedown_cli.cli.typer_glue.several_values import take_several
from takedown_cli.core.errors import NothingToDoError, UnreachableError, UsageError
from takedown_cli.core.variants import COPIES
from takedown_cli.locale.filled import filled, filled_many

if TYPE_CHECKING:
    from takedown_cli.api import Hashed
    from takedown_cli.protocol.addresses import IntakeAddress
    from takedown_cli.protocol.wire import Copies

app = application()
take_several("--copies", COPIES)

_WATCH_SECONDS: Final = 60
_KINDS: Final = tuple(kind for kind in COPIES if kind != "none")
#: The most items that one request may name.
_MOST_ITEMS: Final = 2000
_WITHDRAWN: Final = ("{count} picture or video withdrawn.", "{count} pictures and videos withdrawn.")
_WITHDRAW_FILES: Final = (
    "Withdraw what this file shows? Platforms are then asked to stop looking for it.",
    "Withdraw what {count} files show? Platforms are then asked to stop looking for it.",
)
_WITHDRAW_ITEMS: Final = (
    "Withdraw picture or video {numbers}? Platforms are then asked to stop looking for it.",
    "Withdraw pictures and videos {numbers}? Platforms are then asked to stop looking for them.",
)
_COPIES_OF_CASE: Final = (
    "Withdraw the hashes of predicted copies ({kinds}) of the whole case? "
    "Platforms are then asked to stop looking for it."
)
_COPIES_OF_FILES: Final = (
    (
        "Withdraw the hashes of predicted copies ({kinds}) of what this file shows? "
        "Platforms are then asked to stop looking for it."
    ),
    (
        "Withdraw the hashes of predicted copies ({kinds}) of what {count} files show? "
        "Platforms are then asked to stop looking for it."
    ),
)
_COPIES_WITHDRAWN: Final = (
    "Copies withdrawn for {count} picture or video. The pictures and videos themselves stay on the list.",
    "Copies withdrawn for {count} pictures and videos. The pictures and videos themselves stay on the list.",
)
_MISSING_FILES: Final = (
    "{count} file could not be read, or no match was found in this case.",
    "{count} files could not be read, or no match was found in this case.",
)
_MISSING_NUMBERS: Final = ("{count} number not found in this case.", "{count} numbers not found in this case.")
_SEE_NUMBERS: Final = "To see the numbers, run:\n  takedown status -"
_OTHER_FILE: Final = "An edited or smaller copy has another hash. Name the file that was submitted."

Number = Annotated[
    str | None, typer.Argument(metavar="-|FILE", help="Where the case number comes from; a prompt when left out.")
]


@app.command(spoken=True)
def status(
    number: Number = None,
    intake: Intake = None,
    watch: Annotated[bool, typer.Option("--watch", help="Ask again every minute, and show what changes.")] = False,
    progress: ProgressMode = None,
    *,
    connection: ConnectionOptions,
) -> None:
    """Show what happened to a case, in plain words.

    \b
    takedown status -                        asks for the case number
    takedown status - --json < number.txt

    Exit codes: 0 shown; 9 no such case; 7 unreachable: try again later; 2 usage.
    """
    from takedown_cli.cli.results.case import StatusReport, status_fields

    address = intake_address(intake)
    case = read_case_number(number)
    with intake_client(address, connection, progress) as client:
        state = client.status(case)
        console.show(StatusReport(**status_fields(state)))
        console.jsonl = console.json and watch  # from here on, also an error is one more object on a line of its own
        while watch:
            time.sleep(_WATCH_SECONDS)
            try:
                latest = client.status(case)
            except UnreachableError as error:
                console.warn(filled("{sentence} Asking again in a minute.", sentence=filled(error.sentence)))
                continue
            if latest != state:
                state = latest
                console.show(StatusReport(**status_fields(state)))


@app.command(spoken=True)
def withdraw(
    number: Number = None,
    file: Annotated[
        list[Path] | None, typer.Option("--file", metavar="PHOTO", help="Only what this file shows; may be repeated.")
    ] = None,
    item: Annotated[
        list[str] | None,
        typer.Option("--item", metavar="N", help="Only the item that status shows by this number, or 1-4,7."),
    ] = None,
    copies: Annotated[
        list[str] | None,
        typer.Option(
            "--copies",
            metavar="KINDS",
            help="Only hashes of predicted copies: crops, borders, …, all.",
            autocompletion=complete(_KINDS, several=True),
        ),
    ] = None,
    receipt: Annotated[Path | None, typer.Option("--receipt", metavar="FILE", hidden=True)] = None,
    intake: Intake = None,
    progress: ProgressMode = None,
    *,
    connection: ConnectionOptions,
) -> None:
    """Withdraw a case, or single pictures of it.

    \b
    takedown withdraw -                       the whole case
    takedown withdraw - --file beach.jpg      only this picture
    takedown withdraw - --item 2              only picture 2 of the status
    takedown withdraw - --copies crops        only the hashes of cropped copies

    Exit codes: 0 withdrawn; 3 some of the files or numbers are not in the case;
    4 none is; 6 the intake is too old for this;
    7 unreachable: try again later; 8 not confirmed; 9 no such case; 2 usage.
    """
    if receipt is not None:
        if number is not None or file or item or copies or intake is not None:
            raise UsageError("--receipt already names the hashes and the bank. Leave out the case number.")
        console.warn("'takedown withdraw --receipt' is deprecated. Use 'takedown hma withdraw --receipt'.")
        from takedown_cli.cli.commands.hma import take_out_of_bank

        raise typer.Exit(take_out_of_bank(receipt, connection, progress))
    from takedown_cli.cli.results.case import WithdrawReport, status_fields

    address = intake_address(intake)
    if item:
        _withdraw_items(address, number, _item_numbers(item, file, copies), connection, progress)
        return
    kinds = _copy_kinds(copies)
    wanted = _files_of(file) if file else [None]
    case = read_case_number(number)
    confirm(_question(len(file or ()), kinds))
    with intake_client(address, connection, progress) as client:
        states = [client.withdraw(case, shown_by=one, copies=kinds) for one in wanted]
    counts = [state.withdrawn or 0 for state in states]
    console.show(WithdrawReport(withdrawn=sum(counts), **status_fields(states[-1])))
    if not file and not kinds:
        return
    if not any(counts):
        raise NothingToDoError(
            "No such hashes in this case, so nothing was withdrawn." if kinds
            else "No match in this case. Nothing was withdrawn.",
            hint=None if kinds else _OTHER_FILE,
        )  # fmt: skip
    if kinds:
        console.say(filled_many(*_COPIES_WITHDRAWN, sum(counts)))
        return
    console.say(filled_many(*_WITHDRAWN, sum(counts)))
    if missing := len(file or ()) - sum(1 for count in counts if count):
        console.warn(filled_many(*_MISSING_FILES, missing))
        raise typer.Exit(3)


def _question(files: int, kinds: list[Copies]) -> str:
    """Return what a person is asked before a withdrawal: of what this many files show, or of the whole case."""
    if kinds:
        named = ", ".join(kinds)
        return filled_many(*_COPIES_OF_FILES, files, kinds=named) if files else filled(_COPIES_OF_CASE, kinds=named)
    if files:
        return filled_many(*_WITHDRAW_FILES, files)
    return "Withdraw the whole case? Platforms are then asked to stop looking for it."


def _item_numbers(given: list[str], file: list[Path] | None, copies: list[str] | None) -> list[int]:
    """Return the numbers of items, ascending. Raise UsageError."""
    from takedown_cli.cli.results.case import numbers_in

    if file or copies:
        raise UsageError("--item names what to withdraw. Leave out --file and --copies.")
    try:
        return sorted({number for text in given for number in numbers_in(text)})
    except ValueError:
        raise UsageError("--item must be numbers as 'takedown status' shows them, such as 2 or 1-4,7.") from None


def _withdraw_items(
    address: IntakeAddress,
    number: str | None,
    items: list[int],
    connection: ConnectionOptions,
    progress: ProgressMode,
) -> None:
    """Ask, and withdraw the items with these numbers. Raise NothingToDoError if there are none in the case."""
    from takedown_cli.cli.results.case import WithdrawReport, in_ranges, status_fields

    case = read_case_number(number)
    confirm(filled_many(*_WITHDRAW_ITEMS, len(items), numbers=in_ranges(items)))
    with intake_client(address, connection, progress) as client:
        states = [
            client.withdraw(case, items=items[start : start + _MOST_ITEMS])
            for start in range(0, len(items), _MOST_ITEMS)
        ]
    count = sum(state.withdrawn or 0 for state in states)
    console.show(WithdrawReport(withdrawn=count, **status_fields(states[-1])))
    if not count:
        raise NothingToDoError("No such number in this case. Nothing was withdrawn.", hint=_SEE_NUMBERS)
    console.say(filled_many(*_WITHDRAWN, count))
    if missing := len(items) - count:
        console.warn(filled_many(*_MISSING_NUMBERS, missing))
        raise typer.Exit(3)


def _copy_kinds(copies: list[str] | None) -> list[Copies]:
    from takedown_cli.cli.options.recipe import kinds_of

    kinds = kinds_of("--copies", copies or [], _KINDS)
    return ["all"] if "all" in kinds else sorted(kinds)  # type: ignore[arg-type]


def _files_of(files: list[Path]) -> list[Hashed]:
    """Return the files that have a hash by which the intake finds them.

    Raise UsageError for a file that does not exist, NothingToDoError if there is no such hash.
    """
    from dataclasses import replace

    from takedown_cli.api import Hashed, Recipe, hash_paths
    from takedown_cli.api.intake import own_hashes

    require_paths(files, "--file")
    # A screenshot may have been submitted as the picture in it, or as a whole.
    both: dict[tuple[object, ...], Hashed] = {}
    for whole in (False, True):
        with hash_paths(files, Recipe(copies=frozenset(), whole=whole)) as outcomes:
            for outcome in outcomes:
                if isinstance(outcome, Hashed) and own_hashes(outcome):
                    known = both.setdefault((outcome.path, outcome.member), outcome)
                    fingerprints = tuple(dict.fromkeys((*known.fingerprints, *outcome.fingerprints)))
                    both[outcome.path, outcome.member] = replace(known, fingerprints=fingerprints)
    if not both:
        raise NothingToDoError("None of these files has a hash that could be in the case.")
    return list(both.values())
