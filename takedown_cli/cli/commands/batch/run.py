"""``takedown batch run`` and ``resume``: a whole caseload hashed and sent, each caller's case by itself.

Cases are named by their entry number; no name, path or case number is shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from takedown_cli.cli.commands.batch.status import say_withdrawal_progress
from takedown_cli.cli.options.common import DryRun
from takedown_cli.cli.options.connection import ConnectionOptions
from takedown_cli.cli.options.executor import ExecutorOptions, refuse_far_archives, start_hasher
from takedown_cli.cli.options.intake import Intake
from takedown_cli.cli.options.ledger import Connections, LedgerOptions, Patience, Senders, today
from takedown_cli.cli.options.manifest import ManifestName, RowDefaultOptions, read_valid_manifest
from takedown_cli.cli.options.progress import ProgressMode, chosen_progress
from takedown_cli.cli.options.recipe import Job
from takedown_cli.cli.options.settings import setting
from takedown_cli.cli.results.words import counted
from takedown_cli.cli.terminal.console import console
from takedown_cli.cli.terminal.prompts import confirm
from takedown_cli.core.errors import (
    Interrupted,
    NoIntakeError,
    NothingToDoError,
    TakedownError,
    UnreachableError,
    UsageError,
)

if TYPE_CHECKING:
    from takedown_cli.cli.options.executor import Executor
    from takedown_cli.cli.options.recipe import HashingJob
    from takedown_cli.core.model import Recipe
    from takedown_cli.hashing.cluster.scheduler import Cluster
    from takedown_cli.hashing.pool.supervisor import Pool
    from takedown_cli.helpline.keys import OrganisationKey
    from takedown_cli.helpline.ledger import Ledger
    from takedown_cli.helpline.run.enrolment import Enrolment, GrownFolder

EPILOG: Final = """
Exit codes: 0 every caller is done; 3 some callers or files need a person; 2 the
manifest has faults; 7 an intake cannot be reached: continue with 'batch resume'.
"""
_CONTINUE: Final = "What is done is in the ledger. Nothing is sent twice. To continue, run:\n  takedown batch resume"
#: Seconds. An intake that is only busy asks for a shorter wait; a longer one means that a quota is used up.
_QUOTA_WAIT: Final = 1200
_QUOTA: Final = (
    "Your organisation's quota of cases for today (UTC) is probably used up: 1,000, unless the intake's operator set "
    "another. A case of more than 100 hashes counts several times. Continue tomorrow, or ask them for a higher --quota."
)


def run(
    manifest: ManifestName,
    intake: Intake = None,
    test: Annotated[bool, typer.Option("--test", help="Mark the bundles as tests.")] = False,
    dry_run: DryRun = False,
    add_new: Annotated[
        bool, typer.Option("--add-new", help="Also send new files in the folders of cases that were sent.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Also send callers who withdrew and whose cases were forgotten.")
    ] = False,
    senders: Senders = 4,
    patience: Patience = 60.0,
    progress: ProgressMode = None,
    *,
    connection: ConnectionOptions,
    row_defaults: RowDefaultOptions,
    job: Job,
    executor: ExecutorOptions,
    ledger: LedgerOptions,
) -> None:
    """Enrol the callers of a manifest, hash their files, and send each case by itself.

    \b
    takedown batch run shift.csv --ledger cases.ledger --key file:helpline.key
    takedown batch run callers/ --ledger cases.ledger --key file:helpline.key \\
        --age adult --for other --authority permission --dry-run

    Running it again with the same manifest continues where it stopped.
    """
    from takedown_cli.cli.results.batch.run import BatchPlanReport, grown_lines
    from takedown_cli.helpline.run.enrolment import compare_with_ledger, enrol_callers
    from takedown_cli.protocol.bundle.card import signing_key_id

    refuse_far_archives(executor, job)
    key = ledger.key.unlock()
    rest: dict[str, Any] = {"copies": job.recipe.copies, "test": test, "organisation": key.public}
    callers = read_valid_manifest(manifest, row_defaults, intake, **rest)
    if not callers:
        raise NothingToDoError("The manifest names no caller.")
    default = setting("intake", intake)
    if default is None and any(caller.intake is None for caller in callers):
        raise NoIntakeError
    limits = job.recipe.limits
    if dry_run:
        withdrew: tuple[int, ...] = ()
        if ledger.path.exists():
            with ledger.open(key) as opened:
                found = compare_with_ledger(opened.state(), callers, test=test, limits=limits, again=again)
            _refuse_contradictions(found)
            _say_withdrew(found)
            withdrew = found.withdrew
            if not add_new:
                for line in grown_lines(found.grown):
                    console.say(line)
        console.show(BatchPlanReport.of(callers, default, withdrew))
        return
    for line in BatchPlanReport.of(callers, default).countersign_lines():
        console.say(line)
    confirm(f"Hash the files of {counted(len(callers), 'caller')}, and send the hashes?")
    connect = Connections(connection, patience, progress)
    intakes = {}
    for named in {caller.intake for caller in callers}:
        card = connect.card(named or default or "")
        if card.test != test:
            raise UsageError(
                "This intake takes only tests." if card.test else "This intake takes no tests.",
                hint="Add --test, or leave it out. Nothing was hashed or sent.",
            )
        # With the id of the key that answered now: from here on no other key is believed.
        intakes[named] = f"{card.origin}#{signing_key_id(card)}"
    with ledger.open(key, make=True) as opened:
        with opened.transaction() as transaction:
            found = enrol_callers(
                transaction, callers, intakes=intakes, test=test, limits=limits, add=add_new, again=again
            )
        _refuse_contradictions(found)
        console.say(f"{counted(found.new, 'caller')} enrolled; {found.known:,} already in the ledger.")
        _say_withdrew(found)
        grown = () if add_new else found.grown
        raise typer.Exit(_work_through(opened, key, job, executor, connect, senders, progress, grown, found.withdrew))


def resume(
    senders: Senders = 4,
    patience: Patience = 60.0,
    progress: ProgressMode = None,
    *,
    connection: ConnectionOptions,
    job: Job,
    executor: ExecutorOptions,
    ledger: LedgerOptions,
) -> None:
    """Continue with what is not done yet. Several operators may do so at the same time.

    \b
    takedown batch resume --operator Kim \\
        --ledger cases.ledger --key file:helpline.key
    """
    refuse_far_archives(executor, job)
    key = ledger.key.unlock()
    with ledger.open(key) as opened:
        connect = Connections(connection, patience, progress)
        raise typer.Exit(_work_through(opened, key, job, executor, connect, senders, progress))


def _say_withdrew(found: Enrolment) -> None:
    if found.withdrew:
        rows = ", ".join(str(row) for row in found.withdrew[:20]) + (", …" if found.withdrew[20:] else "")
        console.say(
            f"{counted(len(found.withdrew), 'caller')} withdrew earlier, and nothing of theirs is sent: row {rows}. "
            "If they want to be protected again, add --again."
        )


def _refuse_contradictions(found: Enrolment) -> None:
    if found.contradictions:
        rows = ", ".join(str(row) for row in found.contradictions[:20])
        raise UsageError(
            f"These rows contradict the ledger: {rows}. The ledger has other data for the caller, a reference that "
            "looks the same, or another caller with the same folder or files.",
            hint="A reference always means the same caller. Nobody was enrolled, and nothing was sent.",
        )


def _work_through(
    ledger: Ledger,
    key: OrganisationKey,
    job: HashingJob,
    executor: Executor,
    connect: Connections,
    senders: int,
    progress: str | None,
    grown: tuple[GrownFolder, ...] = (),
    withdrew: tuple[int, ...] = (),
) -> int:
    """Do everything that is open; return the exit code. Raise what ended it early, after the totals were shown."""
    from takedown_cli.cli.results.batch.run import BatchRunReport
    from takedown_cli.helpline.inquiry import reconcile_with_intakes
    from takedown_cli.helpline.ledger.locks import Session
    from takedown_cli.helpline.run import Run, RunContext
    from takedown_cli.helpline.slip import slips_due
    from takedown_cli.helpline.withdrawal import complete_withdrawals

    ledger.compact()  # after a crash: the next one is then read in a moment
    if ledger.state().torn:
        console.say(
            "The last entry of the ledger was lost, so takedown asked the intake about every open case. It found "
            f"{counted(reconcile_with_intakes(ledger, connect), 'case')} at the intake that the ledger had lost. The "
            "missing files are now added to them."
        )
    say_withdrawal_progress(complete_withdrawals(ledger, connect))
    open_entries = [entry for entry in ledger.cases() if entry.open]

    @contextmanager
    def start(recipe: Recipe) -> Iterator[Pool | Cluster]:
        with start_hasher(executor, replace(job, recipe=recipe)) as hasher:
            shown.count.watch(hasher)
            yield hasher

    with Session(ledger.path) as session, chosen_progress(progress) as shown:
        shown.count_in_advance((entry.path for entry in open_entries if not entry.finished), job.recipe.limits)
        context = RunContext(
            key,
            job.recipe,
            start,
            connect,
            {intake: connect.card(intake) for intake in {entry.intake for entry in open_entries}},
            today(),
            senders,
            shown.advance,
        )
        running = Run(ledger, session, context)
        error: TakedownError | Interrupted | None = None
        try:
            running.go()
        except (TakedownError, Interrupted) as stopped:
            error = stopped
    if error is None:
        ledger.compact()
    entries = ledger.cases()
    report = BatchRunReport.of(entries, running.touched, ledger.count_held_by_others(session), grown, withdrew)
    console.show(report)
    without_slip = len(slips_due(entries).slips)
    if without_slip and not console.json:
        have = counted(without_slip, "caller has", "callers have")
        console.say(f"{have} no slip yet. To write slips, run:\n  takedown batch slips -o slips")
    if error is None:
        return 3 if report.problems or grown else 0
    if isinstance(error, UnreachableError | Interrupted):
        error.hint = _CONTINUE
    wait = error.retry_after if isinstance(error, UnreachableError) else None
    if wait is not None and wait >= _QUOTA_WAIT:
        error.sentence = f"The intake accepts no more cases for now. Try again in {wait // 60} minutes."
        error.hint = f"{_QUOTA} {_CONTINUE}"
    raise error
