"""Somebody anonymous who fills the lists, the review or the database with more hashes than anybody's pictures have."""

from __future__ import annotations

import secrets
from functools import partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from takedown_cli.intake.cases import inquiries, organisations, review
from takedown_cli.intake.cases.organisations import list_organisations
from takedown_cli.intake.http.server import Running
from takedown_cli.protocol import proof_of_work
from takedown_cli.protocol.bundle import envelope
from takedown_cli.protocol.bundle.document import Bundle, BundleFingerprint, Item
from takedown_cli.protocol.bundle.item_limits import MAX_OF_PICTURE, MAX_OF_VIDEO, MAX_PICTURES
from takedown_cli.protocol.wire import encode
from tests.intake.person import Person, Platform, picture, reason
from tests.intake.served import intake_with, somebody
from tests.intake.steps import challenge_in, rows, solved


def plausible(number: int) -> str:
    """A value with 128 set bits: another one for each number."""
    half = f"{number:0128b}"
    return f"{int(half + half.translate(str.maketrans('01', '10')), 2):064x}"


def values(count: int, start: int = 0) -> list[str]:
    return [plausible(start + number) for number in range(count)]


def frames(count: int, start: int = 0) -> Item:
    prints = tuple(
        BundleFingerprint(kind="pdq", value=value, method="full", variant="upright", quality=90, frame=number)
        for number, value in enumerate(values(count, start))
    )
    return Item(media="video", age="adult", fingerprints=prints)


@pytest.fixture
def free(intake: Running, monkeypatch: pytest.MonkeyPatch) -> Running:
    """Price and budgets are not what these tests are about."""
    monkeypatch.setattr(intake.intake.policy, "_flood", 10**9)
    monkeypatch.setattr(intake.intake.policy, "_of_day", 10**9)
    return intake


def listed(intake: Running) -> int:
    with intake.intake.readers.begin() as connection:
        return connection.scalar(text("SELECT count(*) FROM hashes WHERE state = 'active'")) or 0


@pytest.mark.parametrize("item", [picture(*values(20_000)), picture(*values(401)), frames(8001)])
def test_an_item_far_over_its_limit_is_refused_and_nothing_is_stored(item: Item, home: Path) -> None:
    with intake_with(home, proof_of_work="never") as server:
        person = somebody(server)
        answer = person.submit(item, picture(plausible(99_999)))
        assert (answer.status_code, reason(answer)) == (413, "too-large")
        assert listed(server) == 0
        assert not person.status().known


@pytest.mark.parametrize(
    ("item", "kept"),
    [(picture(*values(150)), MAX_OF_PICTURE), (frames(2466), MAX_OF_VIDEO), (frames(8000), MAX_OF_VIDEO)],
)
def test_what_earlier_programs_made_is_taken_and_listed_up_to_its_limit(item: Item, kept: int, home: Path) -> None:
    with intake_with(home, proof_of_work="never") as server:
        person = somebody(server)
        assert person.submit(item).status_code == 200
        assert [one.fingerprints for one in person.status().items] == [kept]
        assert listed(server) == kept
        assert server.intake.check_integrity().wrong == ()


def test_pages_that_nobody_has_open_no_way_around_the_limit(home: Path) -> None:
    """As many frames as there are hashes make of a picture a file of several pictures, but not of a thousand."""
    prints = tuple(
        BundleFingerprint(kind="pdq", value=value, method="full", variant="upright", quality=90, frame=number)
        for number, value in enumerate(values(5000))
    )
    with intake_with(home, proof_of_work="never") as server:
        person = somebody(server)
        assert person.submit(Item(media="image", age="adult", fingerprints=prints)).status_code == 200
        assert [one.fingerprints for one in person.status().items] == [MAX_PICTURES * MAX_OF_PICTURE]


def test_fifty_thousand_hashes_of_one_anonymous_case_are_held_however_they_are_cut(home: Path) -> None:
    with intake_with(home, proof_of_work="never", hashes_per_submission=1000, hashes_per_case=1500) as server:
        whole, slices = somebody(server), somebody(server)
        many = values(1100)
        assert whole.submit(*(picture(*many[n : n + 100]) for n in range(0, 1100, 100))).status_code == 200
        assert {item.state for item in whole.status().items} == {"held"}
        for part in range(4):
            some = values(500, 10_000 + 500 * part)
            items = [picture(*some[n : n + 100]) for n in range(0, 500, 100)]
            assert slices.submit(*items, adds=part > 0).status_code == 200
        assert [item.state for item in slices.status().items] == ["listed"] * 15 + ["held"] * 5
        assert listed(server) == 1500
        assert {one.reason for one in server.intake.read(review.list_held)} == {"budget"}


def test_a_flood_is_counted_in_hashes_and_not_in_messages(home: Path) -> None:
    with intake_with(home, proof_of_work="never", flood_per_hour=10) as server:
        first, second = somebody(server), somebody(server)
        some = values(1000)
        assert first.submit(*(picture(*some[n : n + 100]) for n in range(0, 1000, 100))).status_code == 200
        assert second.submit().status_code == 200
        assert {item.state for item in first.status().items} == {"listed"}
        assert [item.state for item in second.status().items] == ["held"]


