"""Taking the callers of a manifest into the ledger, each with a case number of its own.

It guarantees that a caller who is in the ledger already keeps the number they have, and that all are taken in or none.
It must never contact anybody, nor take in what contradicts the ledger.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from takedown_cli.case import CaseNumber
from takedown_cli.helpline.ledger.entry import Act, Entry
from takedown_cli.helpline.manifest.cell import skeleton
from takedown_cli.helpline.nouns import Caller

if TYPE_CHECKING:
    from takedown_cli.helpline.ledger import State, Turn


@dataclass(frozen=True, slots=True)
class Enrolment:
    """``new`` and ``known`` count callers; ``contradictions`` are the rows of callers of whom the ledger says else, or
    whose reference or folder can be taken for another's in it.

    Where there are contradictions, nobody was taken in.
    """

    new: int
    known: int
    contradictions: tuple[int, ...]


def enrol(turn: Turn, callers: Iterable[Caller], *, intakes: dict[str | None, str], test: bool) -> Enrolment:
    """Add those callers who are not in the ledger.

    ``intakes`` gives the full address (with the key id) for each address that a caller names, and for None.
    """
    added: list[dict[str, Any]] = []
    contradictions: list[int] = []
    known = 0
    item = turn.state.next_item
    others: _Others | None = None
    for caller in callers:
        values = _values(caller, intakes[caller.intake], test)
        before = turn.state.references.get(caller.reference)
        if before is None:
            others = others or _Others(turn.state)
            if others.have(caller.reference, values["source"]):
                contradictions.append(caller.row)
                continue
            number = None if values["ready_made"] else str(CaseNumber.draw())
            added.append({"item": item, "number": number, **values})
            item += 1
        elif _agrees(turn.state.entries[before], values):
            known += 1
        else:
            contradictions.append(caller.row)
    if contradictions:
        return Enrolment(0, known, tuple(contradictions))
    for one in added:
        turn.add(Act.ENROLLED, one.pop("item"), **one)
    return Enrolment(len(added), known, ())


class _Others:
    """The callers of earlier manifests: a reference that one can take for theirs, or a folder of theirs, is not new.

    Where a caller's files were is known only until the case is sent.
    """

    def __init__(self, state: State) -> None:
        self._alike = {skeleton(reference) for reference in state.references}
        self._sources = {entry.source for entry in state.entries.values() if entry.open}
        self._above = {str(folder) for source in self._sources for folder in Path(source).parents}

    def have(self, reference: str, source: str) -> bool:
        """Whether one of them has this reference or this folder, one inside of it, or one around it."""
        around = not self._sources.isdisjoint(map(str, Path(source).parents))
        return skeleton(reference) in self._alike or source in self._sources or source in self._above or around


def _values(caller: Caller, intake: str, test: bool) -> dict[str, Any]:
    return {
        "reference": caller.reference, "row": caller.row, "source": os.fspath(caller.source.absolute()),
        "age": caller.age, "behalf": caller.behalf, "authority": caller.authority, "copies": sorted(caller.copies),
        "intake": intake, "language": caller.language, "ready_made": caller.source.is_file(), "test": test,
    }  # fmt: skip


def _agrees(entry: Entry, values: dict[str, Any]) -> bool:
    """Whether the ledger says the same of this caller; the source is known only until the case is sent."""
    compared = ["age", "behalf", "authority", "copies", "intake", "test"] + (["source"] if entry.source else [])
    return all(getattr(entry, name) == values[name] for name in compared)
