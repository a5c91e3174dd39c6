"""The options of every ``batch`` command: the ledger, its key, the chosen case, and the connections."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from takedown_cli.cli.options.connection import Connection
from takedown_cli.cli.options.intake import intake_client
from takedown_cli.cli.options.organisation_key import KeyOptions, KeySource
from takedown_cli.cli.options.settings import setting
from takedown_cli.cli.terminal.console import is_terminal
from takedown_cli.cli.terminal.prompts import secret
from takedown_cli.cli.typer_glue.options import OptionGroup
from takedown_cli.core.errors import UsageError
from takedown_cli.core.given_text import SAVE_AS_UTF8, read_first_line

if TYPE_CHECKING:
    from takedown_cli.api import Intake
    from takedown_cli.helpline.keys import OrganisationKey
    from takedown_cli.helpline.ledger import Ledger, LedgerState
    from takedown_cli.helpline.ledger.entry import Entry
    from takedown_cli.protocol.wire import IntakeCard

_LONGEST: Final = 4096

Senders = Annotated[int, typer.Option("--senders", metavar="N", min=1, max=32, help="Connections to an intake.")]
Patience = Annotated[
    float, typer.Option("--patience", metavar="S", min=0, help="Seconds to keep trying when an intake does not answer.")
]


def today() -> str:
    return datetime.now(UTC).date().isoformat()


@dataclass(frozen=True, slots=True)
class LedgerSource:
    """The ledger that the command line names, its operator, and the key that opens it."""

    path: Path
    operator: str
    key: KeySource

    def open(self, key: OrganisationKey | None = None, *, make: bool = False) -> Ledger:
        """Open the ledger; ``make`` it if there is none. Raises LedgerError, OutputError, what ``unlock`` raises."""
        from takedown_cli.helpline.ledger import Ledger

        opened = Ledger.make if make else Ledger
        return opened(self.path, key or self.key.unlock(), operator=self.operator, day=today())


def _read_ledger_source(
    ledger: Annotated[
        Path | None, typer.Option("--ledger", metavar="FILE", help="The caseload's sealed ledger.")
    ] = None,
    operator: Annotated[
        str, typer.Option("--operator", metavar="NAME", help="Your name, as the ledger records it.")
    ] = "operator",
    *,
    key: KeyOptions,
) -> LedgerSource:
    if not re.fullmatch(r"[^\x00-\x1f\x7f]{1,40}", operator):
        raise UsageError("--operator must have 1 to 40 printable characters.")
    named = setting("ledger", None if ledger is None else str(ledger))
    if named is None:
        raise UsageError(
            "No ledger is named.",
            hint="Name it with --ledger FILE, TAKEDOWN_LEDGER or the settings file. 'takedown batch init' sets it up.",
        )
    return LedgerSource(Path(named), operator, key)


LedgerOptions = Annotated[LedgerSource, OptionGroup(_read_ledger_source)]


@dataclass(frozen=True, slots=True)
class EntryChoice:
    """The case that a command is about: an entry's number, or the source of its reference."""

    number: int | None
    reference: str | None
    _known: list[str] = field(default_factory=list, init=False, repr=False)

    @property
    def is_given(self) -> bool:
        return self.number is not None or self.reference is not None

    def find(self, state: LedgerState) -> Entry:
        """Return the entry. Raise UsageError if it does not exist, or if not exactly one was named."""
        if (self.number is None) == (self.reference is None):
            raise UsageError("Name one case, with --entry N or with --reference -.")
        number = self.number
        if self.reference is not None:
            number = state.references.get(self._read())
        entry = None if number is None else state.entries.get(number)
        if entry is None:
            raise UsageError("The ledger has no such case.", hint="'takedown batch status --all' lists every case.")
        return entry

    def find_withdrawn(self, state: LedgerState) -> str | None:
        """Return the digest that stayed of the caller with this reference, whose case was forgotten, or None."""
        if self.reference is None or self.number is not None:
            return None
        reference = self._read()
        return None if reference in state.references else state.withdrawn_digest(reference)

    def _read(self) -> str:
        """Return the reference, which is read only once."""
        if not self._known:
            self._known.append(_read_reference(self.reference or "-"))
        return self._known[0]


def _read_entry_choice(
    entry: Annotated[
        int | None, typer.Option("--entry", metavar="N", min=1, help="The case with this number in the ledger.")
    ] = None,
    item: Annotated[int | None, typer.Option("--item", metavar="N", min=1, hidden=True)] = None,
    reference: Annotated[
        str | None,
        typer.Option("--reference", metavar="-|FILE", help="The case with this reference: '-' for stdin or a prompt."),
    ] = None,
) -> EntryChoice:
    # --item is the old name: in 'export' the same word means one picture or video.
    if entry is not None and item is not None:
        raise UsageError("--item is the old name of --entry. Give only one of them.")
    return EntryChoice(item if entry is None else entry, reference)


EntryOptions = Annotated[EntryChoice, OptionGroup(_read_entry_choice)]


def _read_reference(source: str) -> str:
    """Return a reference from stdin, a prompt or a file. It may be a name, so it is never an argument."""
    if source == "-" and is_terminal(sys.stdin):
        return secret("Reference (it is not shown): ", what="The reference", otherwise="Give it on standard input.")
    try:
        with nullcontext(sys.stdin.buffer) if source == "-" else Path(source).open("rb") as stream:
            return read_first_line(stream, _LONGEST).strip()
    except UnicodeError:
        raise UsageError("The reference is not in UTF-8.", hint=SAVE_AS_UTF8) from None
    except (OSError, ValueError, AttributeError):
        raise UsageError("The reference could not be read.", hint="Give it on standard input: --reference -") from None


class Connections:
    """Connects to intakes, and fetches each intake's card once for all connections.

    An intake that is busy or does not answer is asked again for ``patience`` seconds.
    """

    def __init__(self, connection: Connection, patience: float, progress: str | None = None) -> None:
        from takedown_cli.cli.terminal.work_progress import OneThreadAtATime, WorkProgress

        self._connection, self._patience, self._progress = connection, patience, progress
        self._working = OneThreadAtATime(WorkProgress())
        self._cards: dict[str, IntakeCard] = {}

    @contextmanager
    def __call__(self, address: str) -> Iterator[Intake]:
        """Open a connection of its own to the intake at an address."""
        from takedown_cli.protocol.addresses import IntakeAddress

        with intake_client(
            IntakeAddress.parse(address),
            self._connection,
            self._progress,
            patience=self._patience,
            on_work=self._working,
            card=self._cards.get(address),
        ) as intake:
            yield intake

    def card(self, address: str) -> IntakeCard:
        """Return the intake's verified card. Raises UntrustedIntakeError, UnreachableError."""
        from takedown_cli.protocol.bundle.card import signing_key_id

        if address not in self._cards:
            with self(address) as intake:
                card = intake.card()
            # The ledger names the intake with the id of the key that signed this very card.
            self._cards |= {address: card, f"{card.origin}#{signing_key_id(card)}": card}
        return self._cards[address]
