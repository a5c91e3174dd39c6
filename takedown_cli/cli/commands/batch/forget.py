"""``takedown batch forget``: removes cases from the ledger."""

from __future__ import annotations

from typing import Annotated

import typer

from takedown_cli.cli.options.ledger import EntryOptions, LedgerOptions, today
from takedown_cli.cli.results.words import counted
from takedown_cli.cli.terminal.console import console
from takedown_cli.cli.terminal.prompts import confirm
from takedown_cli.core.errors import NothingToDoError, UsageError
from takedown_cli.helpline.case import CaseState


def forget(
    older_than: Annotated[
        int | None,
        typer.Option("--older-than", metavar="DAYS", min=0, help="Closed cases without a change for this many days."),
    ] = None,
    completely: Annotated[
        bool, typer.Option("--completely", help="Also forget that a caller withdrew. A manifest may send them again.")
    ] = False,
    *,
    ledger: LedgerOptions,
    entry: EntryOptions,
) -> None:
    """Remove cases from the ledger for good. They stay at the intake until they expire or are withdrawn.

    A mark of each caller who withdrew stays, so that a manifest that still names
    them does not send them again. It holds no name: only your key can compare a
    reference with it.

    \b
    takedown batch forget --older-than 90 \\
        --ledger cases.ledger --key file:helpline.key
    takedown batch forget --reference - --ledger cases.ledger < reference.txt
    """
    from takedown_cli.cli.results.batch.handover import BatchForgetReport
    from takedown_cli.helpline.ledger.retention import closed_before, count_withdrawn, forget_entries, forget_withdrawn

    if (older_than is None) != entry.is_given:
        raise UsageError("Name what to forget: --older-than DAYS, or --entry N, or --reference -.")
    with ledger.open() as opened:
        state = opened.state()
        digest = entry.find_withdrawn(state) if completely else None
        if digest is not None:
            confirm("The case is forgotten already. Forget too that this caller withdrew?")
            forget_withdrawn(opened, digest)
            console.show(
                BatchForgetReport(forgotten=0, still_at_the_intake=0, marks=len(opened.state().withdrew), withdrew=0)
            )
            return
        wanted = [entry.find(state)] if older_than is None else closed_before(state, older_than, today())
        if not wanted:
            raise NothingToDoError("No closed case is that old.", hint="Nothing was forgotten.")
        if older_than is None:
            opened.require_not_held(wanted[0])
        still_there = sum(each.acknowledged > 0 and each.state is not CaseState.WITHDRAWN for each in wanted)
        kept = f" {still_there:,} of them stay on the lists of platforms." if still_there else ""
        confirm(
            f"Forget {counted(len(wanted), 'case')}?{kept} You cannot withdraw a case that the ledger forgot: "
            "run 'takedown batch withdraw' first."
        )
        forget_entries(opened, [each.item for each in wanted], completely=completely)
        withdrew = 0 if completely else count_withdrawn(wanted)
        marks = len(opened.state().withdrew)
    console.show(
        BatchForgetReport(forgotten=len(wanted), still_at_the_intake=still_there, marks=marks, withdrew=withdrew)
    )
