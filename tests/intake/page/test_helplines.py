"""The helplines on the page: all of the file, in the caller's language, and nothing is asked of one before a press."""

from __future__ import annotations

import json
from typing import Any

import pytest

from takedown_cli.intake.http.server import Running
from tests.intake.page.browser import SOURCE, Caller, address_of

HELPLINES: list[dict[str, str]] = json.loads((SOURCE / "src" / "helplines.json").read_text(encoding="utf-8"))
_SHOWN = """() => [...document.querySelectorAll("#helplines dd")].map((each) => ({
    name: each.querySelector("a").textContent, page: each.querySelector("a").getAttribute("href"),
    telephone: each.querySelector(".telephone")?.textContent ?? null,
    country: each.parentElement.querySelector("[data-country]")?.dataset.country ?? null,
}))"""


def _countries(caller: Caller) -> list[str]:
    names: list[str] = caller.window.locator("#helplines dt").all_inner_texts()
    return names


@pytest.mark.parametrize("script", [True, False])
def test_every_helpline_is_there_also_without_javascript(intake: Running, browser: Any, script: bool) -> None:
    context = browser.new_context(java_script_enabled=script, locale="en")
    caller = Caller(context.new_page())
    caller.open(address_of(intake))
    caller.window.get_by_text("Helplines by country").click()
    caller.window.get_by_text("Telephone numbers can change.").wait_for()
    shown = caller.window.evaluate(_SHOWN)
    wanted = [{key: each.get(key) for key in ("name", "page", "telephone", "country")} for each in HELPLINES]
    assert sorted(shown, key=lambda each: str(each["name"])) == sorted(wanted, key=lambda each: str(each["name"]))
    named = _countries(caller)
    assert named == ["All countries", *sorted(named[1:])]
    assert {"Germany", "United Kingdom"} < set(named)
    assert caller.window.get_by_text("For women").is_visible()
    context.close()


def test_countries_have_their_names_in_the_language_and_stand_in_its_order(intake: Running, caller: Caller) -> None:
    caller.open(address_of(intake))
    caller.window.get_by_text("Helplines by country").click()
    caller.window.get_by_label("Language").select_option("de")
    caller.window.get_by_text("Beratungsstellen nach Land").wait_for()
    german = ["Alle Länder", "Deutschland", "Frankreich", "Neuseeland", "Niederlande", "Pakistan", "Spanien"]
    assert [name for name in _countries(caller) if name in german] == german
    caller.window.get_by_label("Sprache").select_option("ar")
    caller.window.get_by_text("جميع البلدان").wait_for()
    assert "ألمانيا" in _countries(caller)
    assert caller.window.locator("[data-country=DE]").get_attribute("lang") == "ar"


def test_nothing_is_asked_of_a_helpline_before_its_link_is_pressed(intake: Running, caller: Caller) -> None:
    caller.window.route("https://**", lambda route: route.fulfill(body="a helpline", content_type="text/plain"))
    caller.open(address_of(intake))
    caller.window.get_by_text("Helplines by country").click()
    link = caller.window.get_by_role("link", name=HELPLINES[0]["name"])
    link.hover()
    assert {request.url.partition("/case")[0] for request in caller.sent} == {intake.origin}
    link.click()
    caller.window.get_by_text("a helpline").wait_for()
    asked = caller.sent[-1]
    assert asked.url == HELPLINES[0]["page"]
    assert "referer" not in asked.all_headers()
