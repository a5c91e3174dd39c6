"""The sentences of slips: every language has every one, in its own words and letters."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import asdict

import pytest

from takedown_cli.helpline.wording import CLEARLY, ENGLISH, LANGUAGES, sentences_in
from takedown_cli.locale.language import language

_SCRIPTS = {
    "ar": "ARABIC", "bn": "BENGALI", "ckb": "ARABIC", "hi": "DEVANAGARI", "km": "KHMER", "ko": "HANGUL",
    "ml": "MALAYALAM", "mr": "DEVANAGARI", "si": "SINHALA", "ta": "TAMIL", "th": "THAI", "uk": "CYRILLIC",
    "ur": "ARABIC", "zh-Hans": "CJK", "zh-Hant": "CJK",
}  # fmt: skip
_END_OF_SENTENCE = (".", "。", "।", "۔", "។", ":", "：", "៖")
#: The same word as in English.
_SAME = {("nl", "Your case"), ("pt", "From")}


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_language_has_every_sentence_in_its_own_words(tag: str) -> None:
    script = _SCRIPTS.get(tag, "LATIN")
    for name, text in asdict(sentences_in(language(tag))).items():
        english = getattr(ENGLISH, name)
        assert text.strip() == text
        assert text
        assert tag == "en" or text != english, name
        letters = [c for c in text.replace("takedown", "") if c.isalpha()]
        assert all(unicodedata.name(c).startswith(script) for c in letters), (name, text)
        assert not any(unicodedata.category(c) in {"Cc", "Co", "Cn"} for c in text)
        assert not re.search(r"[{}%<>]|\d", text)
        if tag != "th":  # Thai ends a sentence with a space
            assert text.endswith(_END_OF_SENTENCE) == english.endswith((".", ":")), (name, text)
        assert text.endswith((":", "：", "៖")) == english.endswith(":"), (name, text)


def test_the_texts_use_letters_of_their_language_only() -> None:
    ukrainian = "".join(asdict(sentences_in(language("uk"))).values())
    assert not set("ыэъё") & set(ukrainian.casefold())
    assert set("іїєґ") & set(ukrainian.casefold())


def test_what_gets_english_beneath_it_is_a_sentence_of_the_slip() -> None:
    assert set(asdict(ENGLISH)) > CLEARLY
