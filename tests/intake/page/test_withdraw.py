"""A caller withdraws a case, or a part of it, on the page."""

from __future__ import annotations

from takedown_cli.intake.http.server import Running
from tests.intake.page.browser import Caller, address_of
from tests.intake.person import Person, balanced, picture, video


def _states(person: Person) -> list[str]:
    return [item.state for item in person.status().items]


def test_the_whole_case_is_withdrawn_after_a_confirmation(intake: Running, person: Person, caller: Caller) -> None:
    person.submit(picture(balanced("w1")), picture(balanced("w2")))
    caller.open(address_of(intake))
    caller.ask(person.number)
    caller.see_case()
    caller.window.get_by_role("button", name="Withdraw the whole case").click()
    assert "Withdraw the whole case? Platforms are then asked" in caller.window.locator("#question").inner_text()
    caller.window.get_by_role("button", name="No, keep it").click()
    assert _states(person) == ["listed", "listed"]
    caller.window.get_by_role("button", name="Withdraw the whole case").click()
    caller.window.get_by_role("button", name="Yes, withdraw").click()
    caller.window.get_by_text("2 pictures and videos withdrawn.").wait_for()
    *_, withdrawn, last_day = caller.see_case()
    assert withdrawn.startswith("Everything in this case is withdrawn.")
    assert last_day.startswith("After that day the intake deletes the case")
    assert _states(person) == ["withdrawn", "withdrawn"]
    assert not caller.window.get_by_role("button", name="Withdraw the whole case").is_visible()


def test_single_pictures_are_withdrawn_by_their_numbers(intake: Running, person: Person, caller: Caller) -> None:
    person.submit(picture(balanced("one")), picture(balanced("two")), video("0" * 30 + "23"))
    caller.open(address_of(intake))
    caller.ask(person.number)
    caller.see_case()
    caller.window.get_by_text("Withdraw single pictures or videos").click()
    caller.window.get_by_role("button", name="Withdraw what I chose").click()  # nothing is chosen: nothing happens
    assert not caller.window.locator("#confirm").is_visible()
    caller.window.get_by_label("Picture 2").check()
    caller.window.get_by_role("button", name="Withdraw what I chose").click()
    assert caller.window.locator("#question").inner_text().startswith("Withdraw 1 picture or video?")
    caller.window.get_by_role("button", name="Yes, withdraw").click()
    caller.window.get_by_text("1 picture or video withdrawn.").wait_for()
    assert _states(person) == ["listed", "withdrawn", "listed"]
    caller.window.get_by_text("Withdraw single pictures or videos").click()
    assert caller.window.get_by_label("Video 3").is_visible()
    assert caller.window.get_by_label("Picture 2").count() == 0  # what is withdrawn cannot be chosen again


def test_a_withdrawal_that_failed_can_be_tried_again(intake: Running, person: Person, caller: Caller) -> None:
    person.submit()
    caller.open(address_of(intake))
    caller.ask(person.number)
    caller.see_case()
    caller.window.route("**/v1/withdraw", lambda route: route.fulfill(status=500, body="oops"))
    caller.window.get_by_role("button", name="Withdraw the whole case").click()
    caller.window.get_by_role("button", name="Yes, withdraw").click()
    assert "not the expected one" in caller.see_problem()
    assert _states(person) == ["listed"]
    caller.window.unroute_all()
    caller.window.get_by_role("button", name="Yes, withdraw").click()
    caller.window.get_by_text("1 picture or video withdrawn.").wait_for()
    assert _states(person) == ["withdrawn"]


def test_a_large_case_is_withdrawn_piece_by_piece_of_the_request(
    intake: Running, person: Person, caller: Caller
) -> None:
    person.submit(*(video(f"{n:032x}") for n in range(1, 31)))
    caller.open(address_of(intake))
    caller.ask(person.number)
    caller.see_case()
    caller.window.get_by_text("Withdraw single pictures or videos").click()
    for box in caller.window.get_by_role("checkbox").all()[:20]:
        box.check()
    caller.window.get_by_role("button", name="Withdraw what I chose").click()
    caller.window.get_by_role("button", name="Yes, withdraw").click()
    caller.window.get_by_text("20 pictures and videos withdrawn.").wait_for()
    assert _states(person) == ["withdrawn"] * 20 + ["listed"] * 10
