"""The page and slips in other languages: every sentence is there, fits its place, and says what the English says."""

from __future__ import annotations

import gettext
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from babel import Locale
from babel.messages.pofile import read_po

from takedown_cli.cli.results import case as case_words
from takedown_cli.helpline import wording
from takedown_cli.intake.http.server import Running
from takedown_cli.intake.page import page_files
from takedown_cli.locale.language import language
from tests.helpline.browser import axe_source
from tests.intake.page.browser import ROOT, SOURCE, Caller, address_of
from tests.intake.person import Person, Platform, balanced, picture, video
from tests.locale.pseudo import pseudo

LOCALES = sorted(path.parents[1] for path in (ROOT / "takedown_cli" / "locale").glob("*/LC_MESSAGES/caller.po"))
TAGS = [folder.name.replace("_", "-") for folder in LOCALES]
RIGHT_TO_LEFT = {"ar", "ckb", "ur"}
_STRING = r'"((?:[^"\\]|\\.)*)"'


def _said() -> set[Sentence]:
    """Every sentence of the sources; those with a plural as both forms."""
    html = "\n".join((SOURCE / "src" / name).read_text(encoding="utf-8") for name in ("page.html", "helplines.mjs"))
    script = "\n".join(path.read_text(encoding="utf-8") for path in sorted((SOURCE / "src").glob("*.ts")))
    found: set[Sentence] = set(re.findall(r"data-say(?:=\"clearly\")?[^>]*>([^<]+)<", html))
    found |= set(re.findall(rf"\bsay(?:Clearly)?\(\s*{_STRING}", script))
    found |= set(re.findall(rf"\bsayMany(?:Clearly)?\(\s*{_STRING},\s*{_STRING}", script))
    return found


def _of_slips() -> set[Sentence]:
    return {getattr(wording.ENGLISH, each.name) for each in fields(wording.ENGLISH)}


def _of_status() -> set[Sentence]:
    """What platforms answered, in the table of 'takedown status'. The page says it in sentences."""
    return {*case_words._ANSWERS.values()}


Sentence = str | tuple[str, str]


@dataclass(frozen=True)
class Translated:
    """A catalogue: the forms of each sentence, one unless it has a plural, and the rule that picks a form."""

    forms: dict[Sentence, list[str]]
    plurals: int
    rule: str

    @classmethod
    def read(cls, folder: Path) -> Translated:
        with (folder / "LC_MESSAGES" / "caller.po").open("rb") as file:
            catalogue = read_po(file, locale=folder.name)
        forms: dict[Sentence, list[str]] = {}
        for message in catalogue:
            said: Any = message.string
            if message.id:
                key = message.id if isinstance(message.id, str) else (message.id[0], message.id[1])
                forms[key] = [said] if isinstance(said, str) else list(said)
        return cls(forms, catalogue.num_plurals, str(catalogue.plural_expr))

    def place(self, n: int) -> int:
        """Which form gettext itself picks for this many."""
        return int(gettext.c2py(self.rule)(n))


def test_the_sources_say_what_is_looked_for() -> None:
    """The patterns above find sentences of every kind; there are few enough for a translator."""
    said = _said()
    assert {"Your case", "No, keep it", "The intake has no such case."} <= said
    assert ("Picture {numbers}: withdrawn.", "Pictures {numbers}: withdrawn.") in said
    assert 70 < len(said) < len(said | _of_slips()) <= 150


def test_the_command_line_says_of_a_case_what_the_catalogues_have() -> None:
    """Its sentences are those of the page, so that one translation serves both."""
    numbered: list[Any] = [*case_words._ITEM_STATES.values(), *case_words._NUMBERED.values(), case_words._RECEIVED_DAYS]
    outlooks = (case_words._ALL_WITHDRAWN, case_words._BLOCKED, case_words._WAITING)
    assert {*numbered, case_words._RECEIVED, *chain.from_iterable(outlooks)} <= _said()


