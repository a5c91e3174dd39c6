"""The catalogues of the command line: whole, alike, and of sentences that it really says."""

from __future__ import annotations

import ast
import re
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po

import takedown_cli
from takedown_cli.cli.results.installation import PARAGRAPHS
from takedown_cli.cli.results.words import _REASONS
from takedown_cli.client.client import _REASONS as _REFUSALS
from takedown_cli.core.errors import MissingExtraError, every_error
from takedown_cli.core.reasons import Reason
from takedown_cli.locale.language import PERSON, tags

PACKAGE = Path(takedown_cli.__file__).parent
LANGUAGES = tags(PERSON)[1:]


@cache
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


@cache
def constants() -> set[str]:
    """Every text in the source."""
    trees = (ast.walk(ast.parse(path.read_text(encoding="utf-8"))) for path in PACKAGE.rglob("*.py"))
    return {
        node.value
        for node in chain.from_iterable(trees)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


#: What says a sentence: its first argument, or what a constant of the same module holds.
_SAYING = {"say", "filled", "filled_many"}


@cache
def said_directly() -> set[str]:
    """The sentences with values, and those that are written where they are said."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        constants = {
            ast.unparse(node.target): node.value
            for node in tree.body
            if isinstance(node, ast.AnnAssign) and node.value is not None
        }
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            called, owner = ast.unparse(node.func).rpartition(".")[2], ast.unparse(node.func)
            if called not in _SAYING or owner not in {*_SAYING, "language.say", "console.language.say"}:
                continue
            first = node.args[0]
            starred = first.value if isinstance(first, ast.Starred) else first
            said = constants.get(ast.unparse(starred), first)
            parts = said.elts if isinstance(said, ast.Tuple) else node.args[:2] if called == "filled_many" else [said]
            found |= {part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)}
    return {sentence for sentence in found if re.search("[a-z]", re.sub(r"\{\w+\}", "", sentence))}


def errors_of_a_person() -> set[str]:
    """The sentences of the errors that a person may meet, of the reasons of files, and on what remains."""
    keys, stores = {"manifest", "organisation-key", "passphrase"}, {"intake-database", "list", "list-too-old"}
    others = {*keys, *stores, "ledger", "ledger-key"}
    kinds = [kind for kind in every_error() if kind.id not in others]
    hints = {kind.hint for kind in kinds} - {MissingExtraError.hint}
    fixed = {*(reason.text for reason in Reason), *_REFUSALS.values(), *PARAGRAPHS, *PARAGRAPHS.values()}
    return {kind.sentence for kind in kinds} | hints | fixed


def test_the_first_languages_are_there() -> None:
    assert {"ar", "de", "es", "fr"} <= set(LANGUAGES) <= set(tags())


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_sentence_is_one_that_the_command_line_says(tag: str) -> None:
    assert set(chain.from_iterable(catalogue(tag, PERSON))) <= constants()


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_sentence_that_is_said_is_in_the_catalogues(tag: str) -> None:
    known = set(chain.from_iterable((*catalogue(tag, PERSON), *catalogue(tag, "caller"))))
    assert len(said_directly()) > 100
    assert said_directly() <= known
    assert errors_of_a_person() <= known


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_reason_is_counted_in_words(tag: str) -> None:
    assert {*_REASONS} == {*Reason}
    assert {*_REASONS.values()} <= set(catalogue(tag, PERSON))


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
            assert form.strip() == form != "" or key == (", ",)


@pytest.mark.parametrize("tag", LANGUAGES)
def test_yes_and_no_cannot_be_mixed_up(tag: str) -> None:
    mine = catalogue(tag, PERSON)
    [yes], [no] = mine["yes",], mine["no",]
    assert yes == yes.casefold()
    assert not no.casefold().startswith((yes[0], "y"))
