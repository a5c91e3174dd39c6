"""Callers with made-up folders, and ledgers under a key of the tests' own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from takedown_cli import fixtures
from takedown_cli.helpline.ledger import Ledger
from takedown_cli.helpline.nouns import Caller
from takedown_cli.helpline.run.enrol import Enrolment, enrol
from takedown_cli.model import Limits
from tests.helpline.key import WordKey

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
    ledger: Ledger, callers: list[Caller], intake: str = INTAKE, *, test: bool = True, add: bool = False
) -> Enrolment:
    with ledger.turn() as turn:
        made = enrol(turn, callers, intakes={None: intake}, test=test, limits=Limits(), add=add)
    assert not made.contradictions
    return made


@pytest.fixture
def folder_of(tmp_path: Path) -> Callable[..., Path]:
    """Makes a caller's folder of small pictures that nobody else has."""

    def make(name: str, pictures: int = 2) -> Path:
        folder = tmp_path / "callers" / name
        folder.mkdir(parents=True)
        for number in range(pictures):
            fixtures.picture(f"{name} {number}".__hash__() & 0xFFFF, (320, 240)).save(folder / f"{number}.jpg")
        return folder

    return make
