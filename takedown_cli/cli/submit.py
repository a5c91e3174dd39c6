"""``takedown submit``: preview, confirm, send; from pictures or from a bundle made earlier.

It guarantees that nothing is contacted before the person has seen what would leave and agreed, and that the case
number is shown before the bundle is on its way, so that no registered case is without one.
It must never send anything but the sealed bundle that was previewed.
"""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from takedown_cli.cli import bank, output
from takedown_cli.cli.ask import can_ask, case_number, confirm
from takedown_cli.cli.console import console
from takedown_cli.cli.eligibility import ELIGIBILITY, declare, roots_of
from takedown_cli.cli.intake_options import Intake, Proxy, command_for, intake_address, intake_client
from takedown_cli.cli.interrupts import Interrupted
from takedown_cli.cli.number import tell_number
from takedown_cli.cli.options import CaseSource, DryRun, Force, Progress, application, carries
from takedown_cli.cli.recipe import LIMITS, RECIPE, chosen_work
from takedown_cli.cli.settings import settings
from takedown_cli.errors import BundleError, NothingToDoError, UnreachableError, UntrustedIntakeError, UsageError

if TYPE_CHECKING:
    from takedown_cli.address import IntakeAddress
    from takedown_cli.cli.case_documents import PreviewReport, SubmitReport
    from takedown_cli.wire import Audience, Receipt

app = application()

_HELP: Final = """
Show what would leave, ask, send; shows the case number once.

\b
takedown submit photos/ --intake https://intake.example#KEY
takedown submit case.tdb
takedown submit photos/ --age adult --for self --yes --json
takedown submit photos/ --to hma+https://hma.example/NCII --receipt r.jsonl

Sending the same bundle again never makes a second case. Only hashes are sent,
sealed so that only the intake can read them.
"""
_EPILOG: Final = """
Exit codes: 0 sent; 3 sent, but some files could not be protected; 4 nothing
to protect; 5 bundle invalid; 6 refused; 7 unreachable; 8 not confirmed.
"""


@app.command(help=_HELP, epilog=_EPILOG)
@carries(ELIGIBILITY, RECIPE, LIMITS, bank.TARGET)
def submit(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH|BUNDLE", help="Pictures and folders, or one bundle.")],
    intake: Intake = None,
    proxy: Proxy = None,
    output_name: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="BUNDLE", help="Keep the sealed bundle as well.")
    ] = None,
    force: Force = False,
    case: CaseSource = None,
    exact: Annotated[bool, typer.Option("--exact", help="Send MD5 and SHA-256 of pictures too.")] = False,
    test: Annotated[bool, typer.Option("--test", help="Mark the bundle as a test.")] = False,
    dry_run: DryRun = False,
    progress: Progress = None,
) -> None:
    data = _bundle_data(paths)
    if bank.TARGET.get().given:
        if intake is not None or output_name is not None or exact or test or (data and ELIGIBILITY.get().given):
            raise UsageError(
                "With --to only hashes are sent, to a bank; --intake, -o, --exact and --test do not apply."
            )
        code = _submit_to_bank(paths, data, case, proxy, progress, dry_run)
    elif data is None:
        code = _submit_pictures(paths, intake, proxy, output_name, case, progress, force, exact, test, dry_run)
    elif case is not None or output_name is not None or exact or test or ELIGIBILITY.get().given:
        raise UsageError("A finished bundle is sent as it is; options about its content belong to 'takedown hash'.")
    else:
        code = _submit_bundle(data, intake, proxy, dry_run)
    raise typer.Exit(code)


def _bundle_data(paths: list[Path]) -> bytes | None:
    """The bytes of the bundle that was named, or None when pictures were. Raises BundleError for a huge one."""
    from takedown_cli.bundle.file import looks_like_bundle
    from takedown_cli.bundle.seal import BUCKETS

    limit = BUCKETS[-1] + (1 << 16)
    found = []
    for path in paths:
        try:
            if path.is_file():
                with path.open("rb") as stream:
                    head = stream.read(32)
                    if looks_like_bundle(head):
                        found.append(head + stream.read(limit))
        except OSError:
            continue
    if not found:
        return None
    if len(paths) > 1:
        raise UsageError("A bundle is submitted alone, without other paths beside it.")
    if len(found[0]) > limit:
        raise BundleError
    return found[0]


# ------------------------------------------------------------------------------------------------- to an HMA bank


def _submit_to_bank(
    paths: list[Path], data: bytes | None, case: str | None, proxy: str | None, progress: str | None, dry_run: bool
) -> int:
    from takedown_cli.cli.run import Bundling, Run

    target = bank.TARGET.get()
    address = bank.address_of(target, dry_run=dry_run)
    if data is not None:
        bank.submit(target, address, bank.items_of(data, case), proxy, dry_run=dry_run)
        return 0
    if case is not None:
        raise UsageError("A bank has no cases: --case opens a sealed bundle, and here there is none.")
    roots = roots_of(paths, ELIGIBILITY.get())
    run = Run(roots, chosen_work(), Bundling(declare(ELIGIBILITY.get(), roots), None))
    run.go(progress)
    run.explain()
    bank.submit(target, address, run.items, proxy, dry_run=dry_run)
    return run.exit_code()


# ------------------------------------------------------------------------------------------------- from a bundle


