"""``takedown batch status`` and ``withdraw``: what became of the cases, and taking one back.

It guarantees that what platforms said is in the ledger before it is shown.
It must never show a case number; a reference only where it was asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from takedown_cli.cli import batch_words
from takedown_cli.cli.ask import confirm
from takedown_cli.cli.batch_options import LEDGER, Item, Reference, chosen, connections, open_ledger
from takedown_cli.cli.console import console
from takedown_cli.cli.counted import counted
from takedown_cli.cli.intake_options import Proxy
from takedown_cli.cli.options import carries
from takedown_cli.cli.organisation_key import KEY, PASSPHRASE, unlock
from takedown_cli.errors import UnreachableError, UsageError
from takedown_cli.helpline.nouns import State

if TYPE_CHECKING:
    from takedown_cli.helpline.ledger.entry import Entry
    from takedown_cli.helpline.withdrawal import TakenBack


@carries(LEDGER, KEY, PASSPHRASE)
def status(
    proxy: Proxy = None,
    offline: Annotated[bool, typer.Option("--offline", help="Ask nobody; show what the ledger knows.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Show the cases without anything new too.")] = False,
    show_references: Annotated[
        bool, typer.Option("--show-references", help="Show your references; others may be looking.")
    ] = False,
    threads: Annotated[int, typer.Option("--senders", metavar="N", min=1, max=32, help="Connections.")] = 4,
    patience: Annotated[float, typer.Option("--patience", metavar="S", min=0, help="As for 'run'.")] = 60.0,
) -> None:
    """What platforms said about every case, what is new since the last time first.

    \b
    takedown batch status --ledger cases.ledger --key file:helpline.key
    takedown batch status --ledger cases.ledger --offline --all --json
    """
    from takedown_cli.helpline.inquiry import Learnt, ask_all
    from takedown_cli.helpline.ledger.entry import Act
    from takedown_cli.helpline.withdrawal import carry_out

    with open_ledger(unlock()) as ledger:
        learnt = Learnt(0, None)
        if not offline:
            connect = connections(proxy, patience)
            batch_words.say_carried_out(carry_out(ledger, connect))
            learnt = ask_all(ledger, connect, threads)
        with ledger.turn() as turn:
            entries = sorted(turn.state.entries.values(), key=lambda entry: entry.changed <= turn.state.shown)
            new = {entry.item for entry in entries if entry.changed > turn.state.shown}
            clock, torn = turn.state.clock, turn.state.torn
        if torn:
            batch_words.say_torn()
        _show(entries, new, learnt, everything=everything, references=show_references)
        with ledger.turn() as turn:  # not before: what could not be shown is new the next time
            turn.note(Act.SHOWN, clock)
        if learnt.error is not None:
            learnt.error.hint = "What was learnt before is in the ledger. Ask again later."
            raise learnt.error


def _show(entries: list[Entry], new: set[int], learnt: object, *, everything: bool, references: bool) -> None:
    from takedown_cli.helpline.inquiry import Learnt

    assert isinstance(learnt, Learnt)
    rows = [batch_words.case_row(e, changed=e.item in new, references=references) for e in entries]
    states = batch_words.states_of(entries)
    if console.json:
        console.emit({
            "schema": "takedown.batch.status", "version": 1, "asked": learnt.asked,
            "complete": learnt.error is None, "states": states, "cases": rows,
        })  # fmt: skip
        return
    shown = [row for row in rows if row["changed"] or everything]
    if shown:
        for line in batch_words.table(shown):
            console.result(line)
    console.say(f"{len(new):,} of {len(entries):,} cases have something new.")
    for name, count in states.items():
        console.say(f"  {count:>7,}  {batch_words.STATES[State(name)]}")


@carries(LEDGER, KEY, PASSPHRASE)
def withdraw(
    item: Item = None,
    reference: Reference = None,
    proxy: Proxy = None,
    patience: Annotated[float, typer.Option("--patience", metavar="S", min=0, help="As for 'run'.")] = 60.0,
) -> None:
    """Take one caller's case back, at the intake and in the ledger; from then on nothing of it is sent.

    If the intake is away, or something may still be on its way to it, 'batch resume' and
    'batch status' ask again.

    \b
    takedown batch withdraw --item 17 \\
        --ledger cases.ledger --key file:helpline.key
    takedown batch withdraw --reference - --ledger cases.ledger < reference.txt
    """
    from takedown_cli.helpline.withdrawal import refuse_unknown, take_back

    with open_ledger(unlock()) as ledger:
        entry = chosen(ledger.state(), item, reference)
        if ledger.is_held(entry):
            raise UsageError("Somebody is at work on this case now.", hint="Wait until their run is over.")
        refuse_unknown(entry)
        confirm(f"Withdraw the case of item {entry.item}? Platforms are then told to stop looking for it.")
        try:
            back = take_back(ledger, entry.item, connections(proxy, patience))
        except UnreachableError as error:
            error.hint = "Nothing more of the case is sent. 'takedown batch resume' takes it back as soon as it can."
            raise
        _say_withdrawn(entry, back)


def _say_withdrawn(entry: Entry, back: TakenBack) -> None:
    count = back.count
    if console.json:
        console.emit({
            "schema": "takedown.batch.withdraw", "version": 1, "item": entry.item, "contacted": count is not None,
            "withdrawn": count or 0, "again": back.again, "maybe_sent": back.maybe_sent,
        })  # fmt: skip
        return
    if count is not None:
        console.result(f"Item {entry.item} is withdrawn: {counted(count, 'picture or video', 'pictures and videos')}.")
    elif back.maybe_sent:
        console.result(f"Item {entry.item} is withdrawn: it is not sent any more.")
        console.say(
            "Should a run that was cut off have sent it already, only whoever made the bundle can take it back: they "
            "have its number ('takedown withdraw -')."
        )
    elif back.again is None:
        console.result(f"Item {entry.item} is withdrawn; the intake has nothing of it.")
    else:
        console.result(f"Item {entry.item}: the intake has nothing of it yet, and nothing more is sent.")
    if back.again is not None:
        console.say(
            "Something of it may have been on its way when a run was cut off. 'takedown batch resume' and 'batch "
            f"status' take that back too, and know on {back.again} that nothing can come any more."
        )
