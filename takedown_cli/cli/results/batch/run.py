"""What ``takedown batch run`` and ``resume`` did, and what a run would do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, Self

from takedown_cli.cli.results.batch.states import STATES, StateName, count_states, state_lines
from takedown_cli.cli.results.result import ABSENT, Result, Row
from takedown_cli.cli.results.words import counted, counted_reason
from takedown_cli.cli.terminal.console import sanitise
from takedown_cli.helpline.case import Caller, CaseState

if TYPE_CHECKING:
    from takedown_cli.helpline.ledger.entry import Entry
    from takedown_cli.helpline.run.enrolment import GrownFolder

_NEEDS_A_PERSON: Final = frozenset({CaseState.NOTHING, CaseState.FAILED, CaseState.REFUSED})
_MOST_SHOWN: Final = 20


class BatchCountersignRow(Row):
    """A caller's own bundle in a row of the manifest, and how many hashes the organisation would sign with it."""

    row: int
    hashes: int


class BatchPlanReport(Result, schema="takedown.batch.plan"):
    """``takedown batch run --dry-run --json``: what the manifest holds, once it has no fault.

    ``hashes`` counts those of the ready-made bundles that the run would countersign, and ``countersign`` has a row for
    each of them. ``withdrew`` are the rows of callers who withdrew and were forgotten: nothing of theirs is sent.
    """

    callers: int
    folders: int
    bundles: int
    intakes: list[str]
    hashes: int
    countersign: list[BatchCountersignRow]
    withdrew: list[int] = ABSENT

    @classmethod
    def of(cls, callers: Iterable[Caller], default_intake: str | None, withdrew: Sequence[int] = ()) -> Self:
        from takedown_cli.protocol.addresses import IntakeAddress

        every = list(callers)
        bundles = sum(caller.source.is_file() for caller in every)
        origins = {IntakeAddress.parse(caller.intake or default_intake or "").origin for caller in every}
        signs = [BatchCountersignRow(row=each.row, hashes=each.hashes) for each in every if each.hashes is not None]
        return cls(
            callers=len(every),
            folders=len(every) - bundles,
            bundles=bundles,
            intakes=sorted(origins),
            hashes=sum(row.hashes for row in signs),
            countersign=signs,
            withdrew=list(withdrew),
        )

    def lines(self) -> Iterator[str]:
        what = f"{counted(self.folders, 'folder')}, {counted(self.bundles, 'ready-made bundle')}"
        yield f"{counted(self.callers, 'caller')}: {what}."
        for intake in self.intakes:
            yield f"To be sent to {intake}."
        yield from self.countersign_lines()

    def countersign_lines(self) -> Iterator[str]:
        """Yield what the organisation would vouch for without having hashed it, the largest bundles first."""
        if not self.countersign:
            return
        bundles = counted(len(self.countersign), "bundle")
        yield f"You will countersign {bundles} that callers made: {counted(self.hashes, 'hash', 'hashes')}."
        largest = sorted(self.countersign, key=lambda row: (-row.hashes, row.row))
        for row in largest[:_MOST_SHOWN]:
            yield f"Row {row.row}: {counted(row.hashes, 'hash', 'hashes')}."
        if len(largest) > _MOST_SHOWN:
            yield f"And {len(largest) - _MOST_SHOWN:,} smaller ones. To see all of them, use --dry-run --json."

    def notes(self) -> Iterator[str]:
        yield "The manifest has no faults. Nothing was hashed or sent."


class BatchGrownRow(Row):
    """A caller in whose folder there are ``files`` that are not sent; ``--add-new`` adds them to the case."""

    row: int
    item: int
    files: int


class BatchProblemRow(Row):
    """A case that needs a person. ``reasons`` counts the unprotected files by reason id (``docs/reference``)."""

    item: int
    state: StateName
    sentence: str | None
    unprotected: int
    reasons: dict[str, int]

    def words(self) -> str:
        """Return what became of the case, and how many files are not protected for which reason."""
        ended = f"{STATES[CaseState(self.state)].capitalize()}."
        if self.state == "nothing":
            ended = "Nothing in the folder could be protected, so there is no case."
        most_first = sorted(self.reasons.items(), key=lambda reason: (-reason[1], reason[0]))
        reasons = ", ".join(counted_reason(count, reason) for reason, count in most_first)
        return sanitise(self.sentence or ended) + (f" Not or only partly protected: {reasons}." if reasons else "")


