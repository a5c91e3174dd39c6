"""The nouns of a caseload, as frozen values: a caller as the manifest has them, and a case as the ledger knows it.

They guarantee that what one part of the caseload says of a caller means the same in every other part.
This module must never read a file, nor hold anything that travels: references and sources stay with the helpline.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Literal

from takedown_cli.wire import Age

Behalf = Literal["self", "child", "other"]
Authority = Literal["permission", "parent-or-guardian", "law"]


@dataclass(frozen=True, slots=True)
class Caller:
    """One row of a manifest. ``row`` counts from 1 as a spreadsheet shows it; ``reference`` is the helpline's own.

    ``source`` is the caller's folder or ready-made bundle; ``copies`` are classes as in ``Recipe``; ``intake`` is an
    address when the row names one; ``language`` is that of the slip (BCP 47).
    """

    row: int
    reference: str = field(repr=False)
    source: Path = field(repr=False)
    age: Age
    behalf: Behalf
    authority: Authority | None
    copies: frozenset[str]
    intake: str | None
    language: str


class State(StrEnum):
    """How far a case is. ``READY`` is hashed and signed but not acknowledged; ``NOTHING`` had nothing to protect."""

    WAITING = "waiting"
    READY = "ready"
    SENT = "sent"
    NOTHING = "nothing"
    FAILED = "failed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Event:
    """Who did what when: ``operator`` as they call themselves, ``act`` a word of the ledger's list, ``day`` in UTC."""

    day: str
    operator: str
    act: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What one platform said about how many items of a case, and the day on which that was first met."""

    platform: str
    state: Literal["seen", "under-review", "blocked", "not-blocked"]
    items: int
    day: str


@dataclass(frozen=True, slots=True)
class Case:
    """A caller's case as the ledger knows it.

    ``number`` is the case number as it is shown (None for a bundle made elsewhere, whose number the helpline never
    learns); ``items`` were sent, ``unprotected`` files could not be, ``twice`` were found again in the same folder;
    ``sent`` and ``expires`` are days of the intake. ``item`` is the number by which screens and notes name the case,
    ``reason`` a sentence on why it was refused or failed; ``leaving`` that it is being taken back.
    """

    reference: str = field(repr=False)
    number: str | None = field(repr=False)
    state: State
    age: Age
    behalf: Behalf
    authority: Authority | None
    language: str
    intake: str
    items: int = 0
    unprotected: int = 0
    sent: str | None = None
    expires: str | None = None
    answers: tuple[Answer, ...] = ()
    history: tuple[Event, ...] = ()
    item: int = 0
    twice: int = 0
    reason: str | None = None
    leaving: bool = False
