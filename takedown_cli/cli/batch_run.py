"""``takedown batch run`` and ``resume``: a whole caseload hashed and sent, each caller's case by itself.

It guarantees that nothing is begun while the manifest has a fault, and that whatever ends a run, ``resume`` goes on.
It must never show a name, a path or a case number: a case is an item number.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Final

import typer

from takedown_cli.cli import batch_manifest, batch_words
from takedown_cli.cli.ask import confirm
from takedown_cli.cli.batch_options import LEDGER, connections, open_ledger, today
from takedown_cli.cli.console import console
from takedown_cli.cli.counted import counted
from takedown_cli.cli.executor import EXECUTOR, chosen_hasher
from takedown_cli.cli.intake_options import Intake, Proxy
from takedown_cli.cli.interrupts import Interrupted
from takedown_cli.cli.options import DryRun, Progress, carries
from takedown_cli.cli.organisation_key import KEY, PASSPHRASE, unlock
from takedown_cli.cli.recipe import LIMITS, RECIPE, chosen_work
from takedown_cli.errors import NoIntakeError, NothingToDoError, TakedownError, UnreachableError, UsageError

if TYPE_CHECKING:
    from takedown_cli.cli.recipe import Work
    from takedown_cli.helpline.keys.organisation import OrganisationKey
    from takedown_cli.helpline.ledger import Ledger
    from takedown_cli.helpline.manifest import Manifest
    from takedown_cli.helpline.run import AtOnce, Hashers
    from takedown_cli.helpline.run.enrol import Enrolment, Grown
    from takedown_cli.helpline.run.outbox import Connect
    from takedown_cli.model import Recipe
    from takedown_cli.wire import IntakeCard

EPILOG: Final = """
Exit codes: 0 every caller is done; 3 some callers or files need a person; 2 the
manifest has faults; 7 an intake cannot be reached: go on with 'batch resume'.
"""
_GO_ON: Final = "What is done is in the ledger: go on with 'takedown batch resume'. Nothing is sent twice."

#: An intake that is only busy asks for seconds.
_LONG: Final = 1200
_QUOTA: Final = (
    "Most likely your organisation's number of cases for today (in UTC) is used up: 1,000, unless the intake's "
    "operator set another. Go on tomorrow, or ask them for a higher --quota."
)

Senders = Annotated[int, typer.Option("--senders", metavar="N", min=1, max=32, help="Connections to an intake.")]
Patience = Annotated[
    float, typer.Option("--patience", metavar="S", min=0, help="Seconds to keep trying an intake that is away.")
]


@carries(LEDGER, KEY, PASSPHRASE, batch_manifest.GIVEN, RECIPE, LIMITS, EXECUTOR)
def run(
    manifest: batch_manifest.Name,
    intake: Intake = None,
    proxy: Proxy = None,
    test: Annotated[bool, typer.Option("--test", help="Mark the bundles as tests.")] = False,
    dry_run: DryRun = False,
    add_new: Annotated[
        bool, typer.Option("--add-new", help="Send also what is new in the folders of cases that were sent.")
    ] = False,
    senders: Senders = 4,
    patience: Patience = 60.0,
    progress: Progress = None,
) -> None:
    """Take the callers of a manifest in, hash their files, and send each case by itself.

    \b
    takedown batch run shift.csv --ledger cases.ledger --key file:helpline.key
    takedown batch run callers/ --ledger cases.ledger --key file:helpline.key \\
        --age adult --for other --authority permission --dry-run

    Running it again with the same manifest goes on where it stopped.
    """
    work = chosen_work()
    key = unlock(_load)
    found = batch_manifest.read(
        manifest, copies=work.recipe.copies, intake=intake, test=test, organisation=key.public
    )  # fmt: skip
    if not found.callers:
        raise NothingToDoError("The manifest names no caller.")
    default = _default(intake, found)
    if dry_run:
        _look_up(key, found, work, test=test, add=add_new)
        batch_words.show_plan(found.callers, default)
        return
    confirm(f"Hash what {counted(len(found.callers), 'caller')} gave, and send it?")
    connect = connections(proxy, patience)
    named = {caller.intake or default for caller in found.callers}
    cards = _cards(connect, {address for address in named if address is not None}, test=test)
    with open_ledger(key, make=True) as ledger:
        grown = _enrol(ledger, found, default, cards, work, test=test, add=add_new)
        raise typer.Exit(_work(ledger, key, work, connect, senders, progress, () if add_new else grown))


@carries(LEDGER, KEY, PASSPHRASE, RECIPE, LIMITS, EXECUTOR)
def resume(
    proxy: Proxy = None, senders: Senders = 4, patience: Patience = 60.0, progress: Progress = None
) -> None:  # fmt: skip
    """Go on with what is not done yet, also beside another operator who does the same.

    takedown batch resume --ledger cases.ledger --key file:helpline.key --operator Kim
    """
    key = unlock(_load)
    with open_ledger(key) as ledger:
        raise typer.Exit(_work(ledger, key, chosen_work(), connections(proxy, patience), senders, progress))


def _load() -> None:
    """Import what a run takes before it can begin."""
    import takedown_cli.helpline.ledger
    import takedown_cli.helpline.run
    import takedown_cli.submit.client
    import takedown_cli.submit.transport  # noqa: F401


def _default(flag: str | None, found: Manifest) -> str | None:
    """The address for rows that name none. Raises NoIntakeError when there is none, and such a row."""
    from takedown_cli.cli.settings import settings

    text = settings({"intake": flag})["intake"].value
    if text is None and any(caller.intake is None for caller in found.callers):
        raise NoIntakeError
    return text


def _cards(connect: Connect, addresses: set[str], *, test: bool | None = None) -> dict[str, IntakeCard]:
    """The card of each intake. Raises UnreachableError, UntrustedIntakeError; UsageError when tests and real meet."""
    cards = {}
    for address in sorted(addresses):
        with connect(address) as client:
            cards[address] = client.card()
        if test is not None and cards[address].test != test:
            raise UsageError(
                "This intake takes only tests." if cards[address].test else "This intake takes no tests.",
                hint="Add --test, or leave it out; nothing was begun.",
            )
    return cards


def _enrol(
    ledger: Ledger, found: Manifest, default: str | None, cards: dict[str, IntakeCard], work: Work, *, test: bool,
    add: bool,
) -> tuple[Grown, ...]:  # fmt: skip
    """Take the callers in, or none; gives those in whose folder there is more than was sent. Raises UsageError."""
    from takedown_cli.bundle.card import signing_key_id
    from takedown_cli.helpline.run.enrol import enrol

    # With the key that answered now: from here on no other is believed.
    full = {address: f"{card.origin}#{signing_key_id(card)}" for address, card in cards.items()}
    intakes = {caller.intake: full[caller.intake or default or ""] for caller in found.callers}
    with ledger.turn() as turn:
        made = enrol(turn, found.callers, intakes=intakes, test=test, limits=work.recipe.limits, add=add)
    _refuse_contradictions(made)
    console.say(f"{counted(made.new, 'caller was', 'callers were')} taken in; {made.known:,} in the ledger already.")
    return made.grown


def _look_up(key: OrganisationKey, found: Manifest, work: Work, *, test: bool, add: bool) -> None:
    """Compare the manifest with the ledger, if there is one yet. Raises UsageError where they contradict each other."""
    from takedown_cli.helpline.run.enrol import compare

    if not LEDGER.get()[0].exists():
        return
    with open_ledger(key) as ledger:
        made = compare(ledger.state(), found.callers, test=test, limits=work.recipe.limits)
    _refuse_contradictions(made)
    if not add:
        batch_words.say_grown(made.grown)


def _refuse_contradictions(made: Enrolment) -> None:
    if made.contradictions:
        rows = ", ".join(str(row) for row in made.contradictions[:20])
        raise UsageError(
            "The ledger says otherwise of the callers in these rows, or has a reference like theirs, their folder or "
            f"files in it for another: {rows}.",
            hint="A reference stands for one caller for ever. Nobody was taken in, and nothing was sent.",
        )


def _work(
    ledger: Ledger, key: OrganisationKey, work: Work, connect: Connect, senders: int, progress: str | None,
    grown: tuple[Grown, ...] = (),
) -> int:  # fmt: skip
    """Do what is open; gives the exit code. Raises what ended it early, after the totals were shown."""
    from takedown_cli.cli.progress import Progress as Shown
    from takedown_cli.helpline.ledger.locks import Session
    from takedown_cli.helpline.reconciling import reconcile
    from takedown_cli.helpline.run import Means, Run
    from takedown_cli.helpline.withdrawal import carry_out

    ledger.compact()  # after a crash: the next one is then read in a moment
    if ledger.state().torn:
        batch_words.say_reconciled(reconcile(ledger, connect))
    batch_words.say_carried_out(carry_out(ledger, connect))
    todo = [entry for entry in ledger.state().entries.values() if entry.open]
    cards = _cards(connect, {entry.intake for entry in todo})
    with Session(ledger.path) as session, Shown(progress) as shown:
        shown.count_in_advance((entry.path for entry in todo if not entry.finished), work.recipe.limits)
        means = Means(key, work.recipe, _hashers(work), connect, cards, today(), senders, shown.advance)
        running = Run(ledger, session, means)
        error: TakedownError | Interrupted | None = None
        try:
            running.go()
        except (TakedownError, Interrupted) as stopped:
            error = stopped
    if error is None:
        ledger.compact()
    code = batch_words.show_run(ledger.state(), running.touched, ledger.held_by_others(session), grown)
    if error is not None:
        if isinstance(error, UnreachableError | Interrupted):
            error.hint = _GO_ON
        after = error.retry_after if isinstance(error, UnreachableError) else None
        if after is not None and after >= _LONG:
            error.sentence = f"The intake takes no more for now, and asks to come back in {after // 60} minutes."
            error.hint = f"{_QUOTA} {_GO_ON}"
        raise error
    return code


def _hashers(work: Work) -> Hashers:
    """Processes of this computer, or a cluster, for a recipe; outcomes come as soon as they are known."""
    from takedown_cli.helpline.run import AtOnce

    @contextmanager
    def hashers(recipe: Recipe) -> Iterator[AtOnce]:
        with chosen_hasher(replace(work, recipe=recipe)) as hasher:
            yield AtOnce(hasher)

    return hashers
