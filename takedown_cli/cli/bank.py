"""``submit --to hma+https://HOST/BANK`` and ``withdraw --receipt``: an organisation's own HMA bank, in and out again.

It guarantees the same preview and confirmation as for an intake, and that what was banked can be taken out again, which
is why nothing is sent without a receipt. It must never bank what is marked as a test, nor show a hash.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from takedown_cli.cli.ask import can_ask, confirm
from takedown_cli.cli.console import console
from takedown_cli.cli.interrupts import Interrupted
from takedown_cli.cli.options import Shared, one_of
from takedown_cli.cli.settings import settings
from takedown_cli.errors import NothingToDoError, SealError, UsageError

if TYPE_CHECKING:
    from takedown_cli.address import BankAddress
    from takedown_cli.bundle.document import Item
    from takedown_cli.cli.bank_documents import BankPreview, BankReport, BankWithdrawReport
    from takedown_cli.submit.hma import BankClient, Signal
    from takedown_cli.submit.receipt import Receipt

_SECONDS_BETWEEN_LINES: Final = 5.0
_SUSPENDED: Final = "Run the same command again, with the same receipt, to go on where it ended."


@dataclass(frozen=True, slots=True)
class Target:
    """What the options about a bank amount to; ``to`` is None for a submission to an intake."""

    to: str | None
    receipt: Path | None
    only: str | None
    plain: bool

    @property
    def given(self) -> bool:
        return self != Target(None, None, None, False)


def _target(
    to: Annotated[
        str | None, typer.Option("--to", metavar="ADDRESS", help="An HMA bank instead: hma+https://HOST/BANK.")
    ] = None,
    receipt: Annotated[
        Path | None,
        typer.Option("--receipt", metavar="FILE", help="With --to: what 'withdraw' and going on need; keep it."),
    ] = None,
    only: Annotated[
        str | None, typer.Option("--list", metavar="LIST", help="With --to: only what is for adult or under-18.")
    ] = None,
    plain: Annotated[bool, typer.Option("--plain-http", help="With --to: allow hma+http to another machine.")] = False,
) -> Target:
    if only is not None:
        one_of("--list", only, ("adult", "under-18"))
    return Target(to, receipt, only, plain)


#: For ``@carries``.
TARGET: Final = Shared(_target)


def address_of(target: Target, *, dry_run: bool) -> BankAddress:
    """The bank that is meant, before any work. Raises UsageError, ConfigError; DeclinedError when nobody can agree."""
    from takedown_cli.address import BankAddress

    if target.to is None:
        raise UsageError("--receipt, --list and --plain-http belong to --to.")
    address = BankAddress.parse(target.to, plain=target.plain)
    if target.receipt is None and not dry_run:
        raise UsageError(
            "An HMA bank keeps no case, so without a receipt nothing could ever be taken out again.",
            hint="Add --receipt FILE, and keep that file.",
        )
    if not (dry_run or console.yes or can_ask()):
        confirm("")  # says at once, not after the work, that nobody can be asked
    return address


def items_of(data: bytes, case: str | None) -> tuple[Item, ...]:
    """The items of a finished bundle. Raises BundleError, SealError for a sealed one, UsageError for a test."""
    from takedown_cli.cli.inspect import open_bundle

    opened, _ = open_bundle(data, case)
    if opened is None:
        raise SealError("The bundle is sealed, and a bank takes only what can be read: its case number opens it.")
    if opened.bundle.test:
        raise UsageError("The bundle is marked as a test, and a bank cannot tell tests apart.")
    return opened.bundle.items


def submit(target: Target, address: BankAddress, items: Sequence[Item], proxy: str | None, *, dry_run: bool) -> None:
    """Preview, confirm, bank. Raises NothingToDoError, DeclinedError, and what the server and the receipt raise."""
    signals, left_out = _signals(items, target.only)
    if not signals:
        raise NothingToDoError("There is no hash in it that HMA matches by.")
    _preview(address, items, signals, left_out, target)
    if dry_run or target.receipt is None:
        return
    confirm("Send this?")
    from takedown_cli.submit.receipt import Receipt

    with Receipt(target.receipt, address) as receipt, _bank(address, proxy) as bank, _resumable():
        known = bank.signal_types()
        taken = [signal for signal in signals if signal[0] in known]
        left_out.update(kind for kind, _ in signals if kind not in known)
        already = sum(signal in receipt.entries for signal in taken)
        _send(bank, receipt, [signal for signal in taken if signal not in receipt.entries])
        _tell(address, receipt.label, len(taken) - already, already, left_out)


def _signals(items: Sequence[Item], only: str | None) -> tuple[list[Signal], Counter[str]]:
    """Each hash once, by HMA's name for its kind (that of threatexchange), and how many have no place there."""
    from takedown_cli.bundle.export import exported

    chosen = [item for item in items if only is None or _list(item) == only]
    made = exported(list(enumerate(chosen, start=1)), "tx", "")
    pairs = [line.split(" ", 1) for line in made.data.decode("ascii").splitlines()]
    return [(kind, value) for kind, value in pairs], made.left_out


def _list(item: Item) -> str:
    return "adult" if item.age == "adult" else "under-18"


