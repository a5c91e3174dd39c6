"""The StopNCII-shaped feed, byte by byte."""

from __future__ import annotations

import json
from typing import Any

import pytest

from takedown_cli.intake.feeds import cursor
from takedown_cli.intake.http.server import Running
from takedown_cli.protocol.wire import Age
from tests.intake.person import HTTP, Person, balanced, picture, video
from tests.intake.steps import NewPlatform


def test_a_record_has_exactly_the_published_shape(person: Person, new_platform: NewPlatform) -> None:
    value = balanced("shape")
    person.submit(picture(value), video("ab" * 16, balanced("frame")))
    platform = new_platform("Shape")
    page = platform.page(startTimestamp=10, pageSize=800)
    assert set(page) == {"count", "nextPageToken", "nextSetTimestamp", "hasMoreRecords", "hashRecords"}
    record = next(one for one in page["hashRecords"] if one["hashValue"] == value)
    assert set(record) == {
        "lastModtimestamp", "signalType", "hashValue", "hashStatus", "caseNumbers", "hashRegions", "CSPFeedbacks",
    }  # fmt: skip
    assert type(record["lastModtimestamp"]) is int
    assert (record["signalType"], record["hashStatus"]) == ("ImagePDQ", "Active")
    assert [set(said) for said in record["CSPFeedbacks"]] == [{"source", "feedbackValue", "tags"}]
    assert list(record["caseNumbers"].values()) == ["Active"]
    kinds = {one["hashValue"]: one["signalType"] for one in page["hashRecords"]}
    assert (kinds["ab" * 16], kinds[balanced("frame")]) == ("VideoMD5", "ImagePDQ")


def test_pages_of_any_size_give_everything_once(person: Person, new_platform: NewPlatform) -> None:
    values = {balanced(("page", n)) for n in range(25)}
    person.submit(*(picture(value) for value in values))
    platform = new_platform("Pager")
    whole = platform.pull(size=5000)
    assert values <= set(whole)
    assert platform.pull(size=7) == whole


def test_a_record_names_its_newest_cases_and_counts_the_others(intake: Running, new_platform: NewPlatform) -> None:
    """It named all of them, so 200 cases of one set of pictures made a page of 43 MiB."""
    values = [balanced(("in many cases", n)) for n in range(2)]
    platform, people = new_platform("Counter"), []

    def submit() -> list[list[str]]:
        people.append(Person(intake.origin, intake.card))
        people[-1].submit(*(picture(value) for value in values), picture(values[0]))
        return shown()

    def shown() -> list[list[str]]:
        return [list(platform.pull()[value]["caseNumbers"]) for value in values]

    names = [submit() for _ in range(22)]
    assert [len(one) for one, _ in names] == [*range(1, 21), 20, 20]
    assert names[-1][0] == names[-1][1]
    assert names[-1][0][1:] == names[-2][0][:-1], "the newest is first, and the oldest makes room"
    records = platform.pull()
    assert [records[value]["caseCount"] for value in values] == [22, 22]
    people[-1].withdraw()
    assert shown() == names[-2]
    people[-3].withdraw()
    [one, other] = shown()
    assert one == other == [*names[-2][0][:1], *names[-2][0][2:], names[0][0][0]]
    assert [set(platform.pull()[value]["caseNumbers"].values()) for value in values] == [{"Active"}] * 2
    assert "caseCount" not in platform.pull()[values[0]], "all of them are named"


def test_who_reads_both_lists_reads_the_newest_cases_of_both(intake: Running, new_platform: NewPlatform) -> None:
    value, both = balanced("in many cases on both lists"), new_platform("Both")
    for n in range(24):
        person = Person(intake.origin, intake.card)
        ages: tuple[Age, ...] = ("adult", "under-18") if n % 3 == 0 else ("adult",)
        person.submit(*(picture(value, age=age) for age in ages))
    record = both.pull()[value]
    assert (len(record["caseNumbers"]), record["caseCount"]) == (20, 24)


