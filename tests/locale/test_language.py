"""Languages by their tags, and what each says."""

from __future__ import annotations

import pickle
import subprocess
import sys

import pytest

from takedown_cli.locale.filled import filled, filled_many, joined
from takedown_cli.locale.language import ENGLISH, PERSON, language, nearest, tags


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("de", "de"), ("de-AT", "de"), ("DE_at", "de"), ("pt_BR", "pt"), ("zh", "zh-Hans"), ("zh-CN", "zh-Hans"),
        ("zh-TW", "zh-Hant"), ("zh_hant_HK", "zh-Hant"), ("zh-HK", "zh-Hant"), ("tl-PH", "fil"), ("en-GB", "en"),
        ("kmr-Latn-TR", "ku"), ("ku_TR", "ku"), ("ku-Arab-IQ", "ckb"), ("ckb_IQ", "ckb"),
        ("tlh", None), ("", None), ("-", None), ("x" * 300, None),
    ],
)  # fmt: skip
def test_a_tag_is_found_in_any_spelling(wanted: str, found: str | None) -> None:
    assert nearest(wanted, tags()) == found


def test_every_language_says_its_name_and_direction() -> None:
    assert tags()[0] == "en"
    assert len(tags()) == len(set(tags())) > 20
    for tag in tags():
        spoken = language(tag)
        assert spoken.tag == tag
        assert spoken.name
        assert (spoken.direction == "rtl") is (tag in {"ar", "ckb", "ur"})


def test_what_is_filled_in_is_text() -> None:
    said = language("de").say(
        "{platform} found copies and blocks them ({day}).", platform="{day} & Co", day="2026-01-02"
    )
    assert said == "{day} & Co hat Kopien gefunden und sperrt sie (2026-01-02)."


@pytest.mark.parametrize(("count", "word"), [(1, "dzień"), (2, "dni"), (5, "dni")])
def test_plurals_are_those_of_the_language(count: int, word: str) -> None:
    one = "Case received on {received}. The intake keeps it until {expires} (in {count} day)."
    said = language("pl").say_many(one, "", count, received="a", expires="b")
    assert f"{count} {word}" in said


def test_an_unknown_language_is_english() -> None:
    assert language("tlh") is ENGLISH
    assert ENGLISH.say("The intake has no such case.") == "The intake has no such case."
    assert ENGLISH.say_many("{count} day", "{count} days", 2) == "2 days"


def test_english_loads_no_library() -> None:
    """The command line starts quickly for those who need no translation."""
    code = (
        "import sys; from takedown_cli.locale.language import language; language('en').say('x'); "
        "print('babel' in sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "False\n"


def test_a_sentence_is_english_until_it_is_said_in_another_language() -> None:
    said = filled_many("{count} file", "{count} files", 1234)
    assert (said, f"{said}") == ("1,234 files", "1,234 files")
    assert language("de", PERSON).look_up(said) == "1.234 Dateien"
    assert language("de", PERSON).look_up(filled("{seconds} s", seconds=1.25)) == "1,2 s"
    assert language("de", PERSON).look_up(pickle.loads(pickle.dumps(said))) == "1.234 Dateien"


def test_values_are_said_in_the_language_too() -> None:
    place = filled("argument {number}", number=1)
    where = filled("No such file or folder: {name} ({place}).", name="'no'", place=place)
    assert where == "No such file or folder: 'no' (argument 1)."
    assert language("es", PERSON).look_up(where) == "No existe ese archivo o carpeta: 'no' (argumento 1)."
    listed = filled("{reasons}", reasons=(filled("yes"), filled("no")))
    assert (listed, language("ar", PERSON).look_up(listed)) == ("yes, no", "نعم، لا")
    both = joined(("Still working…", filled("Try again later.")))
    assert language("fr", PERSON).look_up(both) == "Toujours en cours… Réessayez plus tard."


def test_what_has_no_values_may_have_braces() -> None:
    for text in ("{", "{name}", "{0}"):
        assert ENGLISH.look_up(filled(text)) == language("de", PERSON).look_up(filled(text)) == text


def test_a_sentence_without_words_says_nothing_in_any_language() -> None:
    for tag in tags():
        spoken = language(tag, PERSON)
        nothing = (filled(""), joined([]), filled("{advice}", advice=filled("")))
        assert [spoken.look_up(each) for each in nothing] == ["", "", ""]
        assert spoken.say("") == ""
