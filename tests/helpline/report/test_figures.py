"""The report's figures: they are right, and no small number can be read off or reckoned from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from takedown_cli.helpline.case import CaseState, PlatformAnswer
from takedown_cli.helpline.report.figures import BLOCKED, NO_ANSWER, OTHERS, REACHED, Report, make_report, round_report
from takedown_cli.helpline.report.html_report import report_as_html
from takedown_cli.helpline.report.suppression import FiguresTable, pool_withheld, suppress_table
from tests.helpline.made_up_cases import case, caseload

DAY = "2026-06-01"


def counts(found: FiguresTable) -> dict[str, int | None]:
    return {cell.label: cell.count for cell in found.cells}


# -------------------------------------------------------------------------------------------------------- suppression


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ({"a": 5, "b": 9}, {"a": 5, "b": 9}),
        ({"a": 0, "b": 9}, {"a": 0, "b": 9}),
        ({"a": 4, "b": 9}, {"a": None, "b": None}),
        ({"a": 4, "b": 9, "c": 7}, {"a": None, "b": 9, "c": None}),
        ({"a": 4, "b": 9, "c": 0}, {"a": None, "b": None, "c": 0}),
        ({"a": 1, "b": 1, "c": 6, "d": 9}, {"a": None, "b": None, "c": None, "d": 9}),
        ({"a": 3, "b": 2, "c": 6}, {"a": None, "b": None, "c": 6}),
        ({"a": 1, "b": 2}, {"a": None, "b": None}),
        ({"a": 0}, {"a": 0}),
        ({}, {}),
    ],
)
def test_small_cells_go_and_others_with_them(given_: dict[str, int], expected: dict[str, int | None]) -> None:
    assert counts(suppress_table("t", "T", given_, 5)) == expected


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 30)), st.integers(2, 12))
@settings(max_examples=500)
def test_nothing_small_can_be_reckoned_from_a_table(given_: Mapping[str, int], threshold: int) -> None:
    found = suppress_table("t", "T", given_, threshold)
    withheld = [cell for cell in found.cells if cell.count is None]
    if found.total is None:
        assert len(withheld) == len(found.cells)
        assert sum(given_.values()) < threshold
        return
    shown = sum(cell.count for cell in found.cells if cell.count is not None)
    assert all(cell.count == 0 or cell.count >= threshold for cell in found.cells if cell.count is not None)
    assert found.total - shown == found.withheld == sum(given_[cell.label] for cell in withheld)
    assert len(withheld) != 1
    assert not withheld or found.withheld >= threshold
    for each in withheld:  # whoever knows all but one of them cannot tell it from the total: another value fits as well
        others = found.withheld - given_[each.label]
        assert others >= 1


def test_labels_that_tell_something_are_pooled() -> None:
    found = pool_withheld(suppress_table("t", "T", {"en": 40, "tlh": 1, "vo": 4}, 5), OTHERS)
    assert counts(found) == {"en": 40, OTHERS: 5}
    assert pool_withheld(suppress_table("t", "T", {"tlh": 1}, 5), OTHERS).cells == ()


# ------------------------------------------------------------------------------------------------------------- figures


def test_the_figures_are_right() -> None:
    blocked = (PlatformAnswer("A", "blocked", 2, "2026-03-03"), PlatformAnswer("A", "seen", 1, "2026-03-01"))
    cases = [
        *(case(n, answers=blocked) for n in range(10)),
        *(case(n, answers=(PlatformAnswer("A", "under-review", 1, "2026-03-09"),)) for n in range(10, 16)),
        *(case(n, sent="2026-05-31", age="adult", language="de") for n in range(16, 22)),
        *(case(n, state=CaseState.WITHDRAWN, sent="2026-05-01", behalf="self", authority=None) for n in range(22, 28)),
        *(case(n, state=CaseState.NOTHING, sent=None, items=0) for n in range(28, 33)),
        *(case(n, state=CaseState.READY, sent=None, items=0) for n in range(33, 40)),
    ]
    found = make_report(cases, day=DAY, threshold=5)
    assert found.outcomes.total == 40
    assert {label: count for label, count in counts(found.outcomes).items() if count} == {
        REACHED: 28, "Not sent yet": 7, "Nothing to protect": 5,
    }  # fmt: skip
    assert counts(found.listed) == {"Listed for the platforms": 22, "Withdrawn": 6}
    assert counts(found.over_time) == {"2026-03": 16, "2026-04": 0, "2026-05": 12}
    assert counts(found.ages) == {"Under 18": 22, "18 or over": 6, "Not sure": 0}
    assert counts(found.behalf) == {"The caller": 6, "Another, by permission": 22}
    assert counts(found.languages) == {"de": 6, "en": 22}
    [platform] = found.platforms
    assert platform.title == "A"
    assert counts(platform) == {BLOCKED: 10, "Not blocked": 0, "Under review": 6, "Seen": 0, NO_ANSWER: 12}
    assert counts(found.blocked) == {"Blocked somewhere": 10, "Not blocked so far": 18}
    assert counts(found.first_block)["2–3 days"] == 10
    assert found.items == 28 * 3


@pytest.mark.parametrize(
    ("period", "labels"),
    [
        ("week", ["2026-W52", "2026-W53", "2027-W01"]), ("month", ["2026-12", "2027-01"]),
        ("quarter", ["2026-Q4", "2027-Q1"]), ("year", ["2026", "2027"]),
    ],
)  # fmt: skip
def test_periods_are_those_of_the_calendar(period: str, labels: list[str]) -> None:
    cases = [case(n, sent=day) for n, day in enumerate(["2026-12-27", "2027-01-04"] * 6)]
    found = make_report(cases, day=DAY, threshold=5, period=period)  # type: ignore[arg-type]
    assert [cell.label for cell in found.over_time.cells] == labels


def test_too_few_cases_give_no_figure_and_no_label_at_all() -> None:
    cases = [
        case(n, language="tr", answers=(PlatformAnswer("Rare Site", "blocked", 1, "2026-03-02"),)) for n in range(4)
    ]
    found = make_report(
        [*cases, *(case(n, state=CaseState.FAILED, sent=None) for n in range(4, 40))], day=DAY, threshold=5
    )
    assert all(cell.count is None for each in found.tables[1:] for cell in each.cells)
    assert found.items is None
    assert found.platforms == ()
    assert "tr" not in str(found)
    assert "2026-03" not in str(found)


def test_a_platform_that_answered_to_few_is_not_named() -> None:
    by_a, rare = (
        PlatformAnswer("Site", "seen", 1, "2026-03-02"),
        PlatformAnswer("Rare Site", "blocked", 1, "2026-03-02"),
    )
    cases = [case(n, answers=(by_a,)) for n in range(20)]
    found = make_report([*cases, *(case(n, answers=(by_a, rare)) for n in range(20, 24))], day=DAY, threshold=5)
    assert [(each.id, each.title) for each in found.platforms] == [("platform-1", "Site")]
    found = make_report([*cases, *(case(n, answers=(by_a, rare)) for n in range(20, 25))], day=DAY, threshold=5)
    assert [(each.id, each.title) for each in found.platforms] == [("platform-1", "Rare Site"), ("platform-2", "Site")]


def test_a_difference_does_not_reveal_who_was_blocked_elsewhere_only() -> None:
    by_a = (PlatformAnswer("A", "blocked", 1, "2026-03-02"),)
    by_b = (PlatformAnswer("B", "blocked", 1, "2026-03-02"),)
    cases = [*(case(n, answers=by_a) for n in range(20)), *(case(n) for n in range(20, 40))]
    assert make_report(cases, day=DAY, threshold=5).blocked.published("Blocked somewhere") == 20
    cases += [case(40, answers=by_b), case(41, answers=by_b)]
    found = make_report(cases, day=DAY, threshold=5)
    assert found.platforms[0].published(BLOCKED) == 20
    assert found.blocked.total is None
    assert found.first_block.total is None


def test_a_sum_does_not_reveal_who_was_blocked_twice() -> None:
    by_a, by_b = PlatformAnswer("A", "blocked", 1, "2026-03-02"), PlatformAnswer("B", "blocked", 1, "2026-03-02")
    cases = [*(case(n, answers=(by_a,)) for n in range(20)), *(case(n, answers=(by_b,)) for n in range(20, 40))]
    cases += [case(n) for n in range(40, 60)]
    assert make_report(cases, day=DAY, threshold=5).blocked.published("Blocked somewhere") == 40
    found = make_report([*cases, case(60, answers=(by_a, by_b))], day=DAY, threshold=5)
    assert [each.published(BLOCKED) for each in found.platforms] == [21, 21]
    assert found.blocked.total is None


def test_the_difference_of_two_tables_does_not_reveal_minors_who_came_alone() -> None:
    """Children are no adults: who was under 18, less the children, are those for whom no parent spoke."""
    cases = [
        *(case(n, behalf="child", authority="parent-or-guardian") for n in range(20)),
        *(case(n, age="adult", behalf="self", authority=None) for n in range(20, 40)),
    ]
    assert counts(make_report(cases, day=DAY, threshold=5).behalf) == {
        "The caller": 20,
        "Child, by parent or guardian": 20,
    }
    cases += [case(n, behalf="self", authority=None) for n in (40, 41)]
    found = make_report(cases, day=DAY, threshold=5)
    assert counts(found.ages) == {"Under 18": 22, "18 or over": 20, "Not sure": 0}
    assert found.behalf.cells == ()
    assert found.behalf.total is None


def test_one_large_case_is_not_the_sum() -> None:
    few = [case(n) for n in range(20)]
    assert make_report([*few, case(20, items=5000)], day=DAY, threshold=5).items is None
    assert make_report(few, day=DAY, threshold=5).items == 60


def _numbers(report: Report) -> list[tuple[int, list[int]]]:
    """Each table's total with its published parts."""
    return [
        (each.total, [cell.count for cell in each.cells if cell.count is not None])
        for each in report.tables
        if each.total is not None
    ]


