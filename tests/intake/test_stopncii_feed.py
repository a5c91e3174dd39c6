"""The StopNCII-shaped feed: shape, cursor, keys, merging, withdrawal, and feedback that becomes status."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from takedown_cli.intake.server import Running
from tests.intake.person import HTTP, Person, Platform, balanced, picture, video

NewPlatform = Callable[..., Platform]


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


def test_a_reader_misses_nothing_while_others_write(intake: Running, new_platform: NewPlatform) -> None:
    """Readers that go on from their checkpoint see every record, also those that came or moved while they read."""
    platform = new_platform("Concurrent")
    sent: list[str] = []
    done = threading.Event()

    def write(writer: int) -> None:
        for n in range(15):
            person = Person(intake.origin, intake.card)
            values = [balanced(("concurrent", writer, n, m)) for m in range(3)]
            assert person.submit(*(picture(value) for value in values)).status_code == 200
            sent.extend(values)

    def write_all() -> None:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(write, range(4)))
        done.set()

    threading.Thread(target=write_all).start()
    seen: set[str] = set()
    since, last = 10, False
    while not last:
        last = done.is_set()
        page = platform.page(startTimestamp=since, pageSize=20)
        while True:
            seen.update(record["hashValue"] for record in page["hashRecords"])
            stamps = [record["lastModtimestamp"] for record in page["hashRecords"]]
            assert stamps == sorted(stamps)
            if not page["hasMoreRecords"]:
                break
            page = platform.page(startTimestamp=since, pageSize=20, nextPageToken=page["nextPageToken"])
        assert page["nextSetTimestamp"] >= since
        since = page["nextSetTimestamp"]
    assert set(sent) <= seen


def test_one_hash_of_two_cases_is_one_record(person: Person, another: Person, new_platform: NewPlatform) -> None:
    value = balanced("merged")
    platform = new_platform("Merge")
    person.submit(picture(value))
    another.submit(picture(value))
    record = platform.pull()[value]
    assert list(record["caseNumbers"].values()) == ["Active", "Active"]
    person.withdraw()
    record = platform.pull()[value]
    assert record["hashStatus"] == "Active"
    assert sorted(record["caseNumbers"].values()) == ["Active", "Withdrawn"]
    another.withdraw()
    record = platform.pull()[value]
    assert record["hashStatus"] == "Withdrawn"
    assert set(record["caseNumbers"].values()) == {"Withdrawn"}
    assert {"source": "Test intake", "feedbackValue": "NotBlocked", "tags": ["withdrawn"]} in record["CSPFeedbacks"]


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


def test_the_two_lists_are_apart(person: Person, new_platform: NewPlatform) -> None:
    values = {age: balanced(("list", age)) for age in ("under-18", "adult", "unsure")}
    person.submit(*(picture(value, age=age) for age, value in values.items()))  # type: ignore[arg-type]
    minors, adults = new_platform("Minors", "under-18"), new_platform("Adults", "adult")
    assert set(values.values()) & set(minors.pull()) == {values["under-18"], values["unsure"]}
    assert set(values.values()) & set(adults.pull()) == {values["adult"]}
    assert adults.say(values["under-18"], "NotBlocked") == 0


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


@pytest.mark.parametrize(
    ("said", "state"),
    [("Blocked", "blocked"), ("NotBlocked", "not-blocked"), ("PendingReview", "under-review"), ("Unknown", "seen")],
)
def test_feedback_becomes_status(said: str, state: str, person: Person, new_platform: NewPlatform) -> None:
    value = balanced(("feedback", said))
    person.submit(picture(value), picture(balanced(("other", said))))
    platform = new_platform("Platform")
    order = [item.fingerprints for item in person.status().items]
    assert order == [1, 1]
    assert person.answers(1) == person.answers(2) == {}
    platform.pull(size=3)
    name = next(iter(person.answers(1)))
    assert person.answers(1)[name] == person.answers(2)[name] == "seen"
    assert platform.say(value, said, "Nude") == 1
    assert sorted([person.answers(1)[name], person.answers(2)[name]]) == sorted([state, "seen"])
    record = platform.pull()[value]
    assert {"source": name, "feedbackValue": said, "tags": ["Nude"]} in record["CSPFeedbacks"]


def test_a_pull_that_was_not_finished_is_not_called_seen(person: Person, new_platform: NewPlatform) -> None:
    person.submit(*(picture(balanced(("unfinished", n))) for n in range(5)))
    platform = new_platform("Unfinished")
    platform.page(startTimestamp=10, pageSize=2)
    assert not any("Unfinished" in name for name in person.answers())


def test_a_repeated_word_does_not_move_the_record(person: Person, new_platform: NewPlatform) -> None:
    value = balanced("said twice")
    person.submit(picture(value))
    platform = new_platform("Twice")
    platform.say(value, "Blocked")
    first = [record["hashValue"] for record in platform.page(startTimestamp=10, pageSize=5000)["hashRecords"]]
    platform.say(value, "Blocked")
    assert first == [r["hashValue"] for r in platform.page(startTimestamp=10, pageSize=5000)["hashRecords"]]


def test_keys_open_one_endpoint_of_one_participant(intake: Running, new_platform: NewPlatform) -> None:
    mine, theirs = new_platform("Mine"), new_platform("Theirs")
    swapped: list[dict[str, str]] = [
        {},
        {"x-functions-key": mine.keys.endpoints["fetch"]},
        {"x-functions-key": mine.keys.endpoints["feedback"], "Ocp-Apim-Subscription-Key": mine.keys.subscription},
        {"x-functions-key": mine.keys.endpoints["fetch"], "Ocp-Apim-Subscription-Key": theirs.keys.subscription},
        {"x-functions-key": mine.keys.subscription, "Ocp-Apim-Subscription-Key": mine.keys.subscription},
        {"x-functions-key": "é" * 9, "Ocp-Apim-Subscription-Key": ""},
    ]
    answers = [
        HTTP.get(f"{intake.origin}/v1/FetchHashes", headers=httpx.Headers(headers, encoding="utf-8"))
        for headers in swapped
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1


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
