"""Slips: every language has every text, one slip is one caller's, and what is outside tells nothing."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import fields
from pathlib import Path

import pytest

from takedown_cli.case import CaseNumber
from takedown_cli.helpline.nouns import Event, State
from takedown_cli.helpline.slip import ACT, Slip, as_html, as_text, due, file_name
from takedown_cli.helpline.wording import LANGUAGES, wording
from tests.helpline.browser import printed_pages, requests, violations
from tests.helpline.caseload import case

NUMBER = str(CaseNumber.draw())
_SCRIPTS = {"ar": "ARABIC", "uk": "CYRILLIC"}


def slip(language: str = "en", number: str | None = NUMBER, reference: str = "2026/0142") -> Slip:
    intake = "https://intake.helpline.example#" + "a1b2c3d4" * 5
    contact = "Example Helpline, 0800 000 000, help@helpline.example"
    return Slip(reference, number, language, intake, 12, 2, "2026-03-01", "2028-02-29", contact)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_text_in_its_own_words(language: str) -> None:
    words, english = wording(language), wording("en")
    script = _SCRIPTS.get(language, "LATIN")
    for field in fields(words):
        text = getattr(words, field.name)
        assert text.strip() == text
        assert text
        letters = [c for c in text.replace("takedown", "") if c.isalpha()]
        if field.name not in {"direction"}:
            assert all(unicodedata.name(c).startswith(script) for c in letters), (field.name, text)
            assert language == "en" or text != getattr(english, field.name), field.name
        assert not any(unicodedata.category(c) in {"Cf", "Cc", "Co", "Cn"} for c in text)
        assert not re.search(r"[{}%<>]|\d", text)
        assert text.endswith((".", "؛", ":")) == getattr(english, field.name).endswith((".", ":")), field.name
    assert words.direction == ("rtl" if language == "ar" else "ltr")


def test_what_an_intake_took_before_it_refused_the_rest_gets_a_slip() -> None:
    partly = case(1, state=State.REFUSED, number=NUMBER)
    found = due([partly, case(2, state=State.REFUSED, sent=None, number=NUMBER)])
    assert [each.reference for _, each in found.slips] == ["R1"]
    assert found.none_due == 1


def test_no_reference_is_too_long_for_a_file(tmp_path: Path) -> None:
    for letter in ("a", "я", "語", "\U00020000"):
        name = file_name(letter * 64, frozenset(), ".html")
        (tmp_path / name).touch()
        assert letter * 50 in name


def test_the_texts_use_letters_of_their_language_only() -> None:
    ukrainian = "".join(getattr(wording("uk"), field.name) for field in fields(wording("uk")))
    assert not set("ыэъё") & set(ukrainian.casefold())
    assert set("іїєґ") & set(ukrainian.casefold())


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_slip_says_the_number_the_next_steps_and_how_to_ask_and_withdraw(language: str) -> None:
    words = wording(language)
    for made in (as_text(slip(language)), as_html([slip(language)])):
        text = re.sub(r"\s+", " ", made.decode().replace("&#x27;", "'"))
        assert text.count(NUMBER) == 1
        for part in (words.next_compare, words.next_limits, words.ask, words.withdraw, words.keep, words.talk):
            assert part in text
        for part in ("takedown status -", "takedown withdraw -", "2026-03-01", "2028-02-29", "help@helpline.example"):
            assert part in text


def test_outside_is_nothing_but_the_reference() -> None:
    page = as_html([slip()]).decode()
    outside = page[page.index('<header class="outside">') : page.index("</header>")]
    inside = page[page.index("</header>") :]
    assert "2026/0142" in outside
    assert "2026/0142" not in inside
    for telling in (NUMBER, "intake", "2026-03-01", "picture", "video", "takedown", "Helpline"):
        assert telling.casefold() not in re.sub(r"<[^>]*>", "", outside).casefold()
    assert NUMBER not in page[: page.index("</header>")]


def test_a_number_that_the_helpline_never_learned_is_not_made_up() -> None:
    for made in (as_text(slip(number=None)), as_html([slip(number=None)])):
        assert wording("en").number_own in re.sub(r"\s+", " ", made.decode())
        assert not re.search(r"([0-9A-Z]{4}-){5}", made.decode())


def test_each_slip_is_one_callers() -> None:
    numbers = [str(CaseNumber.draw()) for _ in range(5)]
    cases = [case(n, number=number, reference=f"zq{n}zq") for n, number in enumerate(numbers)]
    for place, (_, each) in enumerate(due(cases).slips):
        for made in (as_text(each), as_html([each])):
            found = made.decode()
            assert numbers[place] in found
            assert not any(number in found for other, number in enumerate(numbers) if other != place)
            assert not any(f"zq{other}zq" in found for other in range(5) if other != place)


def test_a_slip_is_due_once_and_for_sent_cases_only() -> None:
    given = (Event("2026-03-02", "kim", ACT),)
    cases = [
        case(1), case(2, history=given), case(3, state=State.READY), case(4, state=State.WAITING),
        case(5, state=State.NOTHING), case(6, state=State.REFUSED, sent=None), case(7, state=State.WITHDRAWN),
    ]  # fmt: skip
    found = due(cases)
    assert [each.reference for _, each in found.slips] == ["R1"]
    assert (found.given_before, found.not_sent, found.none_due) == (1, 2, 3)
    again = due(cases, again=frozenset({"R2"}))
    assert [each.reference for _, each in again.slips] == ["R1", "R2"]


def test_outside_text_is_inert_in_both_forms() -> None:
    hostile = "<b>&\"'</b>"
    page = as_html([slip(reference=hostile)]).decode()
    assert hostile not in page
    assert "&lt;b&gt;&amp;&quot;&#x27;&lt;/b&gt;" in page
    assert "<script" not in page


def test_file_names_say_the_reference_and_are_safe() -> None:
    assert file_name("2026/0142", frozenset(), ".html") == "2026-0142.html"
    assert file_name("2026-0142", frozenset({"2026-0142.html"}), ".html") == "2026-0142-2.html"
    assert file_name("../../x", frozenset(), ".txt") == "x.txt"
    assert file_name("Дело 7", frozenset(), ".txt") == "Дело-7.txt"
    assert file_name("…", frozenset(), ".txt") == "slip.txt"


def test_repr_tells_no_number() -> None:
    assert NUMBER not in repr(slip())
    assert "2026/0142" not in repr(slip())


def test_right_to_left_text_keeps_numbers_whole() -> None:
    text = as_text(slip("ar")).decode()
    assert f"\u2066{NUMBER}\u2069" in text
    page = as_html([slip("ar")]).decode()
    assert 'dir="rtl"' in page
    assert f'<bdi dir="ltr">{NUMBER}</bdi>' in page


# ---------------------------------------------------------------------------------------------------- in a real browser


def test_each_slip_prints_on_one_page(tmp_path: Path) -> None:
    slips = [slip(language) for language in LANGUAGES] + [slip("de", None, "R" * 64)]
    assert printed_pages(as_html(slips), tmp_path) == len(slips)


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_slip_can_be_read_by_everybody_and_reaches_out_for_nothing(tmp_path: Path, language: str) -> None:
    page = as_html([slip(language)])
    assert violations(page, tmp_path) == []
    assert requests(page, tmp_path) == []