@given(st.integers(0, 90), st.integers(0, 10_000), st.integers(2, 9))
@example(25, 333, 3)  # a platform that is not listed has blocked none
@settings(max_examples=60, deadline=None)
def test_no_caseload_gives_a_small_number_away(size: int, seed: int, threshold: int) -> None:
    found = make_report(caseload(size, seed), day=DAY, threshold=threshold)
    for total, parts in _numbers(found):
        for number in (total, *parts, total - sum(parts)):
            assert number == 0 or number >= threshold
    somewhere = found.blocked.published("Blocked somewhere")
    reached = found.outcomes.published(REACHED)
    for each in found.platforms:
        there = each.published(BLOCKED)
        if somewhere is not None and there is not None:
            assert somewhere == there or somewhere - there >= threshold
    blocks = [each.published(BLOCKED) for each in found.platforms]
    if somewhere is not None and None not in blocks:
        more_than_once = sum(count or 0 for count in blocks) - somewhere
        # Below 0, a platform that is not listed has blocked some of them, so this is no number of cases.
        assert more_than_once <= 0 or more_than_once >= threshold
    if reached is None:
        assert all(each.total is None for each in found.tables[1:])


def test_a_threshold_of_one_withholds_nothing() -> None:
    found = make_report(caseload(30), day=DAY, threshold=1)
    assert all(cell.count is not None for each in found.tables for cell in each.cells)