@pytest.mark.parametrize("limit", [1, 1500, 4000])
def test_a_page_ends_before_it_is_too_large(
    limit: int, person: Person, new_platform: NewPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {balanced(("large page", n)) for n in range(25)}
    person.submit(*(picture(value) for value in values))
    platform = new_platform("Pager")
    whole = platform.pull(size=5000)
    platform.say(min(values), "Blocked", *(str(n) * 50 for n in range(10, 30)))
    monkeypatch.setattr(cursor, "MAX_BYTES", limit)
    monkeypatch.setattr(cursor, "SLICE", 3)
    assert platform.pull(size=5000).keys() == whole.keys()
    assert new_platform("Pager too").pull(size=5000).keys() == whole.keys()
    page = platform.page(startTimestamp=10, pageSize=5000)
    text = json.dumps(page["hashRecords"], separators=(",", ":"))
    assert len(text) <= limit + 2 or page["count"] == 1
    assert page["hasMoreRecords"]


def test_the_checkpoint_never_goes_back(person: Person, another: Person, new_platform: NewPlatform) -> None:
    platform = new_platform("Checkpoint")
    person.submit()
    first = platform.page(startTimestamp=10)["nextSetTimestamp"]
    another.submit(picture(balanced("after the checkpoint")))
    page = platform.page(startTimestamp=first)
    assert balanced("after the checkpoint") in {record["hashValue"] for record in page["hashRecords"]}
    assert page["nextSetTimestamp"] >= first
    far = 4_000_000_000
    assert platform.page(startTimestamp=far) == {
        "count": 0, "nextPageToken": None, "nextSetTimestamp": far, "hasMoreRecords": False, "hashRecords": [],
    }  # fmt: skip


def test_withdrawal_moves_the_record_to_the_end(person: Person, new_platform: NewPlatform) -> None:
    value = balanced("moves")
    platform = new_platform("Mover")
    person.submit(picture(value))
    since = platform.page(startTimestamp=10, pageSize=5000)["nextSetTimestamp"]
    person.withdraw()
    later = platform.pull(since)
    assert later[value]["hashStatus"] == "Withdrawn"
    assert later[value]["lastModtimestamp"] >= since


def test_no_two_platforms_see_a_case_by_the_same_name(person: Person, new_platform: NewPlatform) -> None:
    value = balanced("pseudonym")
    person.submit(picture(value))
    names = [set(new_platform("Curious").pull()[value]["caseNumbers"]) for _ in range(2)]
    assert names[0].isdisjoint(names[1])
    assert person.number.lookup_id()[:32] not in names[0] | names[1]


def test_who_reads_both_lists_is_not_misled_by_a_withdrawal_from_one(
    person: Person, another: Person, new_platform: NewPlatform
) -> None:
    value = balanced("on both lists")
    both, adults = new_platform("Both"), new_platform("Adults", "adult")
    person.submit(picture(value, age="adult"))
    another.submit(picture(value, age="under-18"))
    person.withdraw()
    for size in (800, 1):
        assert both.pull(size=size)[value]["hashStatus"] == "Active"
    assert adults.pull()[value]["hashStatus"] == "Withdrawn"
    another.withdraw()
    assert both.pull()[value]["hashStatus"] == "Withdrawn"


def test_a_pull_that_was_not_finished_is_not_called_seen(person: Person, new_platform: NewPlatform) -> None:
    person.submit(*(picture(balanced(("unfinished", n))) for n in range(5)))
    platform = new_platform("Unfinished")
    platform.page(startTimestamp=10, pageSize=2)
    assert not any("Unfinished" in name for name in person.answers())


@pytest.mark.parametrize(
    "query",
    [
        {"startTimestamp": "-1"}, {"startTimestamp": "1e3"}, {"startTimestamp": "9" * 30}, {"pageSize": "many"},
        {"nextPageToken": "1.2.3." + "0" * 32}, {"nextPageToken": "é"}, {"nextPageToken": "0.0.0"},
    ],
)  # fmt: skip
def test_odd_queries_are_refused(query: dict[str, str], intake: Running, new_platform: NewPlatform) -> None:
    headers = new_platform("Odd").headers("fetch")
    assert HTTP.get(f"{intake.origin}/v1/FetchHashes", params=query, headers=headers).status_code == 400


def test_a_page_token_of_one_is_nothing_to_another(person: Person, intake: Running, new_platform: NewPlatform) -> None:
    person.submit(picture(balanced("token 1")), picture(balanced("token 2")))
    token = new_platform("One").page(startTimestamp=10, pageSize=1)["nextPageToken"]
    other: Any = new_platform("Another")
    response = HTTP.get(
        f"{intake.origin}/v1/FetchHashes", params={"nextPageToken": token}, headers=other.headers("fetch")
    )
    assert response.status_code == 400
