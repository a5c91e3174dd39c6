"""The page at the intake's address, as a browser shows it."""

from __future__ import annotations

from typing import Any

import pytest

from takedown_cli.intake.http.server import Running
from tests.helpline.browser import axe_source
from tests.intake.page.browser import Caller


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_shows_it_and_axe_finds_nothing(intake: Running, browser: Any, scheme: str) -> None:
    context = browser.new_context(color_scheme=scheme, bypass_csp=True)
    caller = Caller(context.new_page())
    caller.window.goto(f"{intake.origin}/")
    caller.window.evaluate(axe_source())
    found: dict[str, Any] = caller.window.evaluate("axe.run()")
    assert found["violations"] == []
    caller.window.set_viewport_size({"width": 320, "height": 600})
    assert caller.window.evaluate("document.documentElement.scrollWidth") <= 320
    context.close()


def test_the_policy_lets_the_style_in(intake: Running, browser: Any) -> None:
    context = browser.new_context()
    window = context.new_page()
    refused: list[str] = []
    window.on("console", lambda message: refused.append(message.text))
    window.goto(f"{intake.origin}/")
    assert window.evaluate("getComputedStyle(document.querySelector('.help')).borderTopStyle") == "solid"
    assert [text for text in refused if "Content Security Policy" in text] == []
    context.close()
