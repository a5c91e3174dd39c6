"""``takedown submit``: pictures become a bundle, and a bundle is previewed, confirmed, sealed and sent.

Before pictures are hashed the intake is asked for its card, so that nobody waits hours for one that is away. Nothing
about them leaves before the person has seen what would, and agreed. The case number is shown before the bundle is on
its way, so that every registered case has a number that its person knows.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer

from takedown_cli.cli.options.bundle import read_bundle_among
from takedown_cli.cli.options.common import CaseSource, DryRun, Force, ShowPaths, application
from takedown_cli.cli.options.connection import Connection, ConnectionOptions
from takedown_cli.cli.options.declaration import Eligibility, Person, check_declared, declare, roots_of
from takedown_cli.cli.options.hma import HiddenBank
from takedown_cli.cli.options.intake import Intake, intake_address, intake_client, status_command
from takedown_cli.cli.options.progress import ProgressMode
from takedown_cli.cli.options.recipe import HashingJob, Job
from takedown_cli.cli.options.settings import setting
from takedown_cli.cli.terminal.case_number import show_case_number
from takedown_cli.cli.terminal.console import as_argument, console
from takedown_cli.cli.terminal.prompts import ask, can_ask, check_confirmable, confirm, read_case_number
from takedown_cli.core import atomic_file
from takedown_cli.core.errors import (
    Interrupted,
    NoSuchCaseError,
    NothingToDoError,
    RefusedError,
    TakedownError,
    UnreachableError,
    UntrustedIntakeError,
    UsageError,
)
from takedown_cli.locale.filled import filled, filled_many

if TYPE_CHECKING:
    from takedown_cli import api
    from takedown_cli.cli.commands.hashing_run import MadeBundle
    from takedown_cli.cli.results.case import PreviewReport, ReceiptRow, SubmitReport
    from takedown_cli.protocol.addresses import IntakeAddress
    from takedown_cli.protocol.case_number import CaseNumber
    from takedown_cli.protocol.wire import Audience, IntakeCard

app = application()

_MADE_EARLIER: Final = (
    "If this bundle was sent before, nothing was added: a bundle is registered once, and the day is that of the first "
    "time. Its case number was shown when it was made. The bundle does not contain it."
)
_ONCE: Final = ("{count} duplicate will be sent only once.", "{count} duplicates will be sent only once.")
_LATER: Final = "{advice} Nothing was hashed. To hash now and send later, run:\n{commands}"
_KEPT: Final = "The bundle is kept, and nothing was sent. To send it later, run:\n  takedown submit {path}"
_KEPT_UNCERTAIN: Final = (
    "It may or may not have arrived. The bundle is kept. Sending it again never makes a second case:\n"
    "  takedown submit {path}"
)
_UNCERTAIN: Final = "It may or may not have arrived. To find out, run:\n  {command}\n{again}"
#: Where a bundle is kept that could not be sent, unless -o names another place.
_NEW_BUNDLE: Final = Path("case.tdb")


@dataclass(frozen=True, slots=True)
class _Submission:
    """What would be sent. ``seal`` makes the bundle for the intake of a card; without one it is only signed."""

    address: IntakeAddress
    preview: PreviewReport
    seal: Callable[[IntakeCard | None], MadeBundle]
    exit_code: int
    #: What the report says about the files, with ``--json``.
    files: dict[str, Any] = field(default_factory=dict)
    #: The case that it adds to.
    case: CaseNumber | None = None


@app.command(spoken=True)
def submit(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH|BUNDLE", help="Pictures and folders, or one bundle ('-' for stdin).")
    ],
    intake: Intake = None,
    output_name: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="BUNDLE", help="Keep the sealed bundle as well.")
    ] = None,
    force: Force = False,
    case: CaseSource = None,
    exact: Annotated[bool, typer.Option("--exact", help="Send MD5 and SHA-256 of pictures too.")] = False,
    test: Annotated[bool, typer.Option("--test", help="Mark the bundle as a test.")] = False,
    dry_run: DryRun = False,
    progress: ProgressMode = None,
    show_paths: ShowPaths = False,
    *,
    person: Person,
    connection: ConnectionOptions,
    job: Job,
    bank: HiddenBank,
) -> None:
    """Show what would leave, ask, and send it. Shows the case number once.

    \b
    takedown submit photos/ --intake https://intake.example#KEY
    takedown submit case.tdb
    takedown submit photos/ --age adult --for self --yes --json

    Sending the same bundle again never makes a second case, but submitting the same
    pictures again does, unless you name their case with --case. Only hashes are
    sent, sealed so that only the intake can read them. With --yes nobody is asked,
    so --age and --for have to be given.

    Exit codes: 0 sent; 3 sent, but some files could not be protected; 4 nothing
    to protect; 5 bundle invalid; 6 refused; 7 unreachable; 8 not confirmed, or
    --age or --for is missing.
    """
    finished = read_bundle_among(paths)
    if bank.given:
        if intake is not None or output_name is not None or exact or test or (finished and person.given):
            raise UsageError(
                "With --to only hashes are sent, to a bank; --intake, -o, --exact and --test do not apply."
            )
        console.warn("'takedown submit --to' is deprecated. Use 'takedown hma submit'.")
        from takedown_cli.cli.commands.hma import put_into_bank

        raise typer.Exit(put_into_bank(bank, paths, finished, case, connection, progress, person, job, dry_run=dry_run))
    if finished is not None:
        if case is not None or output_name is not None or exact or test or person.given:
            raise UsageError(
                "A finished bundle cannot be changed. Use these options with 'takedown hash' when you make it."
            )
        code = _submit_bundle(finished, intake, connection, progress, dry_run=dry_run)
    else:
        roots, address = roots_of(paths, person), intake_address(intake)
        number = None if case is None else read_case_number(case)
        hashing = partial(
            _bundle_pictures, address, roots, person, number, job, progress,
            exact=exact, test=test, show_paths=show_paths,
        )  # fmt: skip
        code = _submit_pictures(
            address, hashing, person, number, output_name, connection, progress, force=force, dry_run=dry_run
        )
    raise typer.Exit(code)


def _submit_bundle(
    data: bytes, intake: str | None, connection: Connection, progress: str | None, *, dry_run: bool
) -> int:
    """Preview, confirm and send a finished bundle. Return the exit code."""
    submission = _take_bundle(data, intake)
    if dry_run:
        console.show(submission.preview)
        return submission.exit_code
    with intake_client(submission.address, connection, progress) as client:
        console.contacted = False  # only from _send on may something have been sent
        _preview_and_send(submission, client, None, made_here=False, force=False)
    return submission.exit_code


def _submit_pictures(
    address: IntakeAddress,
    hashing: Callable[..., _Submission],
    person: Eligibility,
    case: CaseNumber | None,
    output_name: Path | None,
    connection: Connection,
    progress: str | None,
    *,
    force: bool,
    dry_run: bool,
) -> int:
    """Hash pictures, and preview, confirm and send their bundle. Return the exit code.

    ``hashing`` is called with ``own``, the file that is this command's own.
    """
    if output_name is not None:
        atomic_file.check_target(output_name, force=force)
    if dry_run:
        submission = hashing(own=output_name)
        console.show(submission.preview)
        return submission.exit_code
    check_confirmable()
    check_declared(person)
    with intake_client(address, connection, progress) as client:
        console.contacted = False  # the card is fetched, but nothing is sent before _send
        away, items = _visit(client, case)
        if away is not None:
            output_name = output_name or _NEW_BUNDLE
            atomic_file.check_target(output_name, force=force)
        submission = hashing(own=output_name)
        if away is not None and output_name is not None:
            _keep_for_later(submission, output_name, away, force=force)
        _preview_and_send(submission, client, output_name, made_here=True, force=force, items_before=items)
    return submission.exit_code


def _visit(client: api.Intake, case: CaseNumber | None) -> tuple[UnreachableError | None, int]:
    """Fetch the intake's card, and count the items of the case that is added to.

    If the intake is away and the person wants to hash all the same, return the error. Raise UnreachableError if nobody
    wants that, UntrustedIntakeError, RefusedError if there is no such case.
    """
    try:
        client.card()
        return None, 0 if case is None else len(client.status(case).items)
    except NoSuchCaseError as error:
        raise RefusedError(error.sentence, hint=error.hint) from None  # the code of a bundle that the intake refuses
    except UnreachableError as error:
        if can_ask():
            console.error_line(error.sentence)
            if ask("Hash the pictures now, and keep the bundle in a file to send it later?"):
                return error, 0
            error.hint = filled("{advice} Nothing was hashed.", advice=filled(error.hint))
        else:
            commands = f"  takedown hash PATH -o {_NEW_BUNDLE}\n  takedown submit {_NEW_BUNDLE}"
            error.hint = filled(_LATER, advice=filled(error.hint), commands=commands)
        raise


def _keep_for_later(submission: _Submission, path: Path, away: UnreachableError, *, force: bool) -> NoReturn:
    """Write the bundle, not sealed, and show its number. Raise ``away`` with what to do next."""
    made = submission.seal(None)
    with atomic_file.writing_file(path, made.data, force=force):
        if console.json:
            console.emit(_report(submission, made.new_number, None).document())
        else:
            show_case_number(made.new_number)
    away.hint = filled(_KEPT, path=as_argument(path))
    raise away


def _preview_and_send(
    submission: _Submission,
    client: api.Intake,
    output_name: Path | None,
    *,
    made_here: bool,
    force: bool,
    items_before: int = 0,
) -> None:
    for note in submission.preview.notes():
        console.say(note)
    confirm("Send this?")
    report = _send(submission, client, output_name, made_here=made_here, force=force)
    if submission.case is not None:
        with suppress(TakedownError, Interrupted):  # it has arrived, and the receipt is still to be shown
            report = replace(report, added=len(client.status(submission.case).items) - items_before)
    console.show(report)
    if not made_here:
        console.say(_MADE_EARLIER)


def _bundle_pictures(
    address: IntakeAddress, roots: list[Path], person: Eligibility, case: CaseNumber | None, job: HashingJob,
    progress: str | None, *, own: Path | None, exact: bool, test: bool, show_paths: bool,
) -> _Submission:  # fmt: skip
    """Hash the pictures for a bundle, which gets its case number and its seal when it is sent."""
    from takedown_cli.cli.commands.hashing_run import BundlePlan, HashingRun
    from takedown_cli.cli.results.case import preview_of_items

    declared = declare(person, roots)
    run = HashingRun(roots, job, BundlePlan(declared, case, exact=exact, test=test), own=own)
    run.hash_files(progress, show_paths=show_paths)
    run.say_summary(show_paths=show_paths)
    if not run.items:
        raise NothingToDoError
    if run.duplicates:
        console.say(filled_many(*_ONCE, run.duplicates))
    preview = preview_of_items(address, run.items, declared.declaration)
    return _Submission(address, preview, run.make_bundle, run.exit_code(), run.report_fields(), case)


def _take_bundle(data: bytes, flag: str | None) -> _Submission:
    """Verify a finished bundle. A bundle that is already sealed is sent byte for byte."""
    from takedown_cli.api import Bundle
    from takedown_cli.cli.commands.hashing_run import MadeBundle
    from takedown_cli.cli.results.case import preview_of_items, preview_of_sealed

    bundle = Bundle.parse(data)
    address = _destination(flag, bundle.audience)
    if not bundle.opened:
        return _Submission(address, preview_of_sealed(address, len(data)), lambda _: MadeBundle(bundle, None), 0)
    if any(item.age == "unsure" for item in bundle.items):
        console.warn(
            "The bundle says 'not sure' about the age, so the hashes go to the under-18 list. If that is wrong, "
            "make the bundle again with --age."
        )
    preview = preview_of_items(address, bundle.items, bundle.payload.declaration)
    return _Submission(address, preview, lambda card: MadeBundle(bundle.sealed_for(_known(card)), None), 0)


def _destination(flag: str | None, audience: Audience | None) -> IntakeAddress:
    """Return the intake for a finished bundle: the one it was made for, or else the one that is named.

    The outside of a sealed bundle is not signed. So its address counts only if the flag or the settings name the same
    intake, or if the person has seen the address and typed a yes. Raise UsageError if the two differ. Raise
    NoIntakeError, and ConfigError for an address that may not be used.
    """
    from takedown_cli.protocol.addresses import IntakeAddress

    if audience is None:
        return intake_address(flag)
    bound = IntakeAddress.parse(f"{audience.origin}#{audience.key_id}")
    named = setting("intake", flag)
    if named is None:
        console.say(
            filled("No intake is named in the settings. The bundle was made for {origin}.", origin=bound.origin)
        )
        confirm(filled("Is {origin} the address that you were given?", origin=bound.origin), even_with_yes=True)
        return bound
    wanted = IntakeAddress.parse(named)
    if wanted.origin != bound.origin or wanted.pin not in {None, bound.pin}:
        raise UsageError("The bundle was made for another intake than the named one.")
    return bound


def _known(card: IntakeCard | None) -> IntakeCard:
    assert card is not None
    return card


def _send(
    submission: _Submission, client: api.Intake, output_name: Path | None, *, made_here: bool, force: bool
) -> SubmitReport:
    """Seal, keep the bundle if ``output_name`` is given, show a new case number, and send. Return the report."""
    from takedown_cli.cli.results.case import ReceiptRow

    console.contacted = True
    made = submission.seal(client.card())
    kept = nullcontext() if output_name is None else atomic_file.writing_file(output_name, made.data, force=force)
    with kept:  # the bundle gets its name once its number could be shown
        if not console.json:
            show_case_number(made.new_number)
    try:
        receipt = client.submit(made.bundle)
    except (UnreachableError, UntrustedIntakeError, Interrupted) as error:
        # Once sending has begun, nobody knows whether it arrived. A finished bundle can simply be sent again.
        if made_here:
            _explain_uncertain(error, submission, made, output_name)
        elif isinstance(error, UnreachableError):
            error.hint = filled(
                "{advice} Sending the same bundle file again never makes a second case.", advice=filled(error.hint)
            )
        raise
    return _report(submission, made.new_number, ReceiptRow.copied_from(receipt))


def _explain_uncertain(
    error: UnreachableError | UntrustedIntakeError | Interrupted,
    submission: _Submission,
    made: MadeBundle,
    kept: Path | None,
) -> None:
    """Explain how to avoid a second case, and give the new number to a script."""
    if console.json:
        console.emit(_report(submission, made.new_number, None).document())
    if isinstance(error, Interrupted):
        error.sentence = "Stopped while sending."
    elif kept is None and can_ask() and not _NEW_BUNDLE.exists():
        console.error_line(error.sentence)
        if ask(filled("Keep the sealed bundle as {file}, to send it again?", file=_NEW_BUNDLE)):
            atomic_file.write_file(_NEW_BUNDLE, made.data, force=False)
            kept = _NEW_BUNDLE
    if kept is not None:
        error.hint = filled(_KEPT_UNCERTAIN, path=as_argument(kept))
        return
    if made.new_number is not None:
        again = "If there is no such case, submit the pictures again and forget this number. You get a new one."
    else:
        again = "If the pictures are not in the case, submit them again with the same case number."
    error.hint = filled(_UNCERTAIN, command=status_command(submission.address), again=filled(again))


def _report(submission: _Submission, number: str | None, receipt: ReceiptRow | None) -> SubmitReport:
    from takedown_cli.cli.results.case import SubmitReport

    return SubmitReport(
        destination=submission.address.origin,
        case_number=number,
        receipt=receipt,
        status_command=status_command(submission.address),
        sent=0 if submission.case is None else sum(submission.preview.media.values()),
        **submission.files,
    )
