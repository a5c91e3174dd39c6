"""The texts of slips: every language has every text, in its own words."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import fields
from importlib.resources import files

import pytest

from takedown_cli.helpline.wording import LANGUAGES, texts_in

_SCRIPTS = {"ar": "ARABIC", "uk": "CYRILLIC"}


def test_every_file_of_texts_is_a_language_that_can_be_chosen() -> None:
    names = {file.name for file in files("takedown_cli.helpline.wording").iterdir() if file.name.endswith(".toml")}
    assert names == {f"{language}.toml" for language in LANGUAGES}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_text_in_its_own_words(language: str) -> None:
    words, english = texts_in(language), texts_in("en")
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


def test_the_texts_use_letters_of_their_language_only() -> None:
    ukrainian = "".join(getattr(texts_in("uk"), field.name) for field in fields(texts_in("uk")))
    assert not set("ыэъё") & set(ukrainian.casefold())
    assert set("іїєґ") & set(ukrainian.casefold())
