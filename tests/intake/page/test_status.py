"""A caller opens the page, types the case number, and reads what happened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from takedown_cli.cli.results.case import StatusReport, status_fields
from takedown_cli.intake import running
from takedown_cli.intake.http.server import Running
from takedown_cli.protocol.bundle import envelope, seal
from takedown_cli.protocol.case_number import CaseNumber
from takedown_cli.protocol.wire import CaseRequestV2, CaseStatus, decode
from takedown_cli.testing.clock import FrozenClock
from tests.intake.page.browser import Caller, address_of
from tests.intake.person import Person, Platform, balanced, picture, video

HOSTILE = "<img src=x onerror=alert(1)> {day}"


def lines_of(status: CaseStatus) -> list[str]:
    """What the command line says of the same case."""
    return [line.strip() for line in StatusReport(**status_fields(status)).lines() if line]


def test_the_words_are_those_of_the_command_line(intake: Running, person: Person, caller: Caller) -> None:
    pictures = [balanced(("state", n)) for n in range(6)]
    person.submit(*(picture(value) for value in pictures), video("0" * 30 + "17"))
    platform = Platform(intake.origin, intake.add_participant("Platform & Co"))
    platform.pull(size=5000)
    for value, feedback in zip(pictures, ["Blocked", "NotBlocked", "PendingReview"], strict=False):
        platform.say(value, feedback)
    person.withdraw(pictures[3])
    caller.open(address_of(intake))
    caller.ask(str(person.number).lower())
    sentences = caller.see_case()
    lines = lines_of(person.status())  # with the answers in a table
    assert (sentences[0], sentences[-1]) == (lines[0], lines[-1])
    for word in ("found copies and blocks", "decided not to block", "looking at it", "has not answered", "withdrawn"):
        assert any(word in sentence for sentence in sentences), word
        assert any(word in line for line in lines), word
    assert caller.said == []


@pytest.mark.parametrize("years", [-30, -2, 2, 30])
def test_a_clock_that_is_wrong_by_years_shows_no_count_of_days(
    intake: Running, person: Person, caller: Caller, years: int
) -> None:
    person.submit()
    caller.window.clock.install(time=datetime.now(UTC) + timedelta(days=365 * years))
    caller.open(address_of(intake))
    caller.ask(person.number)
    beginning = caller.see_case()[0]
    assert beginning.startswith("Case received on ")
    status = person.status()
    assert f"keeps it until {status.expires}" in beginning
    assert (" days)." in beginning) is (years == -2)  # two years behind, and the last day is still ahead


def test_what_an_intake_holds_back_is_said(tmp_path: Path, caller: Caller) -> None:
    with running(tmp_path / "home") as server:
        person = Person(server.origin, server.card)
        person.submit(picture(balanced("good")), picture(balanced("poor"), quality=0))
        caller.open(address_of(server))
        caller.ask(person.number)
        assert any("held back" in sentence for sentence in caller.see_case())


def test_names_from_outside_are_text(intake: Running, person: Person, caller: Caller) -> None:
    value = balanced("hostile")
    person.submit(picture(value))
    Platform(intake.origin, intake.add_participant(HOSTILE)).say(value, "Blocked")
    caller.open(address_of(intake))
    caller.ask(person.number)
    assert any(HOSTILE in sentence for sentence in caller.see_case())
    assert caller.window.locator("#state img").count() == 0
    assert not [path for path in caller.paths() if path.endswith("/x")]


def test_a_case_that_does_not_exist(intake: Running, caller: Caller) -> None:
    caller.open(address_of(intake))
    caller.ask(CaseNumber.draw())
    assert "no such case" in caller.see_problem()
    assert not caller.window.locator("#case").is_visible()


def test_a_case_that_has_ended_is_gone(tmp_path: Path, caller: Caller) -> None:
    clock = FrozenClock()
    with running(tmp_path / "home", clock=clock.clock) as server:
        person = Person(server.origin, server.card)
        person.submit()
        expires = person.status().expires
        assert expires is not None
        clock.move_to(expires)
        clock.advance(days=60)
        server.intake.purge()
        caller.open(address_of(server))
        caller.ask(person.number)
        assert "A case that has ended is deleted" in caller.see_problem()


@pytest.mark.parametrize("change", ["missing", "swapped", "long", "markup"])
def test_a_mistyped_number_is_found_before_anything_is_sent(intake: Running, caller: Caller, change: str) -> None:
    number = "7K3M-9QWX-2BDF-4GHJ-5NPR-6T8T"
    typed = {
        "missing": number[:-1], "swapped": number.replace("K3", "3K"), "long": number * 9, "markup": f"<b>{number}</b>",
    }[change]  # fmt: skip
    caller.open(address_of(intake))
    before = len(caller.sent)
    caller.ask(typed)
    assert "not a valid case number" in caller.see_problem()
    assert caller.window.locator("#number").get_attribute("aria-invalid") == "true"
    assert len(caller.sent) == before


def test_a_number_is_read_as_people_write_it(intake: Running, caller: Caller) -> None:
    number = CaseNumber.parse("0000-0000-0000-0000-0000-0000")
    person = Person(intake.origin, intake.card, number)
    person.submit()
    caller.open(address_of(intake))
    caller.ask("\u2066oooo OOOO 0000\u20110000—0000 0000\u2069")
    assert caller.see_case() == lines_of(person.status())


def test_what_is_sent_is_what_the_command_line_sends(intake: Running, person: Person, caller: Caller) -> None:
    """Opened with the intake's key, it is the canonical encoding of the same documents, signed by the case key."""
    person.submit()
    caller.open(address_of(intake))
    caller.ask(person.number)
    caller.see_case()
    assert caller.paths() == ["GET /case", "GET /case/page.css", "GET /case/page.js", "GET /v1/keys", "POST /v1/status"]
    message = caller.sent[-1].post_data_buffer
    assert len(message) == len(person.asked(person.request("status", bytes(32))))
    sealed = seal.parse(message)
    assert (sealed.kind, sealed.audience) == ("request", person.audience)
    signed = envelope.verify(seal.open_as_intake(sealed, intake.identity.keyring.sealing), CaseRequestV2.TYPE)
    request = decode(CaseRequestV2, signed.payload)
    assert signed.signers == (person.place[1],)
    assert (request.lookup_id, request.audience, request.values) == (person.place[0], person.audience, ())


def test_two_requests_have_nothing_in_common(intake: Running, person: Person, caller: Caller) -> None:
    person.submit()
    caller.open(address_of(intake))
    for _ in range(2):
        caller.ask(person.number)
        caller.see_case()
        caller.window.evaluate("document.getElementById('case').hidden = true")
    one, other = (request.post_data_buffer for request in caller.sent if request.method == "POST")
    header = one.index(b"\n", 20)
    pieces = {one[place : place + 16] for place in range(header, len(one) - 16, 16)}
    assert not any(other[place : place + 16] in pieces for place in range(header, len(other) - 16))


def test_two_windows_do_not_disturb_each_other(intake: Running, browser: Any) -> None:
    context = browser.new_context()
    people = [Person(intake.origin, intake.card) for _ in range(2)]
    callers = [Caller(context.new_page()) for _ in people]
    for n, (one, window) in enumerate(zip(people, callers, strict=True)):
        one.submit(*(picture(balanced(("window", n, m))) for m in range(n + 1)))
        window.open(address_of(intake))
    for one, window in zip(people, callers, strict=True):
        window.ask(one.number)
    for one, window in zip(people, callers, strict=True):
        assert window.see_case() == lines_of(one.status())
    context.close()
