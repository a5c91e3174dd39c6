"""``takedown batch handover``: the note for the next shift."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from takedown_cli.cli.options.common import Force
from takedown_cli.cli.options.ledger import LedgerOptions
from takedown_cli.cli.terminal.console import console
from takedown_cli.core import atomic_file
from takedown_cli.core.errors import BundleError, UsageError

if TYPE_CHECKING:
    from takedown_cli.cli.results.batch.handover import BatchVerifyReport
    from takedown_cli.helpline.keys import OrganisationKey
    from takedown_cli.helpline.ledger import Ledger

_LARGEST: Final = 64 << 20


def handover(
    output_name: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="NOTE", help="Also write the note to a file.")
    ] = None,
    force: Force = False,
    verify: Annotated[
        Path | None,
        typer.Option("--verify", metavar="NOTE", help="Check a note instead, and show what changed since."),
    ] = None,
    *,
    ledger: LedgerOptions,
) -> None:
    """Write a note for the next shift: what is open, what went wrong, what changed since the last note.

    \b
    takedown batch handover -o monday.json --operator Kim \\
        --ledger cases.ledger --key file:helpline.key
    takedown batch handover --verify monday.json \\
        --ledger cases.ledger --key file:helpline.key
    """
    from takedown_cli.cli.results.batch.handover import BatchHandoverNote, BatchNoteRow
    from takedown_cli.helpline.handover import make_note
    from takedown_cli.helpline.ledger.entry import Act

    key = ledger.key.unlock()
    with ledger.open(key) as opened:
        if verify is not None:
            console.show(_verify(opened, key, verify))
            return
        if output_name is not None:
            atomic_file.check_target(output_name, force=force)
        with opened.transaction() as transaction:
            made = make_note(transaction.state, key, operator=ledger.operator, day=opened.day)
        rows = {part: [BatchNoteRow(**row) for row in made[part]] for part in ("open", "changed")}
        note = BatchHandoverNote(**(made | rows))
        if output_name is not None:
            atomic_file.write_file(output_name, json.dumps(note.document(), indent=1).encode() + b"\n", force=force)
        console.show(note)
        with opened.transaction() as transaction:  # only now: what could not be written stays new for the next note
            transaction.note(Act.HANDED_OVER, note.clock)


def _verify(ledger: Ledger, key: OrganisationKey, file: Path) -> BatchVerifyReport:
    """Raise BundleError for a note that was changed or is another organisation's, UsageError for an unreadable one."""
    from takedown_cli.cli.results.batch.handover import BatchVerifyReport
    from takedown_cli.helpline.handover import verify_note

    found: Any = None
    try:
        with file.open("rb") as stream:
            found = json.loads(stream.read(_LARGEST))
    except OSError:
        raise UsageError("The note could not be read.", hint="Check the file name after --verify.") from None
    except (ValueError, RecursionError):
        pass
    if not isinstance(found, dict) or found.get("schema") != "takedown.batch.handover":
        raise BundleError(
            "The file is not a handover note.", hint="Name a file that 'takedown batch handover -o' wrote."
        )
    verify_note(found, key)
    changed = [entry.item for entry in ledger.cases() if entry.changed > found.get("clock", 0)]
    return BatchVerifyReport(day=found["day"], operator=found["operator"], changed_since=changed)
