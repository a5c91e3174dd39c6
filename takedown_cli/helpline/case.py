"""What every part of a caseload shares: a caller as the manifest names them, and how far a case is. References and
sources stay with the helpline; nothing here is sent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Literal

from takedown_cli.protocol.wire import Age

Behalf = Literal["self", "child", "other"]
Authority = Literal["permission", "parent-or-guardian", "law"]


@dataclass(frozen=True, slots=True)
class Caller:
    """One row of a manifest. ``row`` counts from 1 as a spreadsheet shows it; ``reference`` is the helpline's own.

    ``source`` is the caller's folder or ready-made bundle; ``copies`` are classes as in ``Recipe``; ``intake`` is an
    address when the row names one; ``language`` is that of the slip (BCP 47). ``hashes`` counts those of a ready-made
    bundle that the organisation is about to countersign.
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
    hashes: int | None = None


class CaseState(StrEnum):
    """How far a case is. ``READY``: hashed and signed, but not acknowledged. ``NOTHING``: nothing to protect."""

    WAITING = "waiting"
    READY = "ready"
    SENT = "sent"
    NOTHING = "nothing"
    FAILED = "failed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class PlatformAnswer:
    """One platform's answer, for how many items of a case, and the day on which we first received it."""

    platform: str
    state: Literal["seen", "under-review", "blocked", "not-blocked"]
    items: int
    day: str
