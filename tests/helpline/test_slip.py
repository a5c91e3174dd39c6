"""Slips: one slip is one caller's, and what is outside says nothing but the reference."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
import segno

from takedown_cli.helpline.case import CaseState
from takedown_cli.helpline.ledger.entry import Entry
from takedown_cli.helpline.slip import Sender, slip_as_text, slips_as_html, slips_due
from takedown_cli.helpline.wording import CLEARLY, ENGLISH, LANGUAGES, sentences_in
from takedown_cli.locale.language import language as find_language
from takedown_cli.protocol.case_number import CaseNumber
from tests.helpline.browser import evaluated, printed_pages, requests, violations
from tests.helpline.made_up_cases import case

NUMBER = str(CaseNumber.draw())
PAGE = "https://intake.helpline.example/case#" + "a1b2c3d4" * 5
SENDER = Sender("Example Helpline", "0800 000 000, help@helpline.example")
LONG_SENDER = Sender(
    "An Example Helpline With a Long Name for Everybody",
    "0800 000 000, help@helpline.example, Mondays to Fridays from nine to five, 12 Example Street, 12345 Example Town",
)


def slip(
    language: str = "en",
    number: str | None = NUMBER,
    reference: str = "2026/0142",
    *,
    age: str = "under-18",
    behalf: str = "self",
) -> Entry:
    intake = "https://intake.helpline.example#" + "a1b2c3d4" * 5
    return case(
        1, reference=reference, number=number, language=language, intake=intake, items=12, unprotected=2,
        age=age, behalf=behalf,
    )  # fmt: skip


def whole(made: bytes | str) -> str:
    """The text without line breaks, which fall elsewhere in each form and language."""
    text = made.decode() if isinstance(made, bytes) else made
    return re.sub(r"\s+", " ", text.replace("&#x27;", "'"))


def test_what_an_intake_took_before_it_refused_the_rest_gets_a_slip() -> None:
    partly = case(1, state=CaseState.REFUSED, number=NUMBER)
    found = slips_due([partly, case(2, state=CaseState.REFUSED, sent=None, number=NUMBER)])
    assert [each.reference for each in found.slips] == ["R1"]
    assert found.none_due == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_slip_says_the_number_the_next_steps_and_how_to_ask_and_withdraw(language: str) -> None:
    spoken = find_language(language)
    words = sentences_in(spoken)
    for made in (slip_as_text(slip(language), SENDER), slips_as_html([slip(language)], SENDER)):
        text = whole(made)
        assert text.count(NUMBER) == 1
        for part in (words.next_compare, words.next_limits, words.ask, words.withdraw, words.keep, words.talk):
            assert whole(part) in text
        for part in (
            "takedown status -",
            "takedown withdraw -",
            whole(spoken.date("2026-03-01")),
            whole(spoken.date("2028-02-29")),
            "help@helpline.example",
            "Example Helpline",
        ):
            assert part in text


def test_each_person_is_told_that_it_is_not_their_fault_in_words_for_them() -> None:
    words = ENGLISH
    for behalf, age, said in (
        ("child", "under-18", words.for_parent),
        ("self", "under-18", words.for_child),
        ("self", "adult", words.for_adult),
    ):
        entry = case(1, number=NUMBER, behalf=behalf, age=age)
        for made in (slip_as_text(entry), slips_as_html([entry])):
            text = re.sub(r"\s+", " ", made.decode())
            assert f"{words.not_your_fault}" in text
            assert sum(part in text for part in (words.for_parent, words.for_child, words.for_adult)) == 1
            assert said in text


@pytest.mark.parametrize(
    ("language", "date"),
    [
        ("en", "1 March 2026"),
        ("de", "1. März 2026"),
        ("fr", "1 mars 2026"),
        ("es", "1 de marzo de 2026"),
        ("pl", "1 marca 2026"),
        ("tr", "1 Mart 2026"),
        ("ar", "1 مارس 2026"),
        ("uk", "1 березня 2026 р."),
        ("hi", "1 मार्च 2026"),
        ("ko", "2026년 3월 1일"),
        ("th", "1 มีนาคม 2569"),
        ("si", "2026-03-01"),
        ("ckb", "1ی ئازاری 2026"),
        ("ku", "1ê adara 2026an"),
        ("vi", "1 tháng 3, 2026"),
        ("zh-Hant", "2026年3月1日"),
    ],
)
def test_dates_are_as_people_write_them(language: str, date: str) -> None:
    assert whole(find_language(language).date("2026-03-01")) == date


def test_outside_is_nothing_but_the_reference() -> None:
    page = slips_as_html([slip()], SENDER).decode()
    outside = page[page.index('<header class="outside">') : page.index("</header>")]
    inside = page[page.index("</header>") :]
    assert "2026/0142" in outside
    assert "2026/0142" not in inside
    for telling in (NUMBER, "intake", "2026-03-01", "picture", "video", "takedown", "Helpline"):
        assert telling.casefold() not in re.sub(r"<[^>]*>", "", outside).casefold()
    assert NUMBER not in page[: page.index("</header>")]


def test_a_number_that_the_helpline_never_learned_is_not_made_up() -> None:
    for made in (slip_as_text(slip(number=None)), slips_as_html([slip(number=None)])):
        assert ENGLISH.number_own in re.sub(r"\s+", " ", made.decode())
        assert not re.search(r"([0-9A-Z]{4}-){5}", made.decode())


def test_each_slip_is_one_callers() -> None:
    numbers = [str(CaseNumber.draw()) for _ in range(5)]
    cases = [case(n, number=number, reference=f"zq{n}zq") for n, number in enumerate(numbers)]
    for place, each in enumerate(slips_due(cases).slips):
        for made in (slip_as_text(each), slips_as_html([each])):
            found = made.decode()
            assert numbers[place] in found
            assert not any(number in found for other, number in enumerate(numbers) if other != place)
            assert not any(f"zq{other}zq" in found for other in range(5) if other != place)


def test_a_slip_is_due_once_and_for_sent_cases_only() -> None:
    given = [("2026-03-02", "kim", "slip")]
    cases = [
        case(1), case(2, history=given), case(3, state=CaseState.READY), case(4, state=CaseState.WAITING),
        case(5, state=CaseState.NOTHING), case(6, state=CaseState.REFUSED, sent=None),
        case(7, state=CaseState.WITHDRAWN),
    ]  # fmt: skip
    found = slips_due(cases)
    assert [each.reference for each in found.slips] == ["R1"]
    assert (found.given_before, found.not_sent, found.none_due) == (1, 2, 3)
    again = slips_due(cases, again=True)
    assert [each.reference for each in again.slips] == ["R1", "R2"]


def test_outside_text_is_inert_in_both_forms() -> None:
    hostile = "<b>&\"'</b>"
    page = slips_as_html([slip(reference=hostile)]).decode()
    assert hostile not in page
    assert "&lt;b&gt;&amp;&quot;&#x27;&lt;/b&gt;" in page
    assert "<script" not in page


def test_repr_tells_no_number() -> None:
    assert NUMBER not in repr(slip())
    assert "2026/0142" not in repr(slip())


def test_right_to_left_text_keeps_numbers_whole() -> None:
    text = slip_as_text(slip("ar")).decode()
    assert f"\u2066{NUMBER}\u2069" in text
    [line] = [line for line in text.splitlines() if NUMBER in line]
    assert str(CaseNumber.parse(line)) == NUMBER  # copied out of the slip, marks and all
    page = slips_as_html([slip("ar")]).decode()
    assert 'dir="rtl"' in page
    assert f'<bdi dir="ltr">{NUMBER}</bdi>' in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_slip_with_the_page_has_its_address_and_no_command(language: str) -> None:
    """The whole address of the intake, with its key; never the number, which a browser would keep in its history."""
    words = sentences_in(find_language(language))
    made = (
        slip_as_text(slip(language), SENDER, with_page=True),
        slips_as_html([slip(language)], SENDER, with_page=True),
    )
    for each in made:
        text = whole(each)
        assert text.count(PAGE) == 1
        assert text.count(NUMBER) == 1
        assert whole(words.ask_page) in text
        assert whole(words.withdraw_page) in text
        assert "takedown status" not in text
        assert "takedown withdraw" not in text


def test_without_a_known_key_the_page_has_none() -> None:
    entry = case(1, number=NUMBER, intake="https://intake.helpline.example")
    assert "    https://intake.helpline.example/case\n" in slip_as_text(entry, with_page=True).decode()


def test_the_qr_code_is_the_address_of_the_page() -> None:
    """Compared with the drawing of the address that segno makes, module by module."""
    page = slips_as_html([slip()], with_page=True).decode()
    drawn = re.findall(r'<path[^>]* d="([^"]+)"', page)
    assert drawn == re.findall(r'<path[^>]* d="([^"]+)"', segno.make_qr(PAGE, error="m").svg_inline(border=4))
    assert "<script" not in page


@pytest.mark.parametrize("tag", LANGUAGES)
@pytest.mark.parametrize("with_page", [False, True])
def test_the_english_stands_beneath_until_a_native_speaker_has_read_it(tag: str, with_page: bool) -> None:
    spoken = find_language(tag)
    shown = {
        "number",
        "keep",
        "withdraw_title",
        *(("ask_page", "withdraw_page") if with_page else ("ask_program", "withdraw")),
    }
    assert shown <= CLEARLY
    for made in (
        slip_as_text(slip(tag), SENDER, with_page=with_page),
        slips_as_html([slip(tag)], SENDER, with_page=with_page),
    ):
        text = whole(made)
        for name in shown:
            assert (getattr(ENGLISH, name) in text) is (tag == "en" or not spoken.reviewed), name
        assert (ENGLISH.unreviewed in text) is not spoken.reviewed
        assert ENGLISH.next_compare not in text or tag == "en"


# ---------------------------------------------------------------------------------------------------- in a real browser


def test_each_slip_prints_on_one_page(tmp_path: Path) -> None:
    people = ({"age": "under-18"}, {"age": "under-18", "behalf": "child"}, {"age": "adult"})
    slips = [slip(language, **person) for language in LANGUAGES for person in people] + [slip("de", None, "R" * 64)]
    for with_page in (False, True):
        assert printed_pages(slips_as_html(slips, LONG_SENDER, with_page=with_page), tmp_path) == len(slips)


@pytest.mark.parametrize("language", ["en", "ar", "th"])
def test_a_slip_can_be_read_by_everybody_and_reaches_out_for_nothing(tmp_path: Path, language: str) -> None:
    for with_page in (False, True):
        page = slips_as_html([slip(language)], SENDER, with_page=with_page)
        assert violations(page, tmp_path) == []
        assert requests(page, tmp_path) == []


@pytest.mark.parametrize("language", ["en", "ar", "ta", "uk"])
def test_a_slip_can_be_read_on_a_telephone_and_in_the_dark(tmp_path: Path, language: str) -> None:
    page = slips_as_html([slip(language)], SENDER)
    framed = f"<iframe id=f style='width:360px;height:700px;border:0' srcdoc='{html.escape(page.decode())}'></iframe>"
    frame = f"<!DOCTYPE html><html lang=en><head><title>x</title></head><body>{framed}</body></html>".encode()
    script = (
        "new Promise(r=>{const f=document.getElementById('f');const look=()=>{const d=f.contentDocument;"
        "const read=d?[...d.querySelectorAll('.slip *')].filter(e=>!e.closest('.english, .note, svg')&&"
        "[...e.childNodes].some(n=>n.nodeType===3&&n.data.trim())):[];"
        "read.length>20?r([d.documentElement.scrollWidth,Math.min(...read.map(e=>"
        "parseFloat(f.contentWindow.getComputedStyle(e).fontSize)))]):setTimeout(look,20)};look()})"
    )
    width, points = evaluated(frame, tmp_path, script)
    assert width <= 360
    assert points >= 16  # CSS pixels: 12 points
    assert violations(page, tmp_path, dark=True) == []
