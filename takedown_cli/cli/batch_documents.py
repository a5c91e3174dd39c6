"""The shapes of what ``takedown batch`` prints with ``--json``: a caseload by item numbers, never by reference.

It guarantees that a field once there keeps its name and meaning; a change of meaning needs a new ``version``.
It must never have a field for a case number, a path or a hash.
"""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

StateName = Literal["waiting", "ready", "sent", "nothing", "failed", "refused", "withdrawn"]


class BatchRunReport(TypedDict):
    """``takedown batch run --json`` and ``resume --json``: the whole ledger afterwards, in counts.

    ``callers`` is the sum of ``states``; ``cases`` are the callers of whom the intake has taken something.
    ``worked_on`` counts this run's callers, ``elsewhere`` those on whom another run works now; ``problems`` are this
    run's; ``grown`` are the manifest's rows whose case is closed, and whose folder has files that are new since.
    """

    schema: Literal["takedown.batch.run"]
    version: Literal[1]
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


class BatchGrownRow(TypedDict):
    """A caller in whose folder there are ``files`` that are not sent; ``--add-new`` adds them to the case."""

    row: int
    item: int
    files: int


class BatchProblemRow(TypedDict):
    """A caller who needs a person. ``reasons`` counts the unprotected files by reason id (``docs/reference``)."""

    item: int
    state: StateName
    sentence: str | None
    unprotected: int
    reasons: dict[str, int]


class BatchPlanReport(TypedDict):
    """``takedown batch run --dry-run --json``: what the manifest holds, once it has no fault."""

    schema: Literal["takedown.batch.plan"]
    version: Literal[1]
    callers: int
    folders: int
    bundles: int
    intakes: list[str]


class BatchStatusReport(TypedDict):
    """``takedown batch status --json``: every case, those with something new first.

    ``asked`` counts the cases an intake was asked about; ``complete`` is false when an intake went away meanwhile.
    """

    schema: Literal["takedown.batch.status"]
    version: Literal[1]
    asked: int
    complete: bool
    states: dict[str, int]
    cases: list[BatchCaseRow]


class BatchCaseRow(TypedDict):
    """One case. ``changed`` since the cases were last shown; ``leaving`` while it is being taken back; ``reference``
    only with ``--show-references``."""

    item: int
    reference: NotRequired[str]
    changed: bool
    leaving: bool
    state: StateName
    items: int
    unprotected: int
    sentence: str | None
    sent: str | None
    expires: str | None
    answers: list[BatchAnswerRow]


class BatchAnswerRow(TypedDict):
    """What one platform said about how many items, and the day on which that was first met."""

    platform: str
    state: Literal["seen", "under-review", "blocked", "not-blocked"]
    items: int
    day: str


class BatchHandoverNote(TypedDict):
    """``takedown batch handover --json`` and the file of ``-o``: the note for the next shift.

    ``open`` are the cases that somebody has to look after, ``changed`` those with something new since the last note;
    ``clock`` counts what had happened until then; ``seal`` is 64 hexadecimal digits by which ``--verify`` knows it.
    """

    schema: Literal["takedown.batch.handover"]
    version: Literal[1]
    day: str
    operator: str
    cases: int
    states: dict[str, int]
    open: list[BatchNoteRow]
    changed: list[BatchNoteRow]
    clock: int
    seal: str


class BatchNoteRow(TypedDict):
    """One case in a note: ``last`` is the last thing that was done, by whom, on which day."""

    item: int
    state: StateName
    items: int
    unprotected: int
    reason: str | None
    last: str
    day: str
    operator: str


class BatchVerifyReport(TypedDict):
    """``takedown batch handover --verify --json``: the note is whole; what changed since it was made, by item."""

    schema: Literal["takedown.batch.verify"]
    version: Literal[1]
    day: str
    operator: str
    changed_since: list[int]


class BatchForgetReport(TypedDict):
    """``takedown batch forget --json``. ``still_at_the_intake`` counts those that were not withdrawn there."""

    schema: Literal["takedown.batch.forget"]
    version: Literal[1]
    forgotten: int
    still_at_the_intake: int


class BatchWithdrawReport(TypedDict):
    """``takedown batch withdraw --json``. ``contacted`` is false when the intake had nothing of the case; ``again`` is
    the day from which nothing of it that was on its way can arrive any more, null when there is no such thing.
    ``maybe_sent``: a bundle made elsewhere is not sent any more, but a run that was cut off may have sent it."""

    schema: Literal["takedown.batch.withdraw"]
    version: Literal[1]
    item: int
    contacted: bool
    withdrawn: int
    again: str | None
    maybe_sent: bool