class BatchRunReport(Result, schema="takedown.batch.run"):
    """``takedown batch run --json`` and ``resume --json``: the whole ledger afterwards, in counts.

    ``callers`` is the sum of ``states``; ``cases`` counts the callers from whom the intake has accepted something.
    ``worked_on`` counts this run's callers, ``elsewhere`` those on whom another run works now; ``problems`` are this
    run's; ``grown`` are the manifest's rows whose case is closed and whose folder has new files;
    ``withdrew`` are those of callers who withdrew and were forgotten: nothing of theirs is sent.
    """

    callers: int
    cases: int
    states: dict[str, int]
    items_sent: int
    found_twice: int
    unprotected: int
    worked_on: int
    elsewhere: int
    problems: list[BatchProblemRow]
    grown: list[BatchGrownRow]
    withdrew: list[int] = ABSENT

    @classmethod
    def of(
        cls,
        entries: list[Entry],
        touched: set[int],
        elsewhere: int,
        grown: Iterable[GrownFolder],
        withdrew: Sequence[int],
    ) -> Self:
        return cls(
            callers=len(entries),
            cases=sum(entry.acknowledged > 0 for entry in entries),
            states=count_states(entries),
            items_sent=sum(entry.items for entry in entries),
            found_twice=sum(entry.twice for entry in entries),
            unprotected=sum(entry.unprotected for entry in entries),
            worked_on=len(touched),
            elsewhere=elsewhere,
            problems=[
                BatchProblemRow(
                    item=entry.item,
                    state=entry.state.value,
                    sentence=entry.reason,
                    unprotected=entry.unprotected,
                    reasons=dict(entry.reasons),
                )
                for entry in entries
                if entry.item in touched and (entry.state in _NEEDS_A_PERSON or entry.unprotected)
            ],
            grown=[BatchGrownRow(row=each.row, item=each.item, files=each.files) for each in grown],
            withdrew=list(withdrew),
        )

    def lines(self) -> Iterator[str]:
        yield f"{counted(self.callers, 'caller')}, {counted(self.cases, 'case')}:"
        yield from state_lines(self.states)
        sent = counted(self.items_sent, "picture or video", "pictures and videos")
        yield f"{sent} sent in all."
        if self.found_twice:
            yield f"{counted(self.found_twice, 'duplicate was', 'duplicates were')} sent only once."

    def notes(self) -> Iterator[str]:
        if not self.worked_on:
            yield "Nothing was sent now: nothing was left to do."
        if self.elsewhere:
            yield f"Another operator is working on {counted(self.elsewhere, 'caller')} now."
        for problem in self.problems[:_MOST_SHOWN]:
            yield f"Entry {problem.item}: {problem.words()}"
        if len(self.problems) > _MOST_SHOWN:
            more = len(self.problems) - _MOST_SHOWN
            yield f"And {more:,} more. To list them, run:\n  takedown batch status --all"
        if any(problem.state == "nothing" for problem in self.problems):
            yield (
                "If a caller brings more files, put them into their folder, and run:\n"
                "  takedown batch run MANIFEST --add-new"
            )
        yield from grown_lines(self.grown)


def grown_lines(grown: Sequence[BatchGrownRow | GrownFolder]) -> Iterator[str]:
    """Yield for each row that its new files are not sent, and how to send them."""
    for each in grown[:_MOST_SHOWN]:
        yield f"Row {each.row} (entry {each.item}): {counted(each.files, 'new file')} since the case was closed."
    if len(grown) > _MOST_SHOWN:
        yield f"And {len(grown) - _MOST_SHOWN:,} more rows with new files."
    if grown:
        yield (
            "New files are not sent by themselves. If they belong to the same caller, run the manifest with --add-new: "
            "they are added to the same case. If they belong to somebody else, give them a folder and a row of their "
            "own."
        )
