"""``takedown batch withdraw``: withdraws one caller's case."""

from __future__ import annotations

from takedown_cli.cli.options.connection import ConnectionOptions
from takedown_cli.cli.options.ledger import Connections, EntryOptions, LedgerOptions, Patience
from takedown_cli.cli.options.progress import ProgressMode
from takedown_cli.cli.terminal.console import console
from takedown_cli.cli.terminal.prompts import confirm
from takedown_cli.core.errors import UnreachableError


def withdraw(
    patience: Patience = 60.0,
    progress: ProgressMode = None,
    *,
    connection: ConnectionOptions,
    ledger: LedgerOptions,
    entry: EntryOptions,
) -> None:
    """Withdraw one caller's case, at the intake and in the ledger. Nothing more of it is sent.

    If the intake does not answer, or a part may still be on its way, 'batch resume' and
    'batch status' ask again.

    \b
    takedown batch withdraw --entry 17 \\
        --ledger cases.ledger --key file:helpline.key
    takedown batch withdraw --reference - --ledger cases.ledger < reference.txt
    """
    from takedown_cli.cli.results.batch.status import BatchWithdrawReport
    from takedown_cli.helpline.withdrawal import require_case_number, withdraw_case

    with ledger.open() as opened:
        chosen = entry.find(opened.state())
        opened.require_not_held(chosen)
        require_case_number(chosen)
        confirm(f"Withdraw the case of entry {chosen.item}? Platforms are then asked to stop looking for copies.")
        try:
            done = withdraw_case(opened, chosen.item, Connections(connection, patience, progress))
        except UnreachableError as error:
            error.hint = "Nothing more of the case is sent. To withdraw it later, run:\n  takedown batch resume"
            raise
    console.show(BatchWithdrawReport.of(chosen.item, done))
