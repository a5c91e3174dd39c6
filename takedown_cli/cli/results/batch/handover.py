"""The note for the next shift, what changed since a note, and what the ledger forgot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from takedown_cli.cli.results.batch.states import STATES, StateName
from takedown_cli.cli.results.result import ABSENT, Result, Row, people_only
from takedown_cli.cli.results.words import counted
from takedown_cli.cli.terminal.console import sanitise
from takedown_cli.helpline.case import CaseState

#: Acts whose word in the ledger does not read well in a sentence.
_ACTS: Final = {"found": "found at the intake", "slip": "slip made", "withdrawal-asked": "withdrawal requested"}


class BatchNoteRow(Row):
    """One case in a note: ``last`` is the last thing that was done, by ``operator``, on ``day``."""

    item: int
    state: StateName
    items: int
    unprotected: int
    reason: str | None
    last: str
    day: str
    operator: str

    def line(self) -> str:
        reason = f" {sanitise(self.reason)}" if self.reason else ""
        unprotected = f" Files not protected: {self.unprotected:,}." if self.unprotected else ""
        done = f"{_ACTS.get(self.last, self.last)} on {self.day} by {sanitise(self.operator)}"
        return f"  entry {self.item}: {self.state}; {done}.{reason}{unprotected}"


class BatchHandoverNote(Result, schema="takedown.batch.handover"):
    """``takedown batch handover --json`` and the file of ``-o``: the note for the next shift.

    ``open`` are the cases that need attention, ``changed`` those with something new since the last note; ``clock``
    counts what had happened until then; ``seal`` is 64 hexadecimal digits that ``--verify`` checks.
    """

    day: str
    operator: str
    cases: int
    states: dict[str, int]
    open: list[BatchNoteRow]
    changed: list[BatchNoteRow]
    clock: int
    seal: str

    def lines(self) -> Iterator[str]:
        counts = ", ".join(f"{count:,} {STATES[CaseState(name)]}" for name, count in self.states.items())
        yield f"Handed over on {self.day} by {sanitise(self.operator)}: {counted(self.cases, 'case')} ({counts})."
        for title, rows, none in (
            ("Needs attention", self.open, "Nothing needs attention."),
            ("New since the last note", self.changed, "Nothing is new since the last note."),
        ):
            yield ""
            yield f"{title} ({len(rows):,}):" if rows else none
            for row in rows:
                yield row.line()


class BatchVerifyReport(Result, schema="takedown.batch.verify"):
    """``takedown batch handover --verify --json``: the note is unchanged; ``changed_since`` are the numbers of the
    entries that changed since it was made."""

    day: str
    operator: str
    changed_since: list[int]

    def lines(self) -> Iterator[str]:
        yield f"The note is unchanged. {sanitise(self.operator)} made it on {self.day}."
        if self.changed_since:
            entries = "entry" if len(self.changed_since) == 1 else "entries"
            yield f"New since then: {entries} {', '.join(map(str, self.changed_since))}."
        else:
            yield "Nothing is new since then."


class BatchForgetReport(Result, schema="takedown.batch.forget"):
    """``takedown batch forget --json``. ``still_at_the_intake`` counts those that were not withdrawn there.

    ``marks`` counts the callers, of this time and of earlier ones, whose withdrawal is all that the ledger still knows.
    """

    forgotten: int
    still_at_the_intake: int
    marks: int = ABSENT
    withdrew: int = people_only()

    def lines(self) -> Iterator[str]:
        if self.forgotten:
            yield f"{counted(self.forgotten, 'case')} forgotten. The ledger was rewritten without them."
        else:
            yield "The ledger was rewritten. It no longer knows that this caller withdrew."

    def notes(self) -> Iterator[str]:
        if self.withdrew:
            whom = "this caller" if self.withdrew == 1 else "them"
            yield (
                f"A mark stays of {counted(self.withdrew, 'caller')} who withdrew, so that a manifest does not send "
                f"{whom} again. The mark does not contain a reference. To remove it, run:\n"
                "  takedown batch forget --reference - --completely"
            )
