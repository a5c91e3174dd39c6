"""One run over a ledger against a real intake, and what the intake has afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select

from takedown_cli.api import Intake
from takedown_cli.core.model import Hashed, Outcome, Recipe
from takedown_cli.hashing.discover import open_media
from takedown_cli.hashing.pipeline import Declared, bundle, outcomes
from takedown_cli.hashing.pool.supervisor import Pool
from takedown_cli.helpline.case import Caller, CaseState
from takedown_cli.helpline.ledger import Ledger
from takedown_cli.helpline.ledger.locks import Session
from takedown_cli.helpline.run import Run, RunContext
from takedown_cli.intake.http.server import Running
from takedown_cli.intake.store.tables import cases, items, submissions
from takedown_cli.protocol.bundle.document import Declaration
from takedown_cli.protocol.case_number import CaseNumber
from tests.helpline.ledgers import caller
from tests.helpline.word_key import WordKey

Make = Callable[..., Path]


@contextmanager
def connect(address: str) -> Iterator[Intake]:
    with Intake(address, attempts=1) as intake:
        yield intake


@contextmanager
def hashers(recipe: Recipe) -> Iterator[Pool]:
    with Pool(recipe, open_file=open_media) as pool:
        yield pool


def work(
    ledger: Ledger, address: str, watch: Callable[[Outcome], None] = lambda _: None, recipe: Recipe | None = None
) -> set[int]:
    """One run; the items it worked on."""
    with connect(address) as client:
        cards = {address: client.card()}
    with Session(ledger.path) as session:
        today = datetime.now(UTC).date().isoformat()
        recipe = recipe or Recipe()
        run = Run(ledger, session, RunContext(WordKey(), recipe, hashers, connect, cards, today, watch=watch))
        run.go()
    return run.touched


def counts(intake: Running) -> tuple[int, int, int]:
    """Cases, submissions and items at the intake, without the decoy."""

    def count(table: object) -> int:
        return int(intake.intake.read(lambda c: c.scalar(select(func.count()).select_from(table))))  # type: ignore[arg-type]

    return count(cases) - 1, count(submissions), count(items) - 1


def everyone(make: Make, count: int, pictures: int = 2) -> list[Caller]:
    return [caller(number, make(f"{number}", pictures)) for number in range(1, count + 1)]


def states(ledger: Ledger) -> list[CaseState]:
    return [case.state for case in ledger.cases()]


def ready_made(intake: Running, source: Path, *, sealed: bool) -> bytes:
    found = [o for o in outcomes([source], Recipe()) if isinstance(o, Hashed)]
    declared = Declared(Declaration(behalf="self"), "adult")
    made = [item for o in found for item in declared.items(o)]
    with connect(intake.address) as client:
        card = client.card() if sealed else None
    return bundle(made, CaseNumber.draw(), declared, day="2026-03-01", card=card, test=True)[1]


def make_folder(path: Path) -> Path:
    path.mkdir()
    return path
