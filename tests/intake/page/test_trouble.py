"""What the page does when the address, the intake, the line or the browser is not as it should be."""

from __future__ import annotations

from typing import Any

import pytest

from takedown_cli.intake.http.server import Running
from takedown_cli.protocol.bundle import envelope
from takedown_cli.protocol.wire import IntakeCard, decode, encode
from tests.intake.page.browser import Caller, address_of
from tests.intake.person import Person


def test_another_key_than_the_pinned_one_is_refused(intake: Running, person: Person, caller: Caller) -> None:
    person.submit()
    caller.open(address_of(intake, pin="0" * 40))
    caller.ask(person.number)
    assert "not the expected one" in caller.see_problem()
    assert not [path for path in caller.paths() if path.startswith("POST")]


@pytest.mark.parametrize(
    "fragment", ["1234", "g" * 40, "0" * 41, "<script>alert(1)</script>", "%2e%2e/", "0" * 40 + "&x=1"]
)
def test_an_address_that_is_cut_or_changed_is_refused(intake: Running, caller: Caller, fragment: str) -> None:
    caller.open(address_of(intake, pin=fragment))
    assert "The address of this page is incomplete" in caller.see_problem()
    assert not caller.window.locator("#ask").is_visible()
    assert fragment not in caller.window.locator("body").inner_html()


def test_without_a_key_the_page_says_that_nothing_is_checked(intake: Running, caller: Caller) -> None:
    caller.open(f"{intake.origin}/case")
    assert "any server that answers there is trusted" in str(caller.window.locator("#pinned").text_content())


def test_another_key_in_the_address_begins_anew(intake: Running, person: Person, caller: Caller) -> None:
    person.submit()
    caller.open(address_of(intake))
    caller.ask(person.number)
    caller.see_case()
    with caller.window.expect_event("load"):
        caller.window.evaluate("location.hash = '0'.repeat(40)")
    assert not caller.window.locator("#case").is_visible()
    caller.ask(person.number)
    assert "not the expected one" in caller.see_problem()


def _forge(card: IntakeCard, intake: Running, **changes: object) -> bytes:
    changed = card.model_copy(update=changes)
    return envelope.sign(IntakeCard.TYPE, encode(changed), intake.identity.keyring.signing)


@pytest.mark.parametrize("what", ["another origin", "another suite", "not canonical", "not signed", "html", "redirect"])
def test_a_card_that_is_not_this_intakes_is_refused(intake: Running, person: Person, caller: Caller, what: str) -> None:
    person.submit()
    card = decode(IntakeCard, envelope.verify(intake.card, IntakeCard.TYPE).payload)
    answers: dict[str, dict[str, Any]] = {
        "another origin": {"body": _forge(card, intake, origin="https://intake.example")},
        "another suite": {"body": _forge(card, intake, sealing_suite="none")},
        "not canonical": {"body": intake.card.replace(b",", b", ")},
        "not signed": {"body": intake.card.replace(b'"sig":"', b'"sig":"A', 1)[:-1]},
        "html": {"body": b"<html>Please log in</html>"},
        "redirect": {"status": 302, "headers": {"location": f"{intake.origin}/healthz"}},
    }
    caller.window.route("**/v1/keys", lambda route: route.fulfill(**answers[what]))
    caller.open(address_of(intake))
    caller.ask(person.number)
    assert "not the expected one" in caller.see_problem()
    assert not [path for path in caller.paths() if path.startswith("POST")]


@pytest.mark.parametrize("answer", [b"", b"{}", b"x" * (16384 + 28), b"y" * (10 << 20)])
def test_an_answer_that_cannot_be_opened_is_refused(
    intake: Running, person: Person, caller: Caller, answer: bytes
) -> None:
    person.submit()
    caller.window.route("**/v1/status", lambda route: route.fulfill(body=answer))
    caller.open(address_of(intake))
    caller.ask(person.number)
    assert "not the expected one" in caller.see_problem()


def test_a_busy_intake_is_asked_again_after_the_time_that_it_names(
    intake: Running, person: Person, caller: Caller
) -> None:
    person.submit()
    answers = ["1", "0"]

    def crowd(route: Any) -> None:
        if answers:
            route.fulfill(status=503, headers={"retry-after": answers.pop(0)}, body="{}")
        else:
            route.continue_()

    caller.window.route("**/v1/status", crowd)
    caller.open(address_of(intake))
    caller.ask(person.number)
    caller.window.get_by_text("Asking again in 1 s").wait_for()
    assert caller.see_case()
    bodies = {request.post_data_buffer for request in caller.sent if request.method == "POST"}
    assert len(bodies) == 1  # the very same message each time, so a withdrawal happens once


def test_an_intake_that_stays_busy(intake: Running, person: Person, caller: Caller) -> None:
    answer = {"status": 503, "headers": {"retry-after": "0"}, "body": "{}"}
    caller.window.route("**/v1/status", lambda route: route.fulfill(**answer))
    caller.open(address_of(intake))
    caller.ask(person.number)
    assert "The intake is busy" in caller.see_problem()
    assert caller.paths().count("POST /v1/status") == 4


def test_an_intake_that_is_away(intake: Running, person: Person, caller: Caller) -> None:
    caller.open(address_of(intake))
    caller.window.route("**/v1/keys", lambda route: route.abort())
    caller.ask(person.number)
    assert "cannot be reached" in caller.see_problem()
    caller.window.unroute_all()
    person.submit()
    caller.window.locator("#ask button").click()  # what was typed is still there
    assert caller.see_case()


@pytest.mark.parametrize("year", [1999, 2098])
def test_a_clock_that_is_wrong_by_years(intake: Running, person: Person, caller: Caller, year: int) -> None:
    person.submit()
    caller.window.clock.set_fixed_time(f"{year}-01-01T00:00:00Z")
    caller.open(address_of(intake))
    caller.ask(person.number)
    received = person.status().received
    assert received is not None
    assert received in caller.see_case()[0]


def test_without_script_the_page_says_what_it_needs(intake: Running, browser: Any) -> None:
    context = browser.new_context(java_script_enabled=False)
    caller = Caller(context.new_page())
    caller.open(address_of(intake))
    assert caller.window.get_by_text("This page needs JavaScript").is_visible()
    assert not caller.window.locator("#number").is_visible()
    assert not caller.window.get_by_role("button").is_visible()
    context.close()


def test_a_script_that_was_changed_on_the_way_does_not_run(intake: Running, caller: Caller) -> None:
    caller.window.route("**/case/page.js", lambda route: route.fulfill(body="document.title = 'evil'"))
    caller.open(address_of(intake))
    assert caller.window.title() == "Your case"
    assert caller.window.get_by_text("This page needs JavaScript").is_visible()