def _submit_bundle(data: bytes, flag: str | None, proxy: str | None, dry_run: bool) -> int:
    from takedown_cli.bundle import seal
    from takedown_cli.bundle.file import is_sealed, open_signed, seal_for
    from takedown_cli.cli import preview

    if is_sealed(data):
        sealed = seal.parse(data)
        address = _destination(flag, sealed.audience)
        counts = preview.sealed_as_json(address, len(data))
        _show_preview(preview.of_sealed(sealed, len(data)), address, counts, dry_run)
    else:
        opened = open_signed(data)
        address = _destination(flag, opened.bundle.audience)
        counts = preview.as_json(address, opened.bundle.items, opened.bundle.declaration)
        _show_preview(preview.of_items(opened.bundle.items, opened.bundle.declaration), address, counts, dry_run)
    if dry_run:
        return 0
    confirm("Send this?")
    with intake_client(address, proxy) as client:
        receipt = client.submit(data if is_sealed(data) else seal_for(data, client.card()))
    _show_receipt(receipt, address, None)
    console.say("The case number was shown when the bundle was made; a bundle does not hold it.")
    return 0


def _destination(flag: str | None, audience: Audience | None) -> IntakeAddress:
    """Where the bundle goes: to the intake it was made for, or else to the one that is named.

    The outside of a sealed bundle is not signed, so where it says to go counts only if the flag or the settings name
    the same intake, or the person has seen the address and typed a yes. Raises UsageError when they differ,
    NoIntakeError, ConfigError for an address that may not be used.
    """
    from takedown_cli.address import IntakeAddress

    if audience is None:
        return intake_address(flag)
    bound = IntakeAddress.parse(f"{audience.origin}#{audience.key_id}")
    named = settings({"intake": flag})["intake"].value
    if named is None:
        console.say(f"No intake is named in the settings; the bundle says it is for {bound.origin}.")
        confirm(f"Is {bound.origin} the address that you were given?", even_with_yes=True)
        return bound
    wanted = IntakeAddress.parse(named)
    if wanted.origin != bound.origin or wanted.pin not in {None, bound.pin}:
        raise UsageError("The bundle was made for another intake than the one that is named.")
    return bound


# ------------------------------------------------------------------------------------------------ from pictures


def _submit_pictures(
    paths: list[Path],
    flag: str | None,
    proxy: str | None,
    output_name: Path | None,
    case: str | None,
    progress: str | None,
    force: bool,
    exact: bool,
    test: bool,
    dry_run: bool,
) -> int:
    from takedown_cli.cli import preview
    from takedown_cli.cli.run import Bundling, Run

    address = intake_address(flag)
    if output_name is not None:
        output.check(output_name, force=force)
    if not (dry_run or console.yes or can_ask()):
        confirm("")  # says at once, not after the work, that nobody can be asked
    given = ELIGIBILITY.get()
    roots = roots_of(paths, given)
    number = case_number(case) if case is not None else None
    declared = declare(given, roots)
    run = Run(roots, chosen_work(), Bundling(declared, number, exact=exact, test=test), own=output_name)
    run.go(progress)
    run.explain()
    if not run.items:
        raise NothingToDoError
    if twice := run.found_twice:
        console.say(f"{twice:,} of them {'shows' if twice == 1 else 'show'} what another does, which is sent once.")
    counts = preview.as_json(address, run.items, declared.declaration)
    _show_preview(preview.of_items(run.items, declared.declaration), address, counts, dry_run)
    if dry_run:
        return run.exit_code()
    confirm("Send this?")
    with intake_client(address, proxy) as client:
        made = run.bundle(client.card())
        kept = nullcontext() if output_name is None else output.written(output_name, made.data, force=force)
        with kept:  # the bundle gets its name once its number could be shown
            if not console.json:
                tell_number(made.new_number)
        try:
            receipt = client.submit(made.data)
        except (UnreachableError, UntrustedIntakeError, Interrupted) as error:
            _explain_uncertain(error, address, made.new_number, kept=output_name is not None)
            raise
    _show_receipt(receipt, address, made.new_number)
    return run.exit_code()


def _show_preview(lines: list[str], address: IntakeAddress, counts: PreviewReport, dry_run: bool) -> None:
    from takedown_cli.cli import preview

    for line in ("", "What would leave this computer:", *lines, *preview.of_destination(address), ""):
        console.say(line)
    if dry_run and console.json:
        console.emit(counts)


def _explain_uncertain(
    error: UnreachableError | UntrustedIntakeError | Interrupted, address: IntakeAddress, number: str | None, kept: bool
) -> None:
    """After sending began nobody knows whether it arrived: the advice must not lead to a second case."""
    if console.json:
        console.emit(_document(address, number, None))
    if isinstance(error, Interrupted):
        error.sentence = "Interrupted while sending."
    if kept:
        again = "The bundle was kept: submitting that file again can never make two cases."
    elif number is not None:
        again = "If there is no such case, submit the pictures again, and forget this number: a new one will be shown."
    else:
        again = "If the pictures are not in it, submit them again with the same case number."
    error.hint = f"It is not certain that it arrived: '{command_for(address)}' with the case number tells. {again}"


def _show_receipt(receipt: Receipt, address: IntakeAddress, number: str | None) -> None:
    if console.json:
        console.emit(_document(address, number, receipt))
        return
    console.result(f"The intake has registered it on {receipt.day}, and keeps it until {receipt.expires}.")
    console.say(f"Platforms fetch the list by themselves. To see what happened: {command_for(address)}")


def _document(address: IntakeAddress, number: str | None, receipt: Receipt | None) -> SubmitReport:
    return {
        "schema": "takedown.submit",
        "version": 1,
        "destination": address.origin,
        "case_number": number,
        "receipt": None if receipt is None else {"day": receipt.day, "expires": receipt.expires},
    }
