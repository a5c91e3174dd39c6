"""What ``takedown batch status`` shows of the cases, and what ``takedown batch withdraw`` did with one of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from takedown_cli.cli.results.batch.states import StateName, count_states, state_lines
from takedown_cli.cli.results.result import ABSENT, Result, people_only
from takedown_cli.cli.results.words import counted
from takedown_cli.cli.terminal.table import Table
from takedown_cli.helpline.case import CaseState, PlatformAnswer
from takedown_cli.helpline.slip import slips_due

if TYPE_CHECKING:
    from takedown_cli.helpline.ledger.entry import Entry
    from takedown_cli.helpline.withdrawal import Withdrawal


@dataclass(frozen=True, kw_only=True)
class BatchCaseRow:
    """One case. ``changed`` since the cases were last shown; ``leaving`` while it is being withdrawn; ``reference``
    only with ``--show-references``."""

    item: int
    reference: str = ABSENT
    changed: bool
    leaving: bool
    state: StateName
    items: int
    unprotected: int
    sentence: str | None
    sent: str | None
    expires: str | None
    answers: list[PlatformAnswer]

    def cells(self) -> tuple[str, ...]:
        """Return its row in the table for people."""
        texts = []
        if self.sentence and (self.leaving or not self.answers):
            texts.append(self.sentence)
        if self.unprotected:
            texts.append(f"{counted(self.unprotected, 'file')} not protected")
        texts += [f"{each.platform}: {each.items} {each.state} ({each.day})" for each in self.answers]
        reference = () if self.reference is ABSENT else (self.reference,)
        return (f"{self.item:,}", *reference, self.state, self.sent or "", f"{self.items:,}", "\n".join(texts))


class BatchStatusReport(Result, schema="takedown.batch.status"):
    """``takedown batch status --json``: every case, those with something new first.

    ``asked`` counts the cases an intake was asked about; ``complete`` is false when an intake stopped answering.
    """

    asked: int
    complete: bool
    states: dict[str, int]
    cases: list[BatchCaseRow]
    without_slip: int = people_only()

    @classmethod
    def of(
        cls, entries: Iterable[Entry], shown_until: int, *, asked: int, complete: bool, show_references: bool
    ) -> Self:
        """Build the report. What changed after the ledger's clock stood at ``shown_until`` is new."""
        everyone = list(entries)
        ordered = sorted(everyone, key=lambda entry: entry.changed <= shown_until)
        rows = [
            BatchCaseRow(
                item=entry.item,
                reference=entry.reference if show_references else ABSENT,
                changed=entry.changed > shown_until,
                leaving=entry.leaving is not None,
                state=entry.state.value,
                items=entry.items,
                unprotected=entry.unprotected,
                sentence=entry.reason,
                sent=entry.sent,
                expires=entry.expires,
                answers=entry.platform_answers,
            )
            for entry in ordered
        ]
        due = len(slips_due(everyone).slips)
        return cls(asked=asked, complete=complete, states=count_states(ordered), cases=rows, without_slip=due)

    def lines(self) -> Iterator[str]:
        if self.cases:
            reference = () if self.cases[0].reference is ABSENT else ("reference",)
            yield Table(
                (">entry", *reference, "state", "sent", ">files", "answers"), [row.cells() for row in self.cases]
            )

    def summary(self) -> Iterator[str]:
        """Yield how many cases have something new, how many are in each state, and what to do next."""
        new = sum(row.changed for row in self.cases)
        yield f"{new:,} of {counted(len(self.cases), 'case')} {'has' if new == 1 else 'have'} something new."
        yield from state_lines(self.states)
        unfinished = sum(self.states.get(state, 0) for state in (CaseState.WAITING, CaseState.READY, CaseState.FAILED))
        refused = self.states.get(CaseState.REFUSED, 0)
        if unfinished:
            yield f"{counted(unfinished, 'case is', 'cases are')} not done yet. To continue, run:"
            yield "  takedown batch resume"
        if refused:
            yield f"{counted(refused, 'case was', 'cases were')} refused. For the reasons, run:"
            yield "  takedown batch status --all"
        if self.without_slip:
            have = counted(self.without_slip, "caller has", "callers have")
            yield f"{have} no slip yet. To write slips, run:"
            yield "  takedown batch slips -o slips"
        if not (unfinished or refused or self.without_slip):
            yield "Nothing needs attention. Ask again in a few days."


class BatchWithdrawReport(Result, schema="takedown.batch.withdraw"):
    """``takedown batch withdraw --json``. ``contacted`` is false when the intake had nothing of the case; ``again`` is
    the day from which nothing of it that was under way can arrive any more, null when nothing was under way.
    ``maybe_sent``: a bundle made elsewhere is not sent any more, but an interrupted run may have sent it."""

    item: int
    contacted: bool
    withdrawn: int
    again: str | None
    maybe_sent: bool

    @classmethod
    def of(cls, item: int, done: Withdrawal) -> Self:
        return cls(
            item=item,
            contacted=done.count is not None,
            withdrawn=done.count or 0,
            again=done.again,
            maybe_sent=done.maybe_sent,
        )

    def lines(self) -> Iterator[str]:
        if self.contacted:
            what = counted(self.withdrawn, "picture or video", "pictures and videos")
            yield f"Entry {self.item} is withdrawn: {what}."
        elif self.maybe_sent:
            yield f"Entry {self.item} is withdrawn: its bundle will not be sent."
        elif self.again is None:
            yield f"Entry {self.item} is withdrawn. The intake had nothing of it."
        else:
            yield f"Entry {self.item}: the intake has nothing of it so far, and nothing more will be sent."

    def notes(self) -> Iterator[str]:
        if self.maybe_sent:
            yield (
                "An interrupted run may have sent it before. Then only the person who made the bundle can withdraw it, "
                "with its case number ('takedown withdraw -')."
            )
        if self.again is not None:
            yield (
                "A part may have been under way when a run was interrupted. 'takedown batch resume' and 'batch status' "
                f"withdraw that too. From {self.again} nothing more can arrive."
            )
