"""The options that every ``batch`` command has, and what they open: the ledger, its key, and doors to the intakes.

It guarantees that a caller is named by an item number, or by a reference that is read: none is among the arguments.
It must never contact an intake itself.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from takedown_cli.cli.ask import secret
from takedown_cli.cli.console import is_terminal
from takedown_cli.cli.options import Shared
from takedown_cli.cli.settings import settings
from takedown_cli.errors import UsageError

if TYPE_CHECKING:
    from takedown_cli.helpline.keys.organisation import OrganisationKey
    from takedown_cli.helpline.ledger import Ledger, State
    from takedown_cli.helpline.ledger.entry import Entry
    from takedown_cli.submit.client import IntakeClient

_LONGEST: Final = 4096

Item = Annotated[int | None, typer.Option("--item", metavar="N", min=1, help="The case with this item number.")]
Reference = Annotated[
    str | None,
    typer.Option("--reference", metavar="-|FILE", help="The case of this reference: '-' for stdin or a prompt."),
]


def _ledger(
    ledger: Annotated[Path, typer.Option("--ledger", metavar="FILE", help="The caseload's sealed ledger.")],
    operator: Annotated[
        str, typer.Option("--operator", metavar="NAME", help="Who works, as the ledger remembers it.")
    ] = "operator",
) -> tuple[Path, str]:
    if not re.fullmatch(r"[^\x00-\x1f\x7f]{1,40}", operator):
        raise UsageError("--operator must have 1 to 40 printable characters.")
    return ledger, operator


#: For ``@carries``; ``open_ledger`` opens what it names.
LEDGER: Final = Shared(_ledger)


def today() -> str:
    return datetime.now(UTC).date().isoformat()


def open_ledger(key: OrganisationKey, *, make: bool = False) -> Ledger:
    """The ledger that the current command line names. Raises LedgerError, OutputError."""
    from takedown_cli.helpline.ledger import Ledger

    path, operator = LEDGER.get()
    return (Ledger.make if make else Ledger)(path, key, operator=operator, day=today())


def connections(proxy: str | None, patience: float) -> Callable[[str], AbstractContextManager[IntakeClient]]:
    """Opens a client of its own for an address; it asks a busy or silent intake again for ``patience`` seconds."""
    from takedown_cli.address import IntakeAddress
    from takedown_cli.cli.working import InTurn, Working
    from takedown_cli.submit.client import IntakeClient
    from takedown_cli.submit.patience import attempts_for
    from takedown_cli.submit.transport import Door

    through = settings({"proxy": proxy})["proxy"].value
    working = InTurn(Working())

    @contextmanager
    def connect(address: str) -> Iterator[IntakeClient]:
        parsed = IntakeAddress.parse(address)
        with Door(parsed, through) as door:
            yield IntakeClient(door, parsed, attempts_for(patience), working)

    return connect


def chosen(state: State, item: int | None, reference: str | None) -> Entry:
    """The one case that ``--item`` or ``--reference`` names. Raises UsageError when there is none."""
    if (item is None) == (reference is None):
        raise UsageError("Name the case with --item, or with --reference -.")
    number = item if item is not None else state.references.get(_read(reference or "-"))
    entry = None if number is None else state.entries.get(number)
    if entry is None:
        raise UsageError("There is no such case in the ledger.", hint="'takedown batch status --all' lists them.")
    return entry


def _read(source: str) -> str:
    """A reference from stdin, a prompt or a file: it may say who somebody is, so it does not belong in arguments."""
    if source == "-" and is_terminal(sys.stdin):
        return secret("Reference (it is not shown): ", what="The reference", otherwise="Give it on standard input.")
    try:
        with sys.stdin if source == "-" else Path(source).open(encoding="utf-8") as stream:
            return stream.readline(_LONGEST).strip()
    except (OSError, ValueError):
        raise UsageError("The reference cannot be read.", hint="Give it on standard input: --reference -.") from None
