"""``takedown batch status``: what platforms answered about every case."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from takedown_cli.cli.options.connection import ConnectionOptions
from takedown_cli.cli.options.ledger import Connections, LedgerOptions, Patience, Senders
from takedown_cli.cli.options.progress import ProgressMode
from takedown_cli.cli.results.words import counted
from takedown_cli.cli.terminal.console import console

if TYPE_CHECKING:
    from takedown_cli.helpline.withdrawal import WithdrawalProgress


def status(
    offline: Annotated[
        bool, typer.Option("--offline", help="Do not ask the intakes; show what the ledger knows.")
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="Also show the cases without anything new.")] = False,
    show_references: Annotated[
        bool, typer.Option("--show-references", help="Show your references; others may see your screen.")
    ] = False,
    senders: Senders = 4,
    patience: Patience = 60.0,
    progress: ProgressMode = None,
    *,
    connection: ConnectionOptions,
    ledger: LedgerOptions,
) -> None:
    """Show what platforms answered about every case, beginning with what is new since the last time.

    \b
    takedown batch status --ledger cases.ledger --key file:helpline.key
    takedown batch status --ledger cases.ledger --offline --all --json
    """
    from takedown_cli.cli.results.batch.status import BatchStatusReport
    from takedown_cli.helpline.inquiry import Inquiry, ask_about_cases
    from takedown_cli.helpline.ledger.entry import Act
    from takedown_cli.helpline.withdrawal import complete_withdrawals

    with ledger.open() as opened:
        inquiry = Inquiry(0, None)
        if not offline:
            connect = Connections(connection, patience, progress)
            say_withdrawal_progress(complete_withdrawals(opened, connect))
            inquiry = ask_about_cases(opened, connect, senders)
        with opened.transaction() as transaction:
            state = transaction.state
            clock, torn = state.clock, state.torn
            report = BatchStatusReport.of(
                state.entries.values(),
                state.shown,
                asked=inquiry.asked,
                complete=inquiry.error is None,
                show_references=show_references,
            )
        if torn:
            console.say(
                "The last entry of the ledger is incomplete, as after a power cut. If there was no power cut, somebody "
                "may have changed the file: compare it with your last copy. 'takedown batch resume' asks the intake "
                "what it has."
            )
        # The JSON object has every case; on a screen only what is new is worth a line.
        all_rows = everything or console.json
        console.show(report if all_rows else replace(report, cases=[row for row in report.cases if row.changed]))
        for line in report.summary():
            console.say(line)
        with opened.transaction() as transaction:  # only now: what could not be shown stays new
            transaction.note(Act.SHOWN, clock)
        if inquiry.error is not None:
            inquiry.error.hint = "The answers so far are in the ledger. Ask again later."
            raise inquiry.error


def say_withdrawal_progress(progress: WithdrawalProgress) -> None:
    """Report the withdrawals that were requested earlier, if there are any."""
    if progress.complete:
        console.say(f"{counted(progress.complete, 'case')} withdrawn, as requested earlier.")
    if progress.waiting:
        console.say(
            f"{counted(progress.waiting, 'case')} being withdrawn. A part may still arrive at the intake, so takedown "
            "will ask about them again."
        )
