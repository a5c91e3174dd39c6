"""Reading a list in pages misses nothing and shows nothing twice."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree

from sqlalchemy import func, select

from takedown_cli.intake.http.server import Running
from takedown_cli.intake.store.tables import hashes
from tests.intake.person import HTTP, Person, Platform, balanced, picture
from tests.intake.steps import NewPlatform, states


def entries(platform: Platform, **query: str) -> str:
    """The NCMEC-shaped list as text."""
    login = (platform.keys.username, platform.keys.endpoints["ncmec"])
    answer = HTTP.get(f"{platform.origin}/hashsharing/v2/entries", params=query, auth=login)
    assert answer.status_code == 200
    return answer.text


def test_a_made_up_place_is_not_taken_for_a_pull(intake: Running, new_platform: NewPlatform) -> None:
    """With start=10^18 a platform had "received" all future cases."""
    platform, person = new_platform("Liar"), Person(intake.origin, intake.card)
    value = balanced("after the lie")
    ends = {"to": "2090-01-01T00:00:00Z"}
    for start in ("999999999999999999", "0", "1"):
        entries(platform, start=start, **{"from": "2089-01-01T00:00:00Z"}, **ends)
    entries(platform, start="999999999999999999", **ends)
    person.submit(picture(value))
    assert person.answers() == {}
    assert platform.say(value, "Blocked", unseen=True) == 0
    assert value in entries(platform, start="999999999999999999", **ends), "it goes on after what it was given"
    assert set(person.answers().values()) == {"seen"}


def test_a_platform_learns_nothing_about_what_it_was_never_given(
    intake: Running, person: Person, another: Person, new_platform: NewPlatform
) -> None:
    """Feedback on a hash that was withdrawn before the platform came was counted."""
    gone, unlisted, listed = (balanced(("never given", n)) for n in range(3))
    new_platform("Earlier")
    person.submit(picture(gone))
    person.withdraw()
    late = new_platform("Late")
    careful = Platform(intake.origin, intake.intake.add_participant(f"Careful {gone[:6]}", "both", confirmed=True))
    another.submit(picture(listed))
    for platform in (late, careful):
        if platform is careful:
            platform.pull()
        assert [platform.say(value, "None", unseen=True) for value in (gone, unlisted, listed)] == [0, 0, 0]
    count = intake.intake.read(lambda connection: connection.scalar(select(func.max(hashes.c.id)))) or 0
    login = (late.keys.username, late.keys.endpoints["ncmec"])
    vote = b"<feedbackSubmission><affirmative/></feedbackSubmission>"
    codes = {
        HTTP.put(f"{late.origin}/hashsharing/v2/entries/1/{n}/PDQ/feedback", content=vote, auth=login).status_code
        for n in (count - 1, count, count + 1)
    }
    assert codes == {404}
    assert late.say(listed, "Blocked") == 1
    another.withdraw()
    assert late.say(listed, "NotBlocked", unseen=True) == 1, "what it was given it may answer, also when it is gone"


def tombstones(platform: Platform) -> set[str | None]:
    """The ids of deleted pictures in the NCMEC shape."""
    login = (platform.keys.username, platform.keys.endpoints["ncmec"])
    space = "{https://hashsharing.ncmec.org/hashsharing/v2}"
    query = {"to": "2090-01-01T00:00:00Z"}
    answer = HTTP.get(f"{platform.origin}/hashsharing/v2/entries", params=query, auth=login)
    return {one.findtext(f"{space}id") for one in ElementTree.fromstring(answer.content).iter(f"{space}deletedImage")}


def test_who_came_later_gets_no_tombstone_of_what_it_never_had(
    person: Person, another: Person, new_platform: NewPlatform
) -> None:
    gone, kept = balanced("gone before"), balanced("there before")
    earlier = new_platform("Earlier")
    person.submit(picture(gone), picture(kept))
    first = earlier.page(startTimestamp=10, pageSize=5000)["nextSetTimestamp"]
    person.withdraw(gone)
    later = new_platform("Later")
    assert states(later, gone, kept) == ["absent", "Active"]
    assert later.pull(size=1).keys() == later.pull().keys()
    assert earlier.pull(first)[gone]["hashStatus"] == "Withdrawn"
    assert tombstones(earlier) - tombstones(later)
    person.withdraw()
    assert states(later, kept) == ["Withdrawn"], "what it had it has to be told of"


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
    assert list(record["caseNumbers"].values()) == ["Active"], "a withdrawn case leaves the list of names"
    another.withdraw()
    record = platform.pull()[value]
    assert record["hashStatus"] == "Withdrawn"
    assert record["caseNumbers"] == {}
    assert {"source": "Test intake", "feedbackValue": "NotBlocked", "tags": ["withdrawn"]} in record["CSPFeedbacks"]


def test_the_two_lists_are_apart(person: Person, new_platform: NewPlatform) -> None:
    values = {age: balanced(("list", age)) for age in ("under-18", "adult", "unsure")}
    person.submit(*(picture(value, age=age) for age, value in values.items()))  # type: ignore[arg-type]
    minors, adults = new_platform("Minors", "under-18"), new_platform("Adults", "adult")
    assert set(values.values()) & set(minors.pull()) == {values["under-18"], values["unsure"]}
    assert set(values.values()) & set(adults.pull()) == {values["adult"]}
    assert adults.say(values["under-18"], "NotBlocked") == 0
