"""The catalogues of the command line: whole, alike, and of sentences that it really says."""

from __future__ import annotations

import ast
import re
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po

import takedown_cli
from takedown_cli.locale.language import PERSON, tags

PACKAGE = Path(takedown_cli.__file__).parent
LANGUAGES = tags(PERSON)[1:]


def catalogue(tag: str, domain: str) -> dict[tuple[str, ...], tuple[str, ...]]:
    """English sentence, or both of its forms → the forms in the language."""
    path = PACKAGE / "locale" / tag.replace("-", "_") / "LC_MESSAGES" / f"{domain}.po"
    found = {}
    for message in read_po(path.open("rb"), locale=tag.replace("-", "_")):
        key: Any = message.id
        said: Any = message.string
        if key:
            found[(key,) if isinstance(key, str) else tuple(key)] = (said,) if isinstance(said, str) else tuple(said)
    return found


def constants() -> set[str]:
    """Every text in the source of the command line, and of the errors that it shows."""
    paths = chain((PACKAGE / "cli").rglob("*.py"), [PACKAGE / "core" / "errors.py"])
    trees = (ast.walk(ast.parse(path.read_text(encoding="utf-8"))) for path in paths)
    return {
        node.value
        for node in chain.from_iterable(trees)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def said_directly() -> set[str]:
    """The sentences that are written where they are said."""
    found = set()
    for path in (PACKAGE / "cli").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                owner = ast.unparse(node.func)
                if called == "say" and (owner == "say" or owner.endswith("language.say")):
                    found.add(str(node.args[0].value))
    return found


def test_the_first_languages_are_there() -> None:
    assert {"ar", "de", "es", "fr"} <= set(LANGUAGES) <= set(tags())


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_sentence_is_one_that_the_command_line_says(tag: str) -> None:
    assert set(chain.from_iterable(catalogue(tag, PERSON))) <= constants()


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_sentence_that_is_said_is_in_the_catalogues(tag: str) -> None:
    known = set(chain.from_iterable((*catalogue(tag, PERSON), *catalogue(tag, "caller"))))
    assert len(said_directly()) > 20
    assert said_directly() <= known


@pytest.mark.parametrize("tag", LANGUAGES)
def test_the_languages_have_the_same_sentences_and_what_is_filled_in(tag: str) -> None:
    mine = catalogue(tag, PERSON)
    assert set(mine) == set(catalogue("de", PERSON))
    assert not set(mine) & set(catalogue(tag, "caller"))
    for key, forms in mine.items():
        for form in forms:
            wanted, filled = (set(re.findall(r"\{\w+\}", text)) for text in (key[-1], form))
            assert filled <= wanted, form
            # "what this file shows" needs no number, and "two pictures" says it in a word
            assert len(key) > 1 or filled == wanted, form
            assert form.strip() == form != ""


@pytest.mark.parametrize("tag", LANGUAGES)
def test_yes_and_no_cannot_be_mixed_up(tag: str) -> None:
    mine = catalogue(tag, PERSON)
    [yes], [no] = mine["yes",], mine["no",]
    assert yes == yes.casefold()
    assert not no.casefold().startswith((yes[0], "y"))
