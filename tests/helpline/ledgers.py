"""Ledgers under a key of the tests' own, and callers enrolled in them."""

from __future__ import annotations

from pathlib import Path

from takedown_cli.core.model import Limits
from takedown_cli.helpline.case import Caller
from takedown_cli.helpline.ledger import Ledger
from takedown_cli.helpline.run.enrolment import Enrolment, enrol_callers
from tests.helpline.word_key import WordKey

DAY = "2026-03-01"


INTAKE = "https://intake.example"


def opened(path: Path, word: str = "helpline", operator: str = "first", day: str = DAY) -> Ledger:
    """The ledger at ``path``, made if there is none."""
    return Ledger.make(path, WordKey(word), operator=operator, day=day)


def caller(number: int, source: Path, *, intake: str | None = None, reference: str | None = None) -> Caller:
    copies = frozenset({"flips"})
    name = reference or f"reference-{number}"
    return Caller(number, name, source, "adult", "other", "permission", copies, intake, "en")


def take_in(
    ledger: Ledger,
    callers: list[Caller],
    intake: str = INTAKE,
    *,
    test: bool = True,
    add: bool = False,
    again: bool = False,
) -> Enrolment:
    with ledger.transaction() as transaction:
        made = enrol_callers(
            transaction, callers, intakes={None: intake}, test=test, limits=Limits(), add=add, again=again
        )
    assert not made.contradictions
    return made
