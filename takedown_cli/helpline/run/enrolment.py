"""Enrols the callers of a manifest in the ledger, each with their own case number. All are enrolled, or none.

A caller who is already in the ledger keeps their number.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from takedown_cli.core.file_kind import entries_below
from takedown_cli.core.model import Limits
from takedown_cli.helpline.case import Caller, CaseState
from takedown_cli.helpline.ledger.entry import Act, Entry, place_digest
from takedown_cli.helpline.manifest.cell_rules import confusable_form
from takedown_cli.helpline.run.file_recognition import count_new_files, holds_known_file
from takedown_cli.protocol.case_number import CaseNumber

if TYPE_CHECKING:
    from takedown_cli.helpline.ledger import LedgerState, LedgerTransaction

#: States in which new files in the folder can be added to the case.
_DONE: Final = frozenset({CaseState.SENT, CaseState.NOTHING})


@dataclass(frozen=True, slots=True)
class GrownFolder:
    """A caller whose case is closed, and whose folder has ``files`` that are new or changed since."""

    row: int
    item: int
    files: int
    source: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """``new`` and ``known`` count callers. ``grown`` are the callers with more files to send. ``withdrew`` are the rows
    of callers who withdrew before the ledger forgot their case: they are not enrolled.

    ``contradictions`` are the rows that contradict the ledger: it has other data for the caller, or the reference or
    folder could be confused with another caller's, or the folder has another caller's files. If there are any, nobody
    was enrolled.
    """

    new: int
    known: int
    contradictions: tuple[int, ...]
    grown: tuple[GrownFolder, ...] = ()
    withdrew: tuple[int, ...] = ()


def enrol_callers(
    transaction: LedgerTransaction,
    callers: Iterable[Caller],
    *,
    intakes: Mapping[str | None, str],
    test: bool,
    limits: Limits,
    add: bool = False,
    again: bool = False,
) -> Enrolment:
    """Add the callers who are not in the ledger; with ``add``, reopen those whose folder has grown.

    Callers who withdrew, and whose cases were forgotten, are added only with ``again``. ``intakes`` gives the full
    address (with the key id) for each address that a caller names, and for None.
    """
    found, added = _compared(transaction.state, callers, intakes, test=test, limits=limits, again=again)
    if found.contradictions:
        return found
    for item, caller in enumerate(added, start=transaction.state.next_item):
        values = _values(caller, intakes[caller.intake], test)
        number = None if values["ready_made"] else str(CaseNumber.draw())
        digest = transaction.state.withdrawn_digest(caller.reference)
        transaction.add(Act.ENROLLED, item, number=number, **values, **({} if digest is None else {"withdrew": digest}))
    for one in found.grown if add else ():
        transaction.add(Act.REOPENED, one.item, source=one.source)
    return found


def compare_with_ledger(
    state: LedgerState, callers: Iterable[Caller], *, test: bool, limits: Limits, again: bool = False
) -> Enrolment:
    """Return what ``enrol_callers`` would find, without asking the intakes. Nothing is added."""
    return _compared(state, callers, None, test=test, limits=limits, again=again)[0]


def _compared(
    state: LedgerState, callers: Iterable[Caller], intakes: Mapping[str | None, str] | None, *, test: bool,
    limits: Limits, again: bool,
) -> tuple[Enrolment, list[Caller]]:  # fmt: skip
    withdrew: list[int] = []
    added: list[Caller] = []
    contradictions: list[int] = []
    grown: list[GrownFolder] = []
    count = 0
    others: _Others | None = None
    for caller in callers:
        before = state.references.get(caller.reference)
        if before is None:
            if not again and state.withdrawn_digest(caller.reference) is not None:
                withdrew.append(caller.row)
                continue
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
            if files := count_new_files(entry, source, limits):
                grown.append(GrownFolder(caller.row, entry.item, files, os.fspath(source)))
    new = 0 if contradictions else len(added)
    return Enrolment(new, count, tuple(contradictions), tuple(grown), tuple(withdrew)), added


class _Others:
    """The callers of earlier manifests. A new caller must not have a similar reference, or the same folder.

    For a sent case, the ledger holds only a digest of the folder's path. The folder may be used again when none of the
    earlier caller's files is in it.
    """

    def __init__(self, state: LedgerState, limits: Limits) -> None:
        self._limits = limits
        self._alike = {confusable_form(reference) for reference in state.references}
        self._sources = {entry.source for entry in state.entries.values() if entry.open}
        self._above = {str(folder) for source in self._sources for folder in Path(source).parents}
        self._used: dict[str, list[Entry]] = {}
        for entry in state.entries.values():
            if entry.place is not None and not entry.open:
                self._used.setdefault(entry.place, []).append(entry)

    def have(self, reference: str, source: Path) -> bool:
        """Return whether one of them has this reference or this folder, one inside it, or one around it."""
        text = os.fspath(source)
        around = not self._sources.isdisjoint(map(str, source.parents))
        taken = confusable_form(reference) in self._alike or text in self._sources or text in self._above or around
        return taken or self._hold(source)

    def _hold(self, source: Path) -> bool:
        if not self._used:
            return False
        inside: list[Path] = []
        with suppress(OSError):
            inside = [path for path, info in entries_below(source) if stat.S_ISDIR(info.st_mode)]
        places = map(place_digest, [source, *source.parents, *inside])
        theirs = {entry.item: entry for place in places for entry in self._used.get(place, ())}
        return any(entry.ready_made or holds_known_file(entry, source, self._limits) for entry in theirs.values())


def _values(caller: Caller, intake: str, test: bool) -> dict[str, Any]:
    return {
        "reference": caller.reference, "row": caller.row, "source": os.fspath(caller.source.absolute()),
        "age": caller.age, "behalf": caller.behalf, "authority": caller.authority, "copies": sorted(caller.copies),
        "intake": intake, "language": caller.language, "ready_made": caller.source.is_file(), "test": test,
    }  # fmt: skip


def _agrees(entry: Entry, values: dict[str, Any]) -> bool:
    """Return whether the ledger has the same data for this caller. The source is known only until the case is sent."""
    compared = ["age", "behalf", "authority", "copies", "intake", "test"] + (["source"] if entry.source else [])
    return all(getattr(entry, name) == values[name] for name in compared)