@pytest.mark.parametrize("folder", LOCALES, ids=lambda folder: folder.name)
def test_a_catalogue_has_every_sentence_and_no_other(folder: Path) -> None:
    assert set(Translated.read(folder).forms) == _said() | _of_slips() | _of_status()


@pytest.mark.parametrize("folder", LOCALES, ids=lambda folder: folder.name)
def test_translations_are_whole_and_keep_what_stands_in_braces(folder: Path) -> None:
    translated = Translated.read(folder)
    header = (folder / "LC_MESSAGES" / "caller.po").read_text(encoding="utf-8")
    assert re.search(r'^"X-Reviewed: (yes|no)\\n"$', header, re.MULTILINE)
    assert re.search(r'^"X-Name: \S.*\\n"$', header, re.MULTILINE)
    for sentence, forms in translated.forms.items():
        assert len(forms) == (1 if isinstance(sentence, str) else translated.plurals), sentence
        english = sentence if isinstance(sentence, str) else sentence[1]
        for form in forms:
            assert form.strip() == form != "", english
            assert sorted(re.findall(r"\{\w+\}", form)) == sorted(re.findall(r"\{\w+\}", english)), form
            assert "<" not in form, form


@pytest.mark.skipif(not page_files(), reason="the page is not built: run 'make web'")
@pytest.mark.parametrize("folder", LOCALES, ids=lambda folder: folder.name)
def test_the_built_catalogue_counts_as_the_language_does(folder: Path) -> None:
    """The browser picks by CLDR's categories, and so does Babel."""
    translated = Translated.read(folder)
    built = json.loads(page_files()[f"/case/{folder.name.replace('_', '-')}.json"].body)
    assert len(built) == len(_said())  # and none of those that only slips and the command line have
    category = Locale.parse(folder.name).plural_form
    for sentence in _said():
        forms = translated.forms[sentence]
        if isinstance(sentence, str):
            assert built[sentence] == forms[0]
            continue
        by_category = built[sentence[0]]
        assert set(by_category.values()) == set(forms)
        for n in (0, 1, 2, 3, 5, 11, 12, 21, 22, 100, 101, 102):
            assert by_category.get(category(n), by_category["other"]) == forms[translated.place(n)], n


@pytest.fixture(scope="module")
def case(intake: Running) -> Person:
    """A case in which everything happened."""
    person = Person(intake.origin, intake.card)
    values = [balanced(("language", n)) for n in range(6)]
    person.submit(*(picture(value) for value in values), picture(balanced("poor"), quality=0), video("0" * 30 + "77"))
    platform = Platform(intake.origin, intake.add_participant("Platform & Co"))
    platform.pull(size=5000)
    for value, feedback in zip(values, ["Blocked", "NotBlocked", "PendingReview"], strict=False):
        platform.say(value, feedback)
    person.withdraw(values[3])
    return person


@pytest.fixture(params=TAGS)
def foreigner(request: pytest.FixtureRequest, browser: Any) -> Iterator[tuple[str, Caller]]:
    """Somebody whose browser speaks another language, on a small screen."""
    tag: str = request.param
    context = browser.new_context(locale=tag, viewport={"width": 320, "height": 640}, bypass_csp=True)
    yield tag, Caller(context.new_page())
    context.close()


def _own_text(caller: Caller, selector: str) -> str:
    """The text without the English beneath."""
    text: str = caller.window.evaluate(
        """(selector) => {
            const copy = document.querySelector(selector).cloneNode(true);
            copy.querySelectorAll(".english, code").forEach((each) => each.remove());
            return copy.textContent;
        }""",
        selector,
    )
    return text


