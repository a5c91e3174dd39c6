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
from takedown_cli.cli.case_words import as_json, in_words
from takedown_cli.cli.console import console
from takedown_cli.cli.intake_options import Intake, Proxy, intake_address, intake_client
from takedown_cli.cli.options import application
from takedown_cli.errors import NothingToDoError

if TYPE_CHECKING:
    from takedown_cli.wire import CaseStatus

app = application()

_WATCH_SECONDS: Final = 60

Number = Annotated[
    str | None, typer.Argument(metavar="[-|FILE]", help="Where the case number comes from; a prompt when left out.")
]


@app.command()
def status(
    number: Number = None,
    intake: Intake = None,
    proxy: Proxy = None,
    watch: Annotated[bool, typer.Option("--watch", help="Ask again every minute, and show what changes.")] = False,
) -> None:
    """What happened to a case, in plain words.

    takedown status -          asks for the case number, without showing it

    takedown status - --json < number.txt
    """
    address = intake_address(intake)
    case = case_number(number)
    with intake_client(address, proxy) as client:
        state = client.status(case)
        _show("takedown.status", state)
        while watch:
            time.sleep(_WATCH_SECONDS)
            latest = client.status(case)
            if latest != state:
                state = latest
                _show("takedown.status", state)


@app.command()
def withdraw(
    number: Number = None,
    file: Annotated[
        list[Path] | None, typer.Option("--file", metavar="PHOTO", help="Only what this file shows; may be repeated.")
    ] = None,
    intake: Intake = None,
    proxy: Proxy = None,
) -> None:
    """Take a case back, or single pictures of it.

    takedown withdraw -                       the whole case

    takedown withdraw - --file beach.jpg      only this picture
    """
    address = intake_address(intake)
    case = case_number(number)
    values = _values(file) if file else ()
    what = "these pictures" if file else "the whole case"
    confirm(f"Withdraw {what}? Platforms are then told to stop looking for it.")
    with intake_client(address, proxy) as client:
        state = client.withdraw(case, values)
    _show("takedown.withdraw", state)


def _values(files: list[Path]) -> tuple[str, ...]:
    """The published hashes of these files: what the intake finds their items by. Raises NothingToDoError."""
    from takedown_cli.bundle.document import Declaration
    from takedown_cli.model import Hashed, Recipe
    from takedown_cli.pipeline import Declared, outcomes

    declared = Declared(Declaration(behalf="self"), "unsure")
    recipe = Recipe(copies=frozenset())
    items = [declared.item(o) for o in outcomes(files, recipe) if isinstance(o, Hashed)]
    found = {f.value for item in items if item is not None for f in item.fingerprints}
    if not found:
        raise NothingToDoError("None of these files gives a hash that could be in the case.")
    return tuple(sorted(found))


def _show(schema: str, state: CaseStatus) -> None:
    if console.json:
        console.emit(as_json(schema, state))
    else:
        console.result(in_words(state))
