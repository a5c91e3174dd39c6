"""Taking the callers of a manifest into the ledger, each with a case number of its own.

It guarantees that a caller who is in the ledger already keeps the number they have, and that all are taken in or none.
It must never contact anybody, nor take in what contradicts the ledger.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from takedown_cli.case import CaseNumber
from takedown_cli.helpline.ledger.entry import Act, Entry
from takedown_cli.helpline.ledger.place import place_of
from takedown_cli.helpline.manifest.cell import skeleton
from takedown_cli.helpline.nouns import Caller, State
from takedown_cli.helpline.run import known
from takedown_cli.model import Limits

if TYPE_CHECKING:
    from takedown_cli.helpline.ledger import State as LedgerState
    from takedown_cli.helpline.ledger import Turn

#: States in which a folder that has grown can be gone on with.
_DONE: Final = frozenset({State.SENT, State.NOTHING})


@dataclass(frozen=True, slots=True)
class Grown:
    """A caller whose case is done, and in whose folder are ``files`` that were not there then, or not as they are."""

    row: int
    item: int
    files: int
    source: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """``new`` and ``known`` count callers; ``contradictions`` are the rows of callers of whom the ledger says else, or
    whose reference or folder can be taken for another's in it, or whose folder has files that were another's.

    Where there are contradictions, nobody was taken in. ``grown`` are those of whom more can be sent.
    """

    new: int
    known: int
    contradictions: tuple[int, ...]
    grown: tuple[Grown, ...] = ()


def enrol(
    turn: Turn, callers: Iterable[Caller], *, intakes: Mapping[str | None, str], test: bool, limits: Limits,
    add: bool = False,
) -> Enrolment:  # fmt: skip
    """Add those callers who are not in the ledger, and with ``add`` go on with those whose folder has grown.

    ``intakes`` gives the full address (with the key id) for each address that a caller names, and for None.
    """
    found, added = _compared(turn.state, callers, intakes, test=test, limits=limits)
    if found.contradictions:
        return found
    for item, caller in enumerate(added, start=turn.state.next_item):
        values = _values(caller, intakes[caller.intake], test)
        number = None if values["ready_made"] else str(CaseNumber.draw())
        turn.add(Act.ENROLLED, item, number=number, **values)
    for one in found.grown if add else ():
        turn.add(Act.REOPENED, one.item, source=one.source)
    return found


def compare(state: LedgerState, callers: Iterable[Caller], *, test: bool, limits: Limits) -> Enrolment:
    """What ``enrol`` would find, but for the intakes, which only they can say; nothing is added."""
    return _compared(state, callers, None, test=test, limits=limits)[0]


def _compared(
    state: LedgerState, callers: Iterable[Caller], intakes: Mapping[str | None, str] | None, *, test: bool,
    limits: Limits,
) -> tuple[Enrolment, list[Caller]]:  # fmt: skip
    added: list[Caller] = []
    contradictions: list[int] = []
    grown: list[Grown] = []
    count = 0
    others: _Others | None = None
    for caller in callers:
        before = state.references.get(caller.reference)
        if before is None:
            others = others or _Others(state, limits)
            if others.have(caller.reference, caller.source.absolute()):
                contradictions.append(caller.row)
            else:
                added.append(caller)
            continue
        entry = state.entries[before]
        values = _values(caller, entry.intake if intakes is None else intakes[caller.intake], test)
        if not _agrees(entry, values):
            contradictions.append(caller.row)
            continue
        count += 1
        if entry.state in _DONE and entry.leaving is None and entry.place is not None and not entry.ready_made:
            source = Path(values["source"])
            if files := known.count_new(entry, source, limits):
                grown.append(Grown(caller.row, entry.item, files, os.fspath(source)))
    return Enrolment(0 if contradictions else len(added), count, tuple(contradictions), tuple(grown)), added


class _Others:
    """The callers of earlier manifests: a reference that one can take for theirs, or a folder of theirs, is not new.

    Of a case that is sent only a digest is left of where the caller's files were; their folder may be used again once
    nothing of theirs is in it.
    """

    def __init__(self, state: LedgerState, limits: Limits) -> None:
        self._limits = limits
        self._alike = {skeleton(reference) for reference in state.references}
        self._sources = {entry.source for entry in state.entries.values() if entry.open}
        self._above = {str(folder) for source in self._sources for folder in Path(source).parents}
        self._used: dict[str, list[Entry]] = {}
        for entry in state.entries.values():
            if entry.place is not None and not entry.open:
                self._used.setdefault(entry.place, []).append(entry)

    def have(self, reference: str, source: Path) -> bool:
        """Whether one of them has this reference or this folder, one inside of it, or one around it."""
        text = os.fspath(source)
        around = not self._sources.isdisjoint(map(str, source.parents))
        taken = skeleton(reference) in self._alike or text in self._sources or text in self._above or around
        return taken or self._hold(source)

    def _hold(self, source: Path) -> bool:
        if not self._used:
            return False
        inside = (Path(folder) for folder, _, _ in os.walk(source))
        places = map(place_of, [source, *source.parents, *inside])
        theirs = {entry.item: entry for place in places for entry in self._used.get(place, ())}
        return any(entry.ready_made or known.holds_theirs(entry, source, self._limits) for entry in theirs.values())


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