def _preview(
    address: BankAddress, items: Sequence[Item], signals: Sequence[Signal], left_out: Counter[str], target: Target
) -> None:
    kinds = Counter(kind for kind, _ in signals)
    lines = [
        "What would leave this computer:",
        f"  hashes: {', '.join(f'{count:,} {kind}' for kind, count in sorted(kinds.items()))}",
        "  with each the same label, drawn at random, by which they can be taken out again",
        "  no picture, no file name, no answer of yours, nothing else about you or this computer",
        f"To the bank {address.bank} of the HMA server at {address.server.origin}, and to nobody else.",
        "A bank has no seal and no case: whoever may use that server can read the hashes.",
    ]
    for line in ("", *lines, ""):
        console.say(line)
    if target.only is None and len({_list(item) for item in items}) > 1:
        console.warn("This puts the under-18 list and the adult list into one bank. See --list.")
    if target.plain and not address.server.origin.startswith("https://"):
        console.warn("The address is hma+http://, so everyone on the way can read the hashes, and change them.")
    if console.json and target.receipt is None:
        report: BankPreview = {
            "schema": "takedown.bank-preview",
            "version": 1,
            "destination": str(address),
            "signals": dict(kinds),
            "left_out": dict(left_out),
        }
        console.emit(report)


@contextmanager
def _bank(address: BankAddress, proxy: str | None) -> Iterator[BankClient]:
    from takedown_cli.submit.hma import BankClient
    from takedown_cli.submit.transport import Door

    with Door(address.server, settings({"proxy": proxy})["proxy"].value) as door:
        yield BankClient(door, address)


@contextmanager
def _resumable() -> Iterator[None]:
    try:
        yield
    except Interrupted as end:
        end.hint = _SUSPENDED
        raise


def _send(bank: BankClient, receipt: Receipt, signals: Sequence[Signal]) -> None:
    """Bank each; one whose sending was cut short before is looked for first."""
    said = time.monotonic()
    for number, signal in enumerate(signals):
        if signal in receipt.doubtful and (found := bank.entries_of(signal, receipt.label)):
            receipt.banked(signal, found[0])
        else:
            receipt.sending(signal)
            receipt.banked(signal, bank.bank(signal, receipt.label))
        if time.monotonic() - said > _SECONDS_BETWEEN_LINES:
            said = time.monotonic()
            console.say(f"{number + 1:,} of {len(signals):,} hashes are in the bank.")


def _tell(address: BankAddress, label: str, banked: int, already: int, left_out: Counter[str]) -> None:
    if console.json:
        report: BankReport = {
            "schema": "takedown.bank",
            "version": 1,
            "destination": str(address),
            "label": label,
            "banked": banked,
            "already": already,
            "left_out": dict(sorted(left_out.items())),
        }
        console.emit(report)
    else:
        before = f"; {already:,} were there already" if already else ""
        console.result(f"{banked:,} hashes were put into the bank {address.bank}{before}.")
    if left_out:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(left_out.items()))
        console.say(f"Left out, for that server does not match by them: {kinds}.")
    console.say("To take them out again: takedown withdraw --receipt, with the same file. It holds the hashes.")


def withdraw(path: Path, proxy: str | None) -> int:
    """Take out of the bank what the receipt says was put there; gives the exit code."""
    from takedown_cli.submit.receipt import Receipt

    with Receipt(path) as receipt:
        signals = sorted({*receipt.entries, *receipt.doubtful})
        if not signals:
            raise NothingToDoError("By this receipt there is nothing in the bank.", hint="It may be deleted.")
        where = f"the bank {receipt.address.bank} at {receipt.address.server.origin}"
        confirm(f"Take {len(signals):,} hashes out of {where}? It then stops looking for them.")
        taken = 0
        with _bank(receipt.address, proxy) as bank, _resumable():
            bank.signal_types()
            for signal in signals:
                taken += _take_out(bank, receipt, signal)
        return _tell_withdrawn(receipt, taken, len(signals))


def _take_out(bank: BankClient, receipt: Receipt, signal: Signal) -> bool:
    """Whether the hash was there. One that may have an entry of unknown number is gone only if the server says so."""
    entry = receipt.entries.get(signal)
    there = entry is not None and bank.take_out(entry, receipt.label)
    unknown = bank.entries_of(signal, receipt.label) if signal in receipt.doubtful else []
    for number in unknown or ():
        there = bank.take_out(number, receipt.label) or there
    if unknown is not None:
        receipt.gone(signal)
    return there


def _tell_withdrawn(receipt: Receipt, taken: int, wanted: int) -> int:
    left = len(receipt.doubtful)
    if console.json:
        report: BankWithdrawReport = {
            "schema": "takedown.bank-withdraw",
            "version": 1,
            "destination": str(receipt.address),
            "taken_out": taken,
            "absent": wanted - taken - left,
            "doubtful": left,
        }
        console.emit(report)
    else:
        console.result(f"{taken:,} hashes were taken out of the bank {receipt.address.bank}.")
    if left:
        console.warn(
            f"Whether {left:,} more, whose sending was cut short, are still there is not known before the server has "
            "indexed anew: run this again in a few minutes."
        )
        return 3
    console.say("The receipt is of no more use and may be deleted.")
    return 0