def test_a_case_is_shown_and_withdrawn_in_every_language(
    intake: Running, case: Person, foreigner: tuple[str, Caller]
) -> None:
    """And axe finds nothing wrong, light and dark, and nothing is cut off at 320 pixels."""
    tag, caller = foreigner
    caller.open(address_of(intake))
    caller.window.locator(f"html[lang='{tag}']").wait_for()
    assert caller.window.evaluate("document.documentElement.dir") == ("rtl" if tag in RIGHT_TO_LEFT else "ltr")
    caller.ask(case.number)
    caller.see_case()
    caller.window.locator("#all").click()
    caller.window.evaluate("document.querySelectorAll('details').forEach((each) => each.open = true)")
    assert caller.window.evaluate("document.documentElement.scrollWidth") <= 320
    days = caller.window.evaluate(
        "[...document.querySelectorAll('#state time')].map((each) => [each.dateTime, each.textContent])"
    )
    assert days
    for day, said in days:  # the day and the year as on a slip, or as given where the browser lacks the language
        digits = re.findall(r"\d+", said)
        assert digits == re.findall(r"\d+", language(tag).date(day)) or said == day
    shown = _own_text(caller, "main")
    for message in _said():
        for english in (message,) if isinstance(message, str) else message:
            piece = max(re.split(r"\{\w+\}", english), key=len)
            assert len(piece) < 12 or piece not in shown  # a short word may be the same in two languages
    caller.window.evaluate(axe_source())
    for scheme in ("light", "dark"):
        caller.window.emulate_media(color_scheme=scheme)
        found = caller.window.evaluate("axe.run()")
        assert [f"{one['id']} {[node['target'] for node in one['nodes']]}" for one in found["violations"]] == []
    assert caller.said == []


def test_the_english_stands_beneath_until_a_native_speaker_has_read_it(
    intake: Running, case: Person, foreigner: tuple[str, Caller]
) -> None:
    tag, caller = foreigner
    reviewed = "X-Reviewed: yes" in (
        ROOT / "takedown_cli" / "locale" / tag.replace("-", "_") / "LC_MESSAGES" / "caller.po"
    ).read_text(encoding="utf-8")
    caller.open(address_of(intake))
    caller.window.locator(f"html[lang='{tag}']").wait_for()
    caller.ask(case.number)
    caller.see_case()
    caller.window.locator("#all").click()
    english = caller.window.locator("#confirm .english").all_inner_texts()
    wanted = [
        "Withdraw the whole case? Platforms are then asked to stop looking for it.",
        "It cannot be put back. You would have to send it again.", "Yes, withdraw", "No, keep it",
    ]  # fmt: skip
    assert english == ([] if reviewed else wanted)
    assert caller.window.locator("#unreviewed").is_visible() is not reviewed


def test_another_language_is_chosen_on_the_page(intake: Running, case: Person, caller: Caller) -> None:
    """What is shown, what was ticked and what is asked stay, in the other language."""
    caller.open(address_of(intake))
    caller.ask(case.number)
    caller.see_case()
    assert not caller.window.locator("#unreviewed").is_visible()
    caller.window.get_by_text("Withdraw single pictures or videos").click()
    caller.window.get_by_label("Picture 2").check()
    caller.window.get_by_label("Language").select_option("de")
    caller.window.get_by_text("Bild 1: auf der Liste").wait_for()
    assert caller.window.get_by_label("Bild 2").is_checked()
    caller.window.get_by_role("button", name="Ausgewählte zurückziehen").click()
    assert "1 Bild oder Video zurückziehen?" in caller.window.locator("#question").inner_text()
    caller.window.get_by_label("Sprache").select_option("ar")
    caller.window.get_by_text("هل تريد سحب صورة واحدة").wait_for()
    caller.window.get_by_label("اللغة").select_option("en")
    caller.window.get_by_text("Withdraw 1 picture or video?").wait_for()
    assert caller.window.locator(".english").count() == 0
    assert caller.window.evaluate("document.title") == "Your case"


def test_a_catalogue_that_was_changed_on_the_way_is_not_used(intake: Running, caller: Caller) -> None:
    evil = json.dumps({"Case number": "Password"})
    caller.window.route("**/case/fr.json", lambda route: route.fulfill(body=evil, content_type="application/json"))
    caller.open(address_of(intake))
    caller.window.get_by_label("Language").select_option("fr")
    expect = pytest.importorskip("playwright.sync_api").expect
    expect(caller.window.locator("#language")).to_have_value("en")  # it is "fr" until the catalogue has been refused
    assert caller.window.get_by_label("Case number").is_visible()


