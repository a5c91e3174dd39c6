"""``takedown hma``: put hashes into an organisation's own HMA bank, and take them out again.

Each hash is written to the receipt before it is sent, so that it can be taken out again. Test bundles are refused.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from takedown_cli.cli.options.bundle import open_whole, read_bundle_among
from takedown_cli.cli.options.common import CaseSource, DryRun, application
from takedown_cli.cli.options.connection import Connection, ConnectionOptions
from takedown_cli.cli.options.declaration import Eligibility, Person, declare, roots_of
from takedown_cli.cli.options.hma import Bank, BankTarget
from takedown_cli.cli.options.progress import ProgressMode
from takedown_cli.cli.options.recipe import HashingJob, Job
from takedown_cli.cli.results.hma import BankPreview, BankReport, BankWithdrawReport
from takedown_cli.cli.results.words import counted
from takedown_cli.cli.terminal.console import console
from takedown_cli.cli.terminal.prompts import confirm
from takedown_cli.core.errors import Interrupted, NothingToDoError, UsageError
from takedown_cli.protocol.lists import list_of_age

if TYPE_CHECKING:
    from takedown_cli.client.bank_receipt import BankReceipt
    from takedown_cli.client.hma import BankClient, Signal
    from takedown_cli.protocol.addresses import BankAddress
    from takedown_cli.protocol.bundle.document import Item

app = application("An organisation's own HMA bank: put hashes in, and take them out again.")

_SECONDS_BETWEEN_LINES: Final = 5.0
_GO_ON: Final = "To continue where it stopped, run the same command again with the same receipt."
_SEALED: Final = "The bundle is sealed. A bank takes only hashes that can be read."


@app.command()
def submit(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH|BUNDLE", help="Pictures and folders, or one bundle.")],
    case: CaseSource = None,
    dry_run: DryRun = False,
    progress: ProgressMode = None,
    *,
    connection: ConnectionOptions,
    bank: Bank,
    person: Person,
    job: Job,
) -> None:
    """Show what would leave, ask, and put the hashes into an HMA bank.

    \b
    takedown hma submit photos/ --to hma+https://hma.example/NCII \\
        --receipt r.jsonl
    takedown hma submit case.tdb --case - --to hma+https://hma.example/NCII \\
        --receipt r.jsonl

    A bank has no case and no seal: everybody who can use that server can read the
    hashes. Keep the receipt: only with it can they be taken out again.

    Exit codes: 0 sent; 3 sent, but some files could not be protected; 4 no hash
    for HMA; 5 bundle invalid or sealed; 6 refused; 7 unreachable; 8 not confirmed.
    """
    data = read_bundle_among(paths)
    if data is not None and person.given:
        raise UsageError(
            "A finished bundle cannot be changed. Use these options with 'takedown hash' when you make it."
        )
    raise typer.Exit(put_into_bank(bank, paths, data, case, connection, progress, person, job, dry_run=dry_run))


def put_into_bank(
    bank: BankTarget, paths: list[Path], data: bytes | None, case: str | None, connection: Connection,
    progress: str | None, person: Eligibility, job: HashingJob, *, dry_run: bool,
) -> int:  # fmt: skip
    """Preview, confirm and send the hashes of pictures, or of the bundle ``data``; return the exit code.

    Raise NothingToDoError, DeclinedError, UsageError, and what reading the files, the server and the receipt raise.
    """
    address = bank.check(dry_run=dry_run)
    code = 0
    if data is not None:
        bundle = open_whole(data, case, _SEALED)
        if bundle.payload.test:
            raise UsageError("The bundle is marked as a test. A bank cannot keep tests apart from real hashes.")
        items: Sequence[Item] = bundle.items
    elif case is not None:
        raise UsageError("--case opens a sealed bundle, but no bundle was named.")
    else:
        from takedown_cli.cli.commands.hashing_run import BundlePlan, HashingRun

        roots = roots_of(paths, person)
        run = HashingRun(roots, job, BundlePlan(declare(person, roots)))
        run.hash_files(progress)
        run.say_summary()
        items, code = run.items, run.exit_code()
    _send_items(bank, address, items, connection, progress, dry_run=dry_run)
    return code


def _send_items(
    bank: BankTarget,
    address: BankAddress,
    items: Sequence[Item],
    connection: Connection,
    progress: str | None,
    *,
    dry_run: bool,
) -> None:
    signals, left_out = _signals_of(items, bank.only)
    if not signals:
        raise NothingToDoError("None of the hashes is of a kind that HMA can match.")
    preview = BankPreview(
        destination=str(address),
        signals=dict(Counter(kind for kind, _ in signals)),
        left_out=dict(left_out),
        bank=address.bank,
        server=address.server.origin,
    )
    if console.json and bank.receipt is None:
        console.emit(preview.document())
    for note in preview.notes():
        console.say(note)
    if bank.only is None and len({list_of_age(item.age) for item in items}) > 1:
        console.warn("This puts the under-18 list and the adult list into one bank. See --list.")
    if bank.plain and not address.server.origin.startswith("https://"):
        console.warn("The address begins with hma+http://, so others on the network can read and change the hashes.")
    if dry_run or bank.receipt is None:
        return
    confirm("Send this?")
    from takedown_cli.client.bank_receipt import BankReceipt

    with BankReceipt(bank.receipt, address) as receipt, _bank_client(address, connection, progress) as client:
        known = client.fetch_signal_types()
        taken = [signal for signal in signals if signal[0] in known]
        left_out.update(kind for kind, _ in signals if kind not in known)
        already = sum(signal in receipt.entries for signal in taken)
        _send(client, receipt, [signal for signal in taken if signal not in receipt.entries])
        console.show(
            BankReport(
                destination=str(address),
                label=receipt.label,
                banked=len(taken) - already,
                already=already,
                left_out=dict(sorted(left_out.items())),
                bank=address.bank,
            )
        )


def _signals_of(items: Sequence[Item], only: str | None) -> tuple[list[Signal], Counter[str]]:
    """Return each hash once, by threatexchange's name for its kind, and count those that a bank cannot hold."""
    from takedown_cli.protocol.bundle.export import export_items

    chosen = [item for item in items if only is None or list_of_age(item.age) == only]
    made = export_items(list(enumerate(chosen, start=1)), "tx", "")
    pairs = [line.split(" ", 1) for line in made.data.decode("ascii").splitlines()]
    return [(kind, value) for kind, value in pairs], made.left_out