@pytest.mark.usefixtures("easy_work")
def test_in_a_flood_single_hashes_are_held_and_not_people(home: Path) -> None:
    """Whoever worked has a first picture or video listed, and as many more hashes as a small message has room for."""
    with intake_with(home, anonymous_per_hour=0, flood_per_hour=1, held_hashes=600) as server:

        def pay(person: Person, *items: Item) -> int:
            message = person.message(person.bundle(*items))
            work = solved(challenge_in(person.post("submit", message), person))
            return person.post("submit", proof_of_work.prepend_work(work, message)).status_code

        assert somebody(server).submit().status_code == 200
        many, film, another, victim = (somebody(server) for _ in range(4))
        assert pay(many, *(picture(*values(100, 1000 * n)) for n in range(9))) == 200
        assert [item.state for item in many.status().items] == ["listed"] * 4 + ["held"] * 5
        assert {one.reason for one in server.intake.read(review.list_held)} == {"flood"}
        assert pay(another, *(picture(*values(100, 20_000 + 1000 * n)) for n in range(9))) == 503, "enough is held"
        assert pay(film, frames(1000, 50_000)) == 200
        assert pay(victim, picture(plausible(77_777))) == 200
        assert [person.status().items[0].state for person in (film, victim)] == ["listed"] * 2
        assert server.intake.check_integrity().wrong == ()


def test_a_day_is_counted_in_hashes_also_after_a_restart(home: Path) -> None:
    states = []
    with intake_with(home, proof_of_work="never", anonymous_per_day=5) as server:
        for part in range(2):
            person = somebody(server)
            person.submit(*(picture(*values(100, 1000 * part + n)) for n in range(0, 400, 100)))
            states += [item.state for item in person.status().items]
            server.intake.policy._day = ""  # as a process that has just begun
    assert states == ["listed"] * 4 + ["held"] * 4


def test_what_is_held_has_an_end(home: Path) -> None:
    """Beyond it nothing is stored, and the sender is asked to come back when the operator has looked."""
    with intake_with(home, proof_of_work="never", items_per_submission=1, held_hashes=25) as server:
        answers = []
        for part in range(3):
            items = [picture(*values(5, 100 * part + n)) for n in (0, 10)]
            answers.append(somebody(server).submit(*items))
        assert [answer.status_code for answer in answers] == [200, 200, 503]
        assert answers[-1].headers["retry-after"] == "3600"
        assert sum(one.fingerprints for one in server.intake.read(review.list_held)) == 20
        assert somebody(server).submit().status_code == 200, "what is not held needs no room"


def countersigned(person: Person, helpline: Ed25519PrivateKey, *items: Item) -> bytes:
    signed = envelope.sign(Bundle.TYPE, encode(person.bundle(*items)), person.number.signing_key())
    return person.sealed(envelope.countersign(signed, Bundle.TYPE, helpline), "bundle")


def test_a_quota_is_used_up_by_hashes_and_by_signatures_on_older_cases(home: Path) -> None:
    helpline = Ed25519PrivateKey.generate()
    public = helpline.public_key().public_bytes_raw()
    with intake_with(home) as server:
        server.intake.operate(partial(organisations.add_organisation, name="Helpline", key=public, quota=4))
        large = [picture(*values(100, 1000 * n)) for n in range(3)]
        people = [somebody(server) for _ in range(3)]
        assert people[0].post("submit", countersigned(people[0], helpline, *large)).status_code == 200
        # An anonymous case of an earlier day, for which the same key vouches today.
        bundle = people[1].bundle()
        assert people[1].post("submit", people[1].message(bundle)).status_code == 200
        server.intake.operate(lambda t: t.execute(text("UPDATE submissions SET day = '2020-01-01' WHERE units = 1")))
        signed = envelope.sign(Bundle.TYPE, encode(bundle), people[1].number.signing_key())
        late = people[1].sealed(envelope.countersign(signed, Bundle.TYPE, helpline), "bundle")
        assert people[1].post("submit", late).status_code == 200
        [known] = server.intake.read(lambda connection: list_organisations(connection, server.intake.clock.day()))
        assert known.today == 4
        assert people[2].post("submit", countersigned(people[2], helpline)).status_code == 503


def test_withdrawals_of_nothing_fill_no_table(free: Running) -> None:
    person = somebody(free)
    person.submit()
    before = rows(free)["withdrawals"]
    for _ in range(60):
        assert person.withdraw("00" * 32).withdrawn == 0
    assert rows(free)["withdrawals"] - before <= 16
    assert person.withdraw().withdrawn == 1
    assert person.status().items[0].state == "withdrawn"


def test_withdrawals_of_one_case_have_a_budget_in_hashes(free: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inquiries, "_HASHES_PER_HOUR", 5000)
    person, other = somebody(free), somebody(free)
    for one in (person, other):
        one.submit()
    reply_key = secrets.token_bytes(32)

    def post(who: Person) -> int:
        message = who.asked(who.request("withdraw", reply_key, values(2000)))
        return who.post("withdraw", message).status_code

    assert [post(person) for _ in range(3)] == [200, 200, 503]
    assert post(other) == 200
    assert person.status().items[0].state == "listed"


def test_the_list_has_of_a_large_case_what_its_status_says(home: Path) -> None:
    with intake_with(home, proof_of_work="never") as server:
        platform = Platform(server.origin, server.add_participant("Platform"))
        person = somebody(server)
        person.submit(picture(*values(100)), frames(1000, 5000))
        assert sum(item.fingerprints for item in person.status().items) == len(platform.pull(size=5000)) == 1100
