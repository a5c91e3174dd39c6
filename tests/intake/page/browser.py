"""The page for callers in a real browser, at a real intake; skips without the browser, its driver or the page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from takedown_cli.intake.http.server import Running
from takedown_cli.intake.page import page_files
from tests.helpline.browser import chromium
from tests.waiting import PATIENCE

ROOT = Path(__file__).resolve().parents[3]
SOURCE = ROOT / "takedown_cli" / "intake" / "page"
_FLAGS = ["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]


@contextmanager
def browsers() -> Iterator[Any]:
    """Give Playwright's Chromium, to launch. It is Any, because Playwright may not be installed."""
    driver = pytest.importorskip("playwright.sync_api")
    with driver.sync_playwright() as playwright:
        yield playwright.chromium


@contextmanager
def launched() -> Iterator[Any]:
    """Give a running browser."""
    if not page_files():
        pytest.skip("the page is not built: run 'make web'")
    path = chromium()
    with browsers() as kind:
        browser = kind.launch(executable_path=path, args=_FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def with_profile(folder: Path) -> Iterator[Any]:
    """Give a browser that keeps its profile in ``folder``, as a person's own does."""
    path = chromium()
    with browsers() as kind:
        context = kind.launch_persistent_context(folder, executable_path=path, args=_FLAGS)
        try:
            yield context
        finally:
            context.close()


def address_of(server: Running, pin: str | None = None) -> str:
    """The page's address as it is on a slip."""
    return f"{server.origin}/case#{server.address.partition('#')[2] if pin is None else pin}"


class Caller:
    """Somebody with the page open in a window of their own, and everything that the window sent."""

    def __init__(self, window: Any) -> None:
        self.window = window
        self.sent: list[Any] = []
        self.said: list[str] = []
        window.set_default_timeout(PATIENCE * 1000)
        window.on("request", self._note_request)
        window.on("console", lambda message: self.said.append(message.text))
        window.on("pageerror", lambda error: self.said.append(str(error)))

    def _note_request(self, request: Any) -> None:  # a method of a list cannot be a listener
        self.sent.append(request)

    def open(self, address: str) -> Any:
        """Open the address; return the browser's response."""
        return self.window.goto(address)

    def ask(self, number: object) -> None:
        """Type the number and press Enter."""
        self.window.locator("#number").fill(str(number))
        self.window.locator("#number").press("Enter")

    def see_case(self) -> list[str]:
        """Wait for the case, and return its sentences, with days as in the documents."""
        came = self.window.locator("#case:visible, #problem:visible").first.evaluate("(element) => element.id")
        assert came == "case", self.window.locator("#problem").inner_text()
        sentences: list[str] = self.window.evaluate(
            """() => {
                const copy = document.getElementById("state").cloneNode(true);
                copy.querySelectorAll("time").forEach((time) => time.replaceWith(time.dateTime));
                const own = (element) => [...element.childNodes].filter((node) => node.nodeName !== "UL")
                    .map((node) => node.textContent).join("");
                return [...copy.querySelectorAll("p, li")].map(own);
            }"""
        )
        return sentences

    def see_problem(self) -> str:
        """Wait for a complaint, and return it."""
        self.window.locator("#problem").wait_for()
        text: str = self.window.locator("#problem").inner_text()
        return text

    def paths(self) -> list[str]:
        """Method and path of everything that was sent so far."""
        return [f"{request.method} /{request.url.split('/', 3)[3]}" for request in self.sent]
