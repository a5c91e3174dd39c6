"""A caseload in words: totals after a run, the plan before it, and tables of cases by item number.

It guarantees that what a table shows and what ``--json`` says is the same, and that platform names are sanitised.
It must never show a case number or a path, nor a reference that was not asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from takedown_cli.cli.batch_documents import BatchAnswerRow, BatchCaseRow, BatchProblemRow, BatchRunReport
from takedown_cli.cli.console import console, sanitise
from takedown_cli.cli.counted import counted, counted_reason
from takedown_cli.helpline.nouns import Caller, State

if TYPE_CHECKING:
    from takedown_cli.helpline.ledger import State as LedgerState
    from takedown_cli.helpline.ledger.entry import Entry
    from takedown_cli.helpline.run.enrol import Grown
    from takedown_cli.helpline.withdrawal import CarriedOut

#: State → how the totals say it.
STATES: Final = {
    State.SENT: "sent",
    State.READY: "ready, not sent yet",
    State.WAITING: "waiting",
    State.NOTHING: "with nothing to protect",
    State.FAILED: "failed, to be tried again",
    State.REFUSED: "refused by the intake",
    State.WITHDRAWN: "withdrawn",
}
_TROUBLE: Final = frozenset({State.NOTHING, State.FAILED, State.REFUSED})
_SHOWN: Final = 20
_NO_CASE: Final = "Nothing in the folder could be protected, so there is no case."


def states_of(entries: Iterable[Entry]) -> dict[str, int]:
    """How many cases are in which state, in the order of ``STATES``; states without any are left out."""
    counts = Counter(entry.state for entry in entries)
    return {str(state): counts[state] for state in STATES if counts[state]}


# ------------------------------------------------------------------------------------------------------------- a run


def show_plan(callers: tuple[Caller, ...], default: str | None) -> None:
    """What a run would begin with."""
    from takedown_cli.address import IntakeAddress

    bundles = sum(caller.source.is_file() for caller in callers)
    folders = len(callers) - bundles
    intakes = sorted({IntakeAddress.parse(caller.intake or default or "").origin for caller in callers})
    if console.json:
        console.emit({
            "schema": "takedown.batch.plan", "version": 1, "callers": len(callers), "folders": folders,
            "bundles": bundles, "intakes": intakes,
        })  # fmt: skip
        return
    console.result(
        f"{counted(len(callers), 'caller')}: {counted(folders, 'folder')}, {counted(bundles, 'ready-made bundle')}."
    )
    for intake in intakes:
        console.result(f"For the intake {intake}.")
    console.say("The manifest has no fault. Nothing was begun, and nobody was contacted.")


def show_run(state: LedgerState, touched: set[int], elsewhere: int, grown: tuple[Grown, ...]) -> int:
    """The totals after a run; gives the exit code: 3 when something of what was worked on needs a person."""
    from takedown_cli.helpline.slip import due

    report = _run_report(state, touched, elsewhere, grown)
    if console.json:
        console.emit(report)
    else:
        _say_run(report)
        say_grown(grown)
        if slips := len(due(entry.case() for entry in state.entries.values()).slips):
            console.say(f"{counted(slips, 'caller has', 'callers have')} no slip yet: 'takedown batch slips' makes it.")
    return 3 if report["problems"] or grown else 0


def _run_report(state: LedgerState, touched: set[int], elsewhere: int, grown: tuple[Grown, ...]) -> BatchRunReport:
    entries = list(state.entries.values())
    return {
        "schema": "takedown.batch.run",
        "version": 1,
        "callers": len(entries),
        "cases": sum(entry.acknowledged > 0 for entry in entries),
        "states": states_of(entries),
        "items_sent": sum(entry.items for entry in entries),
        "found_twice": sum(entry.twice for entry in entries),
        "unprotected": sum(entry.unprotected for entry in entries),
        "worked_on": len(touched),
        "elsewhere": elsewhere,
        "problems": [
            _problem(entry)
            for entry in entries
            if entry.item in touched and (entry.state in _TROUBLE or entry.unprotected)
        ],
        "grown": [{"row": one.row, "item": one.item, "files": one.files} for one in grown],
    }


def _problem(entry: Entry) -> BatchProblemRow:
    return {
        "item": entry.item,
        "state": entry.state.value,
        "sentence": entry.reason,
        "unprotected": entry.unprotected,
        "reasons": dict(entry.reasons),
    }


def _say_run(report: BatchRunReport) -> None:
    console.result(f"{counted(report['callers'], 'caller')}, {counted(report['cases'], 'case')}:")
    for name, count in report["states"].items():
        console.result(f"  {count:>7,}  {STATES[State(name)]}")
    sent = counted(report["items_sent"], "picture or video", "pictures and videos")
    console.result(f"{sent} sent; {report['found_twice']:,} found twice.")
    if report["elsewhere"]:
        console.say(f"Another operator is at work on {counted(report['elsewhere'], 'caller')} now.")
    problems = report["problems"]
    for problem in problems[:_SHOWN]:
        console.say(f"Item {problem['item']}: {_in_words(problem)}")
    if len(problems) > _SHOWN:
        console.say(f"And {len(problems) - _SHOWN:,} more: 'takedown batch status --all' lists them.")
    if any(problem["state"] == "nothing" for problem in problems):
        console.say("If there is more for a caller, put it into their folder and run the manifest with --add-new.")


def _most_first(reasons: dict[str, int]) -> list[tuple[str, int]]:
    return sorted(reasons.items(), key=lambda one: (-one[1], one[0]))


def _in_words(problem: BatchProblemRow) -> str:
    """What became of it, and how many files are not protected for which reason; not all of them may be pictures."""
    ended = _NO_CASE if problem["state"] == "nothing" else f"{STATES[State(problem['state'])].capitalize()}."
    reasons = ", ".join(counted_reason(count, reason) for reason, count in _most_first(problem["reasons"]))
    return sanitise(problem["sentence"] or ended) + (f" Not or not fully protected: {reasons}." if reasons else "")


def say_grown(grown: tuple[Grown, ...]) -> None:
    """Of whom there is more in the folder than was sent, so that it is not taken for sent."""
    for one in grown[:_SHOWN]:
        console.say(f"Row {one.row} (item {one.item}): files that are new since its case was closed: {one.files:,}.")
    if len(grown) > _SHOWN:
        console.say(f"And {len(grown) - _SHOWN:,} more rows with new files.")
    if grown:
        console.say(
            "They are not sent. If they are of the same caller, run it again with --add-new: they are added to the "
            "same case. If they are another's, give them a folder and a row of their own."
        )


def say_torn() -> None:
    """That the ledger had lost its end when it was opened, until a run has asked the intakes about it."""
    console.say(
        "The last entry of the ledger was lost: it is not whole, as after a power cut. If there was none, somebody may "
        "have changed the file: compare it with your last copy. 'takedown batch resume' asks the intake what it has."
    )


def say_reconciled(found: int) -> None:
    console.say(
        "The last entry of the ledger had been lost, so the intake was asked about every case that is open. It has "
        f"something of {found:,} more than the ledger knew; what is missing is added to them."
    )


def say_carried_out(done: CarriedOut) -> None:
    """What became of withdrawals that were begun before, if there were any."""
    if done.complete:
        console.say(f"Taken back as was asked before: {done.complete:,} cases.")
    if done.waiting:
        console.say(
            f"Being taken back: {done.waiting:,} cases, of which something may yet arrive. They are asked again."
        )


# --------------------------------------------------------------------------------------------------------- the cases


def case_row(entry: Entry, *, changed: bool, references: bool) -> BatchCaseRow:
    row: BatchCaseRow = {
        "item": entry.item,
        "changed": changed,
        "leaving": entry.leaving is not None,
        "state": entry.state.value,
        "items": entry.items,
        "unprotected": entry.unprotected,
        "sentence": entry.reason,
        "sent": entry.sent,
        "expires": entry.expires,
        "answers": [
            BatchAnswerRow(platform=answer.platform, state=answer.state, items=answer.items, day=answer.day)
            for answer in entry.case().answers
        ],
    }
    if references:
        row["reference"] = entry.reference
    return row


def table(rows: Iterable[BatchCaseRow]) -> list[str]:
    """One line for each case, and one more for each answer beyond the first; at most 80 columns but for names."""
    lines = [f"{'item':>6}  {'state':<9}  {'sent':<10}  {'files':>5}  answers"]
    for row in rows:
        first = row["leaving"] or not row["answers"]
        said = [sanitise(row["sentence"], limit=200)] if row["sentence"] and first else []
        if row["unprotected"]:
            said.append(f"{counted(row['unprotected'], 'file')} not protected")
        answers = [*said, *map(_answer_in_words, row["answers"])] or [""]
        head = f"{row['item']:>6}  {row['state']:<9}  {row['sent'] or '':<10}  {row['items']:>5}  "
        lines.append((head + answers[0]).rstrip())
        lines += [" " * len(head) + answer for answer in answers[1:]]
        if "reference" in row:
            lines.append(" " * 8 + sanitise(row["reference"], limit=200))
    return lines


def _answer_in_words(answer: BatchAnswerRow) -> str:
    return f"{sanitise(answer['platform'])}: {answer['items']} {answer['state']} ({answer['day']})"
