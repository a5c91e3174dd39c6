"""What the page leaves behind: nothing that shows the number, in the browser, on the way or at the intake."""

from __future__ import annotations

from pathlib import Path

import pytest

from takedown_cli.intake import running
from takedown_cli.intake.http.server import Running
from takedown_cli.intake.page import page_files
from tests.intake.page.browser import Caller, address_of, with_profile
from tests.intake.person import Person
from tests.intake.served import everything_in


def _parts(person: Person) -> list[bytes]:
    """The number and what is derived from it, as whole and in parts, as text could show them."""
    symbols = person.number.symbols
    groups = str(person.number)
    pieces = [symbols[place : place + 8] for place in range(0, 24, 8)]
    pieces += [groups[place : place + 9] for place in range(0, 29, 5)][:5]
    pieces.append(person.place[0])
    texts = [text for piece in pieces for text in (piece, piece.lower())]
    return [encoded for text in texts for encoded in (text.encode(), text.encode("utf-16-le"))]


def test_the_number_is_nowhere_afterwards(tmp_path: Path) -> None:
    """A profile as a person has it: history, sessions, caches, storage, autofill."""
    if not page_files():
        pytest.skip("the page is not built: run 'make web'")
    with running(tmp_path / "home") as server:
        person = Person(server.origin, server.card)
        person.submit()
        with with_profile(tmp_path / "profile") as context:
            caller = Caller(context.new_page())
            caller.open(address_of(server))
            caller.ask(person.number)
            caller.see_case()
            shown = caller.window.evaluate(
                "[document.cookie, location.href, JSON.stringify(history.state), JSON.stringify(localStorage),"
                " JSON.stringify(sessionStorage), document.getElementById('number').value].join(' ')"
            )
            databases = caller.window.evaluate("indexedDB.databases().then((found) => found.length)")
            caches = caller.window.evaluate("caches.keys().then((found) => found.length)")
            cookies = context.cookies()
        assert (databases, caches, cookies, caller.said) == (0, 0, [], [])
        sent = b"\n".join(
            b"\n".join([request.url.encode(), repr(request.headers).encode(), request.post_data_buffer or b""])
            for request in caller.sent
        )
        kept = everything_in(tmp_path / "profile")
        assert b"/case" in kept  # the history has the address, so this looks at the right place
        places = {"window": shown.encode(), "sent": sent, "profile": kept, "intake": everything_in(tmp_path / "home")}
        for part in _parts(person):
            assert not [name for name, content in places.items() if part in content]
        assert {request.url.partition("/case")[0].partition("/v1")[0] for request in caller.sent} == {server.origin}


def test_what_was_shown_is_gone_when_the_person_comes_back(intake: Running, person: Person, caller: Caller) -> None:
    person.submit()
    caller.open(address_of(intake))
    caller.ask(person.number)
    caller.see_case()
    caller.open(f"{intake.origin}/healthz")
    caller.window.go_back()
    caller.window.locator("#number").wait_for()
    assert not caller.window.locator("#case").is_visible()
    assert caller.window.locator("#number").input_value() == ""
