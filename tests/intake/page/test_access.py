"""Whether people can use the page: with a keyboard, a screen reader, a small screen; and leave it at once."""

from __future__ import annotations

from typing import Any

import pytest

from takedown_cli.intake.http.server import Running
from tests.helpline.browser import axe_source
from tests.intake.page.browser import Caller, address_of
from tests.intake.person import Person


def _open_case(intake: Running, person: Person, caller: Caller) -> None:
    person.submit()
    caller.open(address_of(intake))
    caller.ask(person.number)
    caller.see_case()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(intake: Running, person: Person, browser: Any, scheme: str) -> None:
    source = axe_source()
    context = browser.new_context(color_scheme=scheme, bypass_csp=True)  # axe itself would not be let in
    caller = Caller(context.new_page())
    _open_case(intake, person, caller)

    def violations() -> list[str]:
        caller.window.evaluate("document.querySelectorAll('details').forEach((each) => each.open = true)")
        caller.window.evaluate(source)
        found: dict[str, Any] = caller.window.evaluate("axe.run()")
        assert len(found["passes"]) > 15  # it did look
        return [f"{one['id']} {[node['target'] for node in one['nodes']]}" for one in found["violations"]]

    assert violations() == []
    caller.window.get_by_role("button", name="Withdraw the whole case").click()
    assert violations() == []
    caller.ask("wrong")
    caller.see_problem()
    assert violations() == []
    context.close()


@pytest.mark.parametrize("width", [320, 360, 640])
def test_nothing_is_cut_off_on_a_small_screen(intake: Running, person: Person, caller: Caller, width: int) -> None:
    """320 pixels are also what is left of 640 at 200 %, and of 1280 at 400 %."""
    caller.window.set_viewport_size({"width": width, "height": 600})
    _open_case(intake, person, caller)
    caller.window.get_by_role("button", name="Withdraw the whole case").click()
    caller.window.evaluate("document.querySelectorAll('details').forEach((each) => each.open = true)")
    assert caller.window.evaluate("document.documentElement.scrollWidth") <= width


def test_the_whole_number_is_seen_on_a_small_screen(intake: Running, caller: Caller) -> None:
    caller.window.set_viewport_size({"width": 320, "height": 600})
    caller.open(address_of(intake))
    caller.window.locator("#number").fill("WWWW-WWWW-WWWW-WWWW-WWWW-WWWW")
    assert caller.window.evaluate("document.querySelector('#number').scrollWidth <= number.clientWidth")


def test_the_keyboard_alone_is_enough(intake: Running, person: Person, caller: Caller) -> None:
    person.submit()
    caller.open(address_of(intake))
    keys = caller.window.keyboard

    def focus() -> str:
        found: str = caller.window.evaluate("document.activeElement.id || document.activeElement.textContent.trim()")
        return found

    def tab_to(name: str) -> None:
        for _ in range(12):
            keys.press("Tab")
            if focus() == name:
                return
        raise AssertionError(f"{name} is not reached")

    keys.press("Tab")
    assert focus() == "leave"  # first of all
    tab_to("number")
    keys.type(str(person.number))
    keys.press("Enter")
    caller.see_case()
    assert focus() == "case-title"  # a screen reader goes on reading there
    tab_to("all")
    keys.press("Enter")
    assert focus() == "question"
    tab_to("yes")
    keys.press("Enter")
    caller.window.get_by_text("1 picture or video withdrawn.").wait_for()
    assert person.status().items[0].state == "withdrawn"


def test_a_mistake_is_announced_where_it_was_made(intake: Running, caller: Caller) -> None:
    caller.open(address_of(intake))
    caller.ask("1234")
    caller.see_problem()
    assert caller.window.get_by_role("alert").is_visible()
    assert caller.window.evaluate("document.activeElement.id") == "number"


@pytest.mark.parametrize("way", ["button", "Shift"])
def test_leaving_blanks_the_page_at_once(intake: Running, person: Person, caller: Caller, way: str) -> None:
    caller.open(f"{intake.origin}/healthz")
    _open_case(intake, person, caller)
    entries = caller.window.evaluate("history.length")
    if way == "button":
        caller.window.get_by_role("button", name="Leave this page").click()
    else:
        for _ in range(3):
            caller.window.keyboard.press("Shift")
    caller.window.wait_for_url("about:blank")
    assert caller.window.evaluate("document.body.textContent") == ""
    assert caller.window.evaluate("history.length") == entries
    caller.window.go_back()
    assert caller.window.url == f"{intake.origin}/healthz"  # the page's own place in the history is gone


def test_typing_capitals_and_escape_do_not_leave(intake: Running, person: Person, caller: Caller) -> None:
    _open_case(intake, person, caller)
    caller.window.locator("#number").focus()
    for key in ("Shift+K", "Shift+M", "Shift+Q", "Escape", "Escape", "Escape", "Shift", "Shift", "a", "Shift"):
        caller.window.keyboard.press(key)
    assert caller.window.locator("#case").is_visible()
    assert "twice more" in caller.window.locator("#leaving").inner_text()


def test_the_page_does_not_move(intake: Running, caller: Caller) -> None:
    """There is nothing to reduce for people who asked for reduced motion."""
    caller.open(address_of(intake))
    assert caller.window.evaluate("document.getAnimations().length") == 0
    moving = "[...document.querySelectorAll('*')].map((each) => getComputedStyle(each))"
    assert caller.window.evaluate(f"{moving}.every((style) => style.transitionDuration === '0s')")