def _pseudo_catalogue() -> str:
    """A catalogue in which every sentence is longer and in brackets, plurals in every category."""
    made: dict[str, object] = {}
    for sentence in _said():
        if isinstance(sentence, str):
            made[sentence] = pseudo(sentence)
        else:
            made[sentence[0]] = {"one": pseudo(sentence[0]), "other": pseudo(sentence[1])}
    return json.dumps(made)


def test_a_language_that_is_longer_than_english_fits_a_small_screen(
    intake: Running, case: Person, caller: Caller
) -> None:
    """At 320 pixels nothing is cut off, and every sentence comes from the catalogue."""

    def without_digests(route: Any) -> None:  # the browser would refuse a catalogue that was not built
        response = route.fetch()
        route.fulfill(response=response, body=re.sub(r'(integrity[:=])"sha384-[^"]+"', r'\1""', response.text()))

    caller.window.route("**/case", without_digests)
    caller.window.route("**/case/page.js", without_digests)
    pseudo_ = _pseudo_catalogue()
    caller.window.route("**/case/de.json", lambda route: route.fulfill(body=pseudo_, content_type="application/json"))
    caller.window.set_viewport_size({"width": 320, "height": 640})
    caller.open(address_of(intake))
    caller.window.get_by_label("Language").select_option("de")
    caller.window.get_by_text(pseudo("Your case")).first.wait_for()
    caller.ask(case.number)
    caller.see_case()
    caller.window.locator("#all").click()
    caller.window.evaluate("document.querySelectorAll('details').forEach((each) => each.open = true)")
    assert caller.window.evaluate("document.documentElement.scrollWidth") <= 320
    cut = """() => [...document.querySelectorAll("main *")].filter((each) => each.checkVisibility()
        && each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).overflow !== "visible"
        && !["INPUT", "SELECT"].includes(each.tagName)).map((each) => each.outerHTML)"""
    assert caller.window.evaluate(cut) == []
    left = caller.window.evaluate(
        """() => {
            const copy = document.querySelector("main").cloneNode(true);
            copy.querySelectorAll(".english, code, bdi, time, select, [hidden]").forEach((each) => each.remove());
            return copy.textContent;
        }"""
    )
    assert re.sub(r"⟦[^⟧]*⟧|\s", "", left) == ""


def test_numbers_and_names_keep_their_order_in_right_to_left_text(intake: Running, caller: Caller) -> None:
    """A range of numbers, a platform's name and its number, and the case number as it is typed."""
    person = Person(intake.origin, intake.card)
    values = [balanced(("bidi", n)) for n in range(3)]
    person.submit(*(picture(value) for value in values))
    platform = Platform(intake.origin, intake.add_participant("(Platform) 12-34!"))
    for value in values:
        platform.say(value, "Blocked")
    caller.open(address_of(intake))
    caller.window.get_by_label("Language").select_option("ar")
    caller.window.locator("html[dir='rtl']").wait_for()
    caller.ask(person.number)
    caller.see_case()
    places = """(text) => {
        const walker = document.createTreeWalker(document.getElementById("state"), NodeFilter.SHOW_TEXT);
        for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
            const start = node.data.indexOf(text);
            if (start >= 0) return [...text].map((_, n) => {
                const range = document.createRange();
                range.setStart(node, start + n);
                range.setEnd(node, start + n + 1);
                return range.getBoundingClientRect().left;
            });
        }
        return null;
    }"""
    for text in ("1-3", "(Platform) 12-34!"):
        left = caller.window.evaluate(places, text)
        assert left is not None, text
        assert left == sorted(left), text
    assert caller.window.evaluate("getComputedStyle(document.getElementById('number')).direction") == "ltr"
    assert caller.window.evaluate("getComputedStyle(document.querySelector('#pinned code')).direction") == "ltr"
