"""The figures of a caseload: the number of cases, their outcomes, the platforms' answers, the time to a block.

Small numbers are withheld, also if only two tables together would reveal them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, Literal

from takedown_cli.helpline.case import CaseState
from takedown_cli.helpline.ledger.entry import Entry
from takedown_cli.helpline.report.suppression import (
    FiguresCell,
    FiguresTable,
    pool_withheld,
    suppress_table,
    withhold_table,
)

Period = Literal["week", "month", "quarter", "year"]

REACHED: Final = "At the intake"
BLOCKED: Final = "Blocked"
NO_ANSWER: Final = "No answer yet"
OTHERS: Final = "Others"
_OUTCOMES: Final = (
    REACHED,
    "Not sent yet",
    "Nothing to protect",
    "Failed",
    "Refused by the intake",
    "Withdrawn before",
)
_UNSENT: Final = {
    CaseState.WAITING: "Not sent yet", CaseState.READY: "Not sent yet", CaseState.SENT: "Not sent yet",
    CaseState.NOTHING: "Nothing to protect", CaseState.FAILED: "Failed", CaseState.REFUSED: "Refused by the intake",
    CaseState.WITHDRAWN: "Withdrawn before",
}  # fmt: skip
_AGES: Final = {"under-18": "Under 18", "adult": "18 or over", "unsure": "Not sure"}
_BEHALF: Final = {
    ("self", None): "The caller", ("child", "parent-or-guardian"): "Child, by parent or guardian",
    ("child", "law"): "Child, by law", ("child", "permission"): "Child, by permission",
    ("other", "permission"): "Another, by permission", ("other", "parent-or-guardian"): "Another, by guardian",
    ("other", "law"): "Another, by law",
}  # fmt: skip
#: The platforms' answers, the strongest first. A case counts once for each platform.
ANSWERS: Final = {
    "blocked": BLOCKED, "not-blocked": "Not blocked", "under-review": "Under review", "seen": "Seen",
}  # fmt: skip
#: Days from arrival to the first block, up to and with the number.
_SPANS: Final = ((1, "0–1 days"), (3, "2–3 days"), (7, "4–7 days"), (14, "8–14 days"), (30, "15–30 days"))
_LATER: Final = "Over 30 days"


@dataclass(frozen=True, slots=True)
class Report:
    """Tables of cases. All except ``outcomes`` are about cases that reached the intake.

    ``items`` counts their pictures and videos. It is None if there are too few, or if one case outweighs the others.
    All numbers are multiples of ``base``.
    """

    day: str
    threshold: int
    period: Period
    outcomes: FiguresTable
    listed: FiguresTable
    over_time: FiguresTable
    ages: FiguresTable
    behalf: FiguresTable
    languages: FiguresTable
    blocked: FiguresTable
    first_block: FiguresTable
    platforms: tuple[FiguresTable, ...]
    items: int | None
    base: int = 1

    @property
    def tables(self) -> tuple[FiguresTable, ...]:
        return (*(getattr(self, name) for name in _TABLES), *self.platforms)


def make_report(cases: Iterable[Entry], *, day: str, threshold: int, period: Period = "month") -> Report:
    """Return the report over these cases as of ``day``. ``threshold`` is the smallest number that is shown."""
    every = list(cases)
    reached = [case for case in every if case.sent is not None]
    outcome = Counter(REACHED if case.sent is not None else _UNSENT[case.state] for case in every)
    outcomes = suppress_table("outcomes", "What became of the cases", _all(_OUTCOMES, outcome), threshold)
    # Every further table is a partition of the cases at the intake: its total would reveal a withheld number.
    open_ = outcomes.published(REACHED) is not None and outcomes.total is not None

    def of_reached(id_: str, title: str, counts: Mapping[str, int]) -> FiguresTable:
        return suppress_table(id_, title, counts, threshold) if open_ else withhold_table(id_, title, counts)

    withdrawn = sum(case.state is CaseState.WITHDRAWN for case in reached)
    listed = {"Listed for the platforms": len(reached) - withdrawn, "Withdrawn": withdrawn}
    ages = _all(_AGES.values(), Counter(_AGES[case.age] for case in reached))
    languages = dict(sorted(Counter(case.language for case in reached).items()))
    # Where a label is there only because a case has it, the label itself reveals something.
    seen = reached if open_ else []
    named, rare = _answers(seen, threshold)
    platforms = tuple(
        of_reached(f"platform-{number}", name, counts) for number, (name, counts) in enumerate([*named, *rare], start=1)
    )
    of_age = of_reached("ages", "Age when it was taken", ages)
    behalf = of_reached("behalf", "Person shown, and who may act", _for_whom(reached))
    if of_age.published(_AGES["adult"]) is not None and 0 < sum(map(_is_minor_alone, reached)) < threshold:
        behalf = withhold_table(behalf.id, behalf.title, {})
    blocked, first = _blocks(reached, platforms, threshold, open_=open_)
    return Report(
        day=day, threshold=threshold, period=period, outcomes=outcomes,
        listed=of_reached("listed", "Cases at the intake", listed),
        over_time=of_reached("over-time", "Cases over time", _over_time(seen, period)),
        ages=of_age, behalf=pool_withheld(behalf, OTHERS),
        languages=pool_withheld(of_reached("languages", "Language of the slip", languages), OTHERS),
        blocked=blocked, first_block=first, platforms=platforms[: len(named)],
        items=_items(reached, threshold) if open_ else None,
    )  # fmt: skip


def _all(labels: Iterable[str], counts: Counter[str]) -> dict[str, int]:
    return {label: counts[label] for label in labels}


def _for_whom(cases: Iterable[Entry]) -> dict[str, int]:
    counts = Counter(_BEHALF[case.behalf, case.authority] for case in cases)
    return {label: counts[label] for label in _BEHALF.values() if counts[label]}


def _is_minor_alone(case: Entry) -> bool:
    """Return whether the person was, or may have been, under 18 and no parent or guardian acts for them.

    Nobody acts for an adult as for a child. So these people are the non-adults minus the children: the difference of
    two tables would reveal their number.
    """
    return case.age != "adult" and case.behalf != "child" and case.authority != "parent-or-guardian"


def _items(cases: Sequence[Entry], threshold: int) -> int | None:
    """Return the sum, unless its largest part outweighs the rest and could be guessed from it."""
    items = sorted(case.items for case in cases)
    if threshold > 1 and (len(items) < threshold or 2 * items[-1] > sum(items)):
        return None
    return sum(items)


# ---------------------------------------------------------------------------------------------------------- over time


def _over_time(cases: Iterable[Entry], period: Period) -> dict[str, int]:
    counts = Counter(_label(date.fromisoformat(case.sent), period) for case in cases if case.sent is not None)
    if not counts:
        return {}
    days = sorted(case.sent for case in cases if case.sent is not None)
    return {label: counts[label] for label in _labels(days[0], days[-1], period)}


def _label(day: date, period: Period) -> str:
    if period == "week":
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02}"
    if period == "quarter":
        return f"{day.year}-Q{(day.month + 2) // 3}"
    return f"{day.year}" if period == "year" else f"{day.year}-{day.month:02}"


def _labels(first: str, last: str, period: Period) -> list[str]:
    """Return every label from the first day to the last, also those without a case."""
    low, high = date.fromisoformat(first).toordinal(), date.fromisoformat(last).toordinal()
    return list(dict.fromkeys(_label(date.fromordinal(day), period) for day in range(low, high + 1)))


# ------------------------------------------------------------------------------------------------------------- answers


_Answered = list[tuple[str, dict[str, int]]]


def _answers(cases: Sequence[Entry], threshold: int) -> tuple[_Answered, _Answered]:
    """Return for each platform, by name, how many cases got which answer; a case counts by its strongest answer.

    The second list has platforms that answered to fewer than ``threshold`` cases: their names alone could identify a
    case.
    """
    ranks = {state: rank for rank, state in enumerate(ANSWERS)}
    best: dict[str, Counter[str]] = {}
    for case in cases:
        said: dict[str, str] = {}
        for answer in case.platform_answers:
            known = said.get(answer.platform)
            if known is None or ranks[answer.state] < ranks[known]:
                said[answer.platform] = answer.state
        for platform, state in said.items():
            best.setdefault(platform, Counter())[ANSWERS[state]] += 1
    named: _Answered = []
    rare: _Answered = []
    for name, counts in sorted(best.items()):
        full = {**_all(ANSWERS.values(), counts), NO_ANSWER: len(cases) - counts.total()}
        (named if counts.total() >= threshold else rare).append((name, full))
    return named, rare


def _blocks(
    cases: Sequence[Entry], platforms: Sequence[FiguresTable], threshold: int, *, open_: bool
) -> tuple[FiguresTable, FiguresTable]:
    """Return how many cases were blocked somewhere, and after how many days for the first time."""
    spans = Counter(span for span in map(_span, cases) if span is not None)
    times = {label: spans[label] for label in (*(label for _, label in _SPANS), _LATER)}
    any_ = spans.total()
    counts = {"Blocked somewhere": any_, "Not blocked so far": len(cases) - any_}
    titles = ("blocked", "Blocked by a platform"), ("first-block", "Time to the first block")
    blocked = suppress_table(*titles[0], counts, threshold)
    # Beside what each platform blocked, the number blocked anywhere reveals how many were blocked elsewhere only, and
    # how many were blocked more than once, at least: there may be platforms whose number is not shown.
    there = [count for each in platforms if (count := each.published(BLOCKED)) is not None]
    derived = [*(any_ - count for count in there), sum(there) - any_]
    small = any(0 < count < threshold for count in derived)
    if not open_ or small or blocked.published("Blocked somewhere") is None:
        return withhold_table(*titles[0], counts), withhold_table(*titles[1], times)
    return blocked, suppress_table(*titles[1], times, threshold)


def _span(case: Entry) -> str | None:
    days = [answer.day for answer in case.platform_answers if answer.state == "blocked"]
    if not days or case.sent is None:
        return None
    waited = (date.fromisoformat(min(days)) - date.fromisoformat(case.sent)).days
    return next((label for limit, label in _SPANS if waited <= limit), _LATER)


# ------------------------------------------------------------------------------------------------------------ rounding

#: The base for a report that is published.
BASE: Final = 5
_TABLES: Final = ("outcomes", "listed", "over_time", "ages", "behalf", "languages", "blocked", "first_block")


def round_report(report: Report, base: int) -> Report:
    """Return the report in multiples of ``base`` (1 or more; 1 changes nothing), each number rounded by itself.

    The difference of two reports then says nothing about one case. Withhold small numbers first: after rounding they
    are not small any more. Source: conventional rounding of frequency tables (Hundepool et al., Handbook on Statistical
    Disclosure Control, second edition, section 4.4).
    """
    if base == 1:
        return report

    def nearest(count: int) -> int:
        return (2 * count + base) // (2 * base) * base

    def round_table(table: FiguresTable) -> FiguresTable:
        cells = tuple(FiguresCell(c.label, None if c.count is None else nearest(c.count)) for c in table.cells)
        total = None if table.total is None else nearest(table.total)
        return replace(table, cells=cells, total=total, withheld=nearest(table.withheld))

    tables: dict[str, Any] = {name: round_table(getattr(report, name)) for name in _TABLES}
    platforms = tuple(round_table(each) for each in report.platforms)
    items = None if report.items is None else nearest(report.items)
    return replace(report, base=base, items=items, platforms=platforms, **tables)
