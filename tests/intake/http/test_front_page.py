"""The page at the intake's address: what this is, in the words of the README, and nothing that runs."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from takedown_cli.intake import running
from takedown_cli.intake.http import front_page, page_routes
from takedown_cli.intake.http.server import Running
from takedown_cli.intake.service import make_intake
from takedown_cli.intake.settings import Home, Settings
from tests.intake.person import HTTP

README = (Path(__file__).resolve().parents[3] / "README.md").read_text(encoding="utf-8")


def words(text: str) -> str:
    """The text without its marks."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>|\*\*|\[|\]\([^)]*\)|^>", " ", text, flags=re.MULTILINE)).split())


def test_it_says_what_this_is_in_the_words_of_the_readme(intake: Running) -> None:
    answer = HTTP.get(f"{intake.origin}/")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    shown, readme = words(answer.text), words(README)
    for sentence in (
        "takedown hashes intimate pictures and videos on your own device , so that platforms can find and remove",
        "Only fingerprints leave, signed and sealed: no picture, no file name, nothing about you.",
        "It is free and anonymous, and you need no program: ",
        "picture taken when under 18: ",
        "to talk to somebody: a helpline in your country",
    ):
        assert words(sentence) in shown
        assert words(sentence) in readme
    assert intake.address in shown
    assert "This intake is for practice." in shown


def test_it_runs_and_loads_nothing(intake: Running) -> None:
    answer = HTTP.get(f"{intake.origin}/")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert not re.search(r"<(script|img|link|iframe|form|input)|\bsrc=|\bon\w+=", answer.text)
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert HTTP.post(f"{intake.origin}/").status_code == 405


def test_a_name_cannot_become_markup(intake: Running) -> None:
    page = front_page.front_page(intake.identity, "<script>x</script>", page_for_callers=False).decode()
    assert "<script>" not in page
    assert "/case" not in page


def test_a_real_intake_is_not_called_practice(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_routes, "page_digest", lambda: "ab")
    make_intake(Home(home), Settings(name="Test intake"))
    with running(home) as server:
        text = HTTP.get(f"{server.origin}/").text
    assert "practice" not in text
    assert '<a href="/case">' in text