@contextmanager
def _bank_client(address: BankAddress, connection: Connection, progress: str | None) -> Iterator[BankClient]:
    """Connect to a bank for as long as the block lasts. An interruption says how to continue."""
    from takedown_cli.client.hma import BankClient
    from takedown_cli.client.retries import Retries

    try:
        with connection.open_transport(address.server, progress) as transport:
            yield BankClient(transport, address, Retries(timeout=connection.timeout))
    except Interrupted as end:
        end.hint = _GO_ON
        raise


def _send(client: BankClient, receipt: BankReceipt, signals: Sequence[Signal]) -> None:
    """Put each hash into the bank. Look first for a hash whose sending was cut short before."""
    shown_at = time.monotonic()
    for number, signal in enumerate(signals):
        if signal in receipt.doubtful and (found := client.find_entries(signal, receipt.label)):
            receipt.note_banked(signal, found[0])
        else:
            receipt.note_sending(signal)
            receipt.note_banked(signal, client.add_signal(signal, receipt.label))
        if time.monotonic() - shown_at > _SECONDS_BETWEEN_LINES:
            shown_at = time.monotonic()
            console.say(f"{number + 1:,} of {len(signals):,} hashes are in the bank.")


@app.command()
def withdraw(
    receipt: Annotated[Path, typer.Option("--receipt", metavar="FILE", help="The receipt that 'hma submit' wrote.")],
    progress: ProgressMode = None,
    *,
    connection: ConnectionOptions,
) -> None:
    """Remove from the bank what the receipt lists.

    takedown hma withdraw --receipt r.jsonl

    Exit codes: 0 taken out; 3 not known yet of some: run it again; 4 nothing to
    take out; 5 not a receipt; 6 refused; 7 unreachable; 8 not confirmed.
    """
    raise typer.Exit(take_out_of_bank(receipt, connection, progress))


def take_out_of_bank(path: Path, connection: Connection, progress: str | None) -> int:
    """Ask, take out the hashes that the receipt at ``path`` lists, and return the exit code."""
    from takedown_cli.client.bank_receipt import BankReceipt

    with BankReceipt(path) as receipt:
        signals = sorted({*receipt.entries, *receipt.doubtful})
        if not signals:
            raise NothingToDoError("This receipt lists nothing in the bank.", hint="You can delete the receipt.")
        where = f"the bank {receipt.address.bank} at {receipt.address.server.origin}"
        confirm(f"Take {counted(len(signals), 'hash', 'hashes')} out of {where}? It then stops looking for them.")
        with _bank_client(receipt.address, connection, progress) as client:
            client.fetch_signal_types()
            taken = sum(_take_out(client, receipt, signal) for signal in signals)
        left = len(receipt.doubtful)
        console.show(
            BankWithdrawReport(
                destination=str(receipt.address),
                taken_out=taken,
                absent=len(signals) - taken - left,
                doubtful=left,
                bank=receipt.address.bank,
            )
        )
    if not left:
        return 0
    console.warn(
        f"{left:,} more may still be there: their sending was cut short, and the server has not indexed them yet. "
        "Run this again in a few minutes."
    )
    return 3


def _take_out(client: BankClient, receipt: BankReceipt, signal: Signal) -> bool:
    """Take one hash out; return whether it was there.

    A hash whose sending was cut short may have an entry of unknown number. It is gone only if the server says so.
    """
    entry = receipt.entries.get(signal)
    there = entry is not None and client.remove_entry(entry, receipt.label)
    unknown = client.find_entries(signal, receipt.label) if signal in receipt.doubtful else []
    for number in unknown or ():
        there = client.remove_entry(number, receipt.label) or there
    if unknown is not None:
        receipt.note_removed(signal)
    return there
