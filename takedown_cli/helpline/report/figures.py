"""The figures of a caseload: how many cases, what became of them, what platforms said, how soon one was blocked.

It guarantees that every published number passes ``suppression``, also against the other tables of the same report.
It must never hold a reference, a number or a day of a single case.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from takedown_cli.helpline.nouns import Case, State
from takedown_cli.helpline.report.suppression import Table, nothing, pooled, table

Period = Literal["week", "month", "quarter", "year"]

REACHED: Final = "With the intake"
BLOCKED: Final = "Blocked"
NO_ANSWER: Final = "No answer yet"
OTHERS: Final = "Others"
_OUTCOMES: Final = (
    REACHED,
    "Not sent yet",
    "Nothing to protect",
    "Failed",
    "Refused by the intake",
    "Taken back before",
)
_UNSENT: Final = {
    State.WAITING: "Not sent yet", State.READY: "Not sent yet", State.SENT: "Not sent yet",
    State.NOTHING: "Nothing to protect", State.FAILED: "Failed", State.REFUSED: "Refused by the intake",
    State.WITHDRAWN: "Taken back before",
}  # fmt: skip
_AGES: Final = {"under-18": "Under 18", "adult": "18 or over", "unsure": "Not sure"}
_BEHALF: Final = {
    ("self", None): "The caller", ("child", "parent-or-guardian"): "Child, by parent or guardian",
    ("child", "law"): "Child, by law", ("child", "permission"): "Child, by permission",
    ("other", "permission"): "Another, by permission", ("other", "parent-or-guardian"): "Another, by guardian",
    ("other", "law"): "Another, by law",
}  # fmt: skip
#: What a platform said, the most telling first: a case counts once for each platform.
ANSWERS: Final = {
    "blocked": BLOCKED, "not-blocked": "Not blocked", "under-review": "Under review", "seen": "Seen",
}  # fmt: skip
#: Days from arrival to the first block, up to and with the number.
_SPANS: Final = ((1, "0–1 days"), (3, "2–3 days"), (7, "4–7 days"), (14, "8–14 days"), (30, "15–30 days"))
_LATER: Final = "Over 30 days"


@dataclass(frozen=True, slots=True)
class Report:
    """Tables of cases. All but ``outcomes`` are about those that reached the intake; ``items`` counts their pictures
    and videos, None when one case outweighs the others or too few are in it. All are multiples of ``base``."""

    day: str
    threshold: int
    period: Period
    outcomes: Table
    listed: Table
    over_time: Table
    ages: Table
    behalf: Table
    languages: Table
    blocked: Table
    first_block: Table
    platforms: tuple[Table, ...]
    items: int | None
    base: int = 1

    @property
    def tables(self) -> tuple[Table, ...]:
        return (
            self.outcomes, self.listed, self.over_time, self.ages, self.behalf, self.languages, self.blocked,
            self.first_block, *self.platforms,
        )  # fmt: skip


def figures(cases: Iterable[Case], *, day: str, threshold: int, period: Period = "month") -> Report:
    """The report over these cases as of ``day``; see ``suppression.THRESHOLD`` for what is usual."""
    every = list(cases)
    reached = [case for case in every if case.sent is not None]
    outcome = Counter(REACHED if case.sent is not None else _UNSENT[case.state] for case in every)
    outcomes = table("outcomes", "What became of the cases", _all(_OUTCOMES, outcome), threshold)
    # Every further table is a partition of the cases with the intake: were their number withheld, it would tell it.
    open_ = outcomes.published(REACHED) is not None and outcomes.total is not None

    def of_reached(id_: str, title: str, counts: Mapping[str, int]) -> Table:
        return table(id_, title, counts, threshold) if open_ else nothing(id_, title, counts)

    withdrawn = sum(case.state is State.WITHDRAWN for case in reached)
    listed = {"Listed for the platforms": len(reached) - withdrawn, "Taken back": withdrawn}
    ages = _all(_AGES.values(), Counter(_AGES[case.age] for case in reached))
    languages = dict(sorted(Counter(case.language for case in reached).items()))
    # Where a label is there only because a case has it, the label itself tells something.
    seen = reached if open_ else []
    named, rare = _answers(seen, threshold)
    platforms = tuple(
        of_reached(f"platform-{number}", name, counts) for number, (name, counts) in enumerate([*named, *rare], start=1)
    )
    of_age = of_reached("ages", "Age when it was taken", ages)
    behalf = of_reached("behalf", "Whom it shows, and who may act", _for_whom(reached))
    if of_age.published(_AGES["adult"]) is not None and 0 < sum(map(_is_minor_alone, reached)) < threshold:
        behalf = nothing(behalf.id, behalf.title, {})
    blocked, first = _blocks(reached, platforms, threshold, open_=open_)
    return Report(
        day=day, threshold=threshold, period=period, outcomes=outcomes,
        listed=of_reached("listed", "Cases with the intake", listed),
        over_time=of_reached("over-time", "Cases over time", _over_time(seen, period)),
        ages=of_age, behalf=pooled(behalf, OTHERS),
        languages=pooled(of_reached("languages", "Language of the slip", languages), OTHERS),
        blocked=blocked, first_block=first, platforms=platforms[: len(named)],
        items=_items(reached, threshold) if open_ else None,
    )  # fmt: skip


def _all(labels: Iterable[str], counts: Counter[str]) -> dict[str, int]:
    return {label: counts[label] for label in labels}


def _for_whom(cases: Iterable[Case]) -> dict[str, int]:
    counts = Counter(_BEHALF[case.behalf, case.authority] for case in cases)
    return {label: counts[label] for label in _BEHALF.values() if counts[label]}


def _is_minor_alone(case: Case) -> bool:
    """Whether somebody who was, or may have been, under 18 is spoken for by no parent or guardian.

    Nobody acts for an adult as for a child. So those who were not adults, less the children, are these people: the
    difference of two tables.
    """
    return case.age != "adult" and case.behalf != "child" and case.authority != "parent-or-guardian"


def _items(cases: Sequence[Case], threshold: int) -> int | None:
    """A sum gives away its largest part, unless the rest outweighs that."""
    items = sorted(case.items for case in cases)
    if threshold > 1 and (len(items) < threshold or 2 * items[-1] > sum(items)):
        return None
    return sum(items)


# ---------------------------------------------------------------------------------------------------------- over time


def _over_time(cases: Iterable[Case], period: Period) -> dict[str, int]:
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
    """Every label from the first day to the last, also those without a case."""
    low, high = date.fromisoformat(first).toordinal(), date.fromisoformat(last).toordinal()
    return list(dict.fromkeys(_label(date.fromordinal(day), period) for day in range(low, high + 1)))


# ------------------------------------------------------------------------------------------------------------- answers


_Answered = list[tuple[str, dict[str, int]]]


def _answers(cases: Sequence[Case], threshold: int) -> tuple[_Answered, _Answered]:
    """For each platform, by name: how many cases it gave which answer, the most telling one of each case.

    Apart from them are those that answered to fewer than ``threshold`` cases, whose very names tell of somebody.
    """
    ranks = {state: rank for rank, state in enumerate(ANSWERS)}
    best: dict[str, Counter[str]] = {}
    for case in cases:
        said: dict[str, str] = {}
        for answer in case.answers:
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


def _blocks(cases: Sequence[Case], platforms: Sequence[Table], threshold: int, *, open_: bool) -> tuple[Table, Table]:
    """How many cases were blocked somewhere, and of these, after how many days for the first time."""
    spans = Counter(span for span in map(_span, cases) if span is not None)
    times = {label: spans[label] for label in (*(label for _, label in _SPANS), _LATER)}
    any_ = spans.total()
    counts = {"Blocked somewhere": any_, "Not blocked so far": len(cases) - any_}
    titles = ("blocked", "Blocked by a platform"), ("first-block", "Time to the first block")
    blocked = table(*titles[0], counts, threshold)
    # Beside what each platform blocked, the number of those blocked anywhere tells how many were blocked elsewhere
    # only, and, where every platform's is known, how many were blocked more than once.
    there = [each.published(BLOCKED) for each in platforms]
    derived = [any_ - count for count in there if count is not None]
    derived.append(0 if None in there else sum(count or 0 for count in there) - any_)
    small = any(0 < count < threshold for count in derived)
    if not open_ or small or blocked.published("Blocked somewhere") is None:
        return nothing(*titles[0], counts), nothing(*titles[1], times)
    return blocked, table(*titles[1], times, threshold)


def _span(case: Case) -> str | None:
    days = [answer.day for answer in case.answers if answer.state == "blocked"]
    if not days or case.sent is None:
        return None
    waited = (date.fromisoformat(min(days)) - date.fromisoformat(case.sent)).days
    return next((label for limit, label in _SPANS if waited <= limit), _LATER)
