"""``takedown batch handover`` and ``forget``: the note for the next shift, and what the ledger keeps no longer.

It guarantees that a note names cases by item number alone, and that forgetting says what stays at the intake.
It must never put a reference, a case number or a path into a note.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from takedown_cli.cli import output
from takedown_cli.cli.ask import confirm
from takedown_cli.cli.batch_options import LEDGER, Item, Reference, chosen, open_ledger, today
from takedown_cli.cli.batch_words import STATES
from takedown_cli.cli.console import console, sanitise
from takedown_cli.cli.counted import counted
from takedown_cli.cli.options import Force, carries
from takedown_cli.cli.organisation_key import KEY, PASSPHRASE, unlock
from takedown_cli.errors import BundleError, NothingToDoError, UsageError
from takedown_cli.helpline.nouns import State

if TYPE_CHECKING:
    from takedown_cli.cli.batch_documents import BatchHandoverNote, BatchNoteRow
    from takedown_cli.helpline.keys.organisation import OrganisationKey
    from takedown_cli.helpline.ledger import Ledger

_LARGEST: Final = 64 << 20
#: Acts whose word in the ledger is no sentence of a person.
_ACTS: Final = {"found": "found at the intake", "slip": "slip made", "withdrawal-asked": "withdrawal asked for"}


@carries(LEDGER, KEY, PASSPHRASE)
def handover(
    output_name: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="NOTE", help="Write the note to a file as well.")
    ] = None,
    force: Force = False,
    verify: Annotated[
        Path | None, typer.Option("--verify", metavar="NOTE", help="Check a note instead, and say what is new since.")
    ] = None,
) -> None:
    """A note for the next shift: what is open, what went wrong, what changed since the last note.

    \b
    takedown batch handover -o monday.json --operator Kim \\
        --ledger cases.ledger --key file:helpline.key
    takedown batch handover --verify monday.json \\
        --ledger cases.ledger --key file:helpline.key
    """
    from takedown_cli.helpline import handover as notes
    from takedown_cli.helpline.ledger.entry import Act

    key = unlock()
    with open_ledger(key) as ledger:
        if verify is not None:
            _verify(ledger, key, verify)
            return
        if output_name is not None:
            output.check(output_name, force=force)
        with ledger.turn() as turn:
            made, clock = notes.note(turn.state, key, operator=LEDGER.get()[1], day=today()), turn.state.clock
        note: BatchHandoverNote = {"schema": "takedown.batch.handover", "version": 1, **made}  # type: ignore[typeddict-item]
        if output_name is not None:
            output.write(output_name, json.dumps(note, indent=1).encode() + b"\n", force=force)
        if console.json:
            console.emit(note)
        else:
            for line in _in_words(note):
                console.result(line)
        with ledger.turn() as turn:  # not before: a note that could not be made leaves everything new for the next
            turn.note(Act.HANDED_OVER, clock)


def _in_words(note: BatchHandoverNote) -> list[str]:
    counts = ", ".join(f"{count:,} {STATES[State(name)]}" for name, count in note["states"].items())
    return [
        f"Handed over on {note['day']} by {sanitise(note['operator'])}: {counted(note['cases'], 'case')} ({counts}).",
        "",
        *_section(note["open"], "To look after", "Nothing has to be looked after."),
        "",
        *_section(note["changed"], "New since the last note", "Nothing is new since the last note."),
    ]


def _section(rows: list[BatchNoteRow], title: str, none: str) -> list[str]:
    return [f"{title} ({len(rows):,}):", *_lines(rows)] if rows else [none]


def _lines(rows: list[BatchNoteRow]) -> list[str]:
    return [
        f"  item {row['item']}: {row['state']}; {_ACTS.get(row['last'], row['last'])} on {row['day']}"
        f" by {sanitise(row['operator'])}."
        + (f" {sanitise(row['reason'])}" if row["reason"] else "")
        + (f" Files not protected: {row['unprotected']:,}." if row["unprotected"] else "")
        for row in rows
    ]


def _verify(ledger: Ledger, key: OrganisationKey, file: Path) -> None:
    """Raises BundleError for a note that was changed or is another's, UsageError for one that cannot be read."""
    from takedown_cli.helpline import handover as notes

    found = _read(file)
    notes.check(found, key)
    changed = [entry.item for entry in ledger.state().entries.values() if entry.changed > found.get("clock", 0)]
    if console.json:
        console.emit({
            "schema": "takedown.batch.verify", "version": 1, "day": found["day"], "operator": found["operator"],
            "changed_since": changed,
        })  # fmt: skip
        return
    console.result(f"The note is whole. It was made on {found['day']} by {sanitise(found['operator'])}.")
    if changed:
        console.result(f"New since then: item{'s' * (len(changed) > 1)} {', '.join(map(str, changed))}.")
    else:
        console.result("Nothing is new since then.")


def _read(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as stream:
            found = json.loads(stream.read(_LARGEST))
    except OSError:
        raise UsageError("The note cannot be read.", hint="Check --verify.") from None
    except (ValueError, RecursionError):
        raise BundleError("That is no note.", hint="Name the file that 'batch handover -o' wrote.") from None
    if not isinstance(found, dict) or found.get("schema") != "takedown.batch.handover":
        raise BundleError("That is no note.", hint="Name the file that 'batch handover -o' wrote.")
    return found


@carries(LEDGER, KEY, PASSPHRASE)
def forget(
    older_than: Annotated[
        int | None,
        typer.Option("--older-than", metavar="DAYS", min=0, help="Closed cases with nothing new for so long."),
    ] = None,
    item: Item = None,
    reference: Reference = None,
) -> None:
    """Take cases out of the ledger for good. They stay at the intake until they expire or are withdrawn.

    \b
    takedown batch forget --older-than 90 \\
        --ledger cases.ledger --key file:helpline.key
    takedown batch forget --reference - --ledger cases.ledger < reference.txt
    """
    from takedown_cli.helpline.ledger import retention

    if (older_than is None) == (item is None and reference is None):
        raise UsageError("Say what to forget: --older-than DAYS, or --item, or --reference -.")
    with open_ledger(unlock()) as ledger:
        if older_than is not None:
            wanted = retention.older_than(ledger.state(), older_than, today())
        else:
            wanted = [chosen(ledger.state(), item, reference)]
            if ledger.is_held(wanted[0]):
                raise UsageError("Somebody is at work on this case now.", hint="Wait until their run is over.")
        if not wanted:
            raise NothingToDoError("No case is that old.", hint="Nothing was forgotten.")
        there = sum(entry.acknowledged > 0 and entry.state is not State.WITHDRAWN for entry in wanted)
        confirm(
            f"Cases to forget: {len(wanted):,}. On the lists of platforms stay {there:,} of them, which the helpline "
            "can then not take back any more ('takedown batch withdraw' does). Forget?"
        )
        retention.forget(ledger, [entry.item for entry in wanted])
    if console.json:
        console.emit({
            "schema": "takedown.batch.forget", "version": 1, "forgotten": len(wanted), "still_at_the_intake": there,
        })  # fmt: skip
    else:
        console.result(f"Forgotten: {len(wanted):,}. The ledger was written anew without them.")