def test_the_difference_of_two_rounded_reports_is_a_multiple_too() -> None:
    """One more case each time; in the exact reports the difference is that case, with all that it has."""
    every = caseload(400)
    exact, coarse, still = 0, set(), 0
    for count in range(300, 400):
        two = [make_report(every[:n], day="2026-06-01", threshold=5) for n in (count, count + 1)]
        exact += 1 in _differences(*two)
        differences = _differences(*(round_report(each, 5) for each in two))
        coarse |= differences
        still += differences == {0}
    assert exact > 90
    assert all(difference % 5 == 0 for difference in coarse)
    assert still > 10  # and from 5 nobody can tell whether it was one case or nine


def _differences(before: Report, after: Report) -> set[int]:
    first = {(table.title, cell.label): cell.count for table in before.tables for cell in table.cells}
    second = {(table.title, cell.label): cell.count for table in after.tables for cell in table.cells}
    shown = [(a, second.get(key)) for key, a in first.items()]
    return {b - a for a, b in shown if a is not None and b is not None}


def test_rounding_keeps_what_is_withheld_and_rounds_to_the_nearest() -> None:
    report = round_report(make_report(caseload(300), day="2026-06-01", threshold=5), 5)
    numbers = [n for t in report.tables for n in (t.total, t.withheld, *(cell.count for cell in t.cells))]
    assert None in numbers
    assert all(number is None or number % 5 == 0 for number in numbers)
    values = {n: round_report(replace(report, items=n), 5).items for n in (0, 2, 3, 7, 8, 12)}
    assert values == {0: 0, 2: 0, 3: 5, 7: 5, 8: 10, 12: 10}
    page = report_as_html(report).decode()
    assert "to the nearest multiple of 5" in page
    assert "a difference of 5 can mean one case, or up to 9" in page
