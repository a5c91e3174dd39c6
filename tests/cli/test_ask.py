"""Questions and secrets: answered on a terminal or not at all, never echoed, never from the arguments."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from takedown_cli.case import CaseNumber
from takedown_cli.cli import ask
from takedown_cli.cli.console import console
from takedown_cli.errors import CaseNumberError, DeclinedError, UsageError
from tests.bundle.factory import DECLARATION, card, item
from tests.cli.runner import in_terminal


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Person:
    """Somebody at a terminal, who types what the test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def types(self, text: str) -> _Terminal:
        """Gives the screen."""
        screen = _Terminal()
        self._monkeypatch.setattr(sys, "stdin", _Terminal(text))
        self._monkeypatch.setattr(sys, "stderr", screen)
        return screen


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> Person:
    monkeypatch.setattr(console, "yes", False)
    monkeypatch.setattr(console, "no_input", False)
    return Person(monkeypatch)


@pytest.mark.parametrize(
    ("text", "goes_on"), [("y\n", True), ("YES\n", True), ("\n", False), ("n\n", False), ("", False)]
)
def test_only_a_yes_goes_on(person: Person, text: str, goes_on: bool) -> None:
    person.types(text)
    if goes_on:
        ask.confirm("Send this?")
    else:
        with pytest.raises(DeclinedError):
            ask.confirm("Send this?")


def test_yes_beforehand_asks_nothing(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = person.types("")
    monkeypatch.setattr(console, "yes", True)
    ask.confirm("Send this?")
    assert screen.getvalue() == ""


def test_no_input_never_asks(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    person.types("y\n")
    monkeypatch.setattr(console, "no_input", True)
    for question in (lambda: ask.confirm("?"), lambda: ask.choose("?", {"a": "b"})):
        with pytest.raises(DeclinedError) as declined:
            question()
        assert declined.value.exit_code == 8
    with pytest.raises(UsageError) as misused:  # no --yes would help here
        ask.secret("?")
    assert misused.value.exit_code == 2


def test_without_a_terminal_nothing_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    with pytest.raises(DeclinedError):
        ask.confirm("Send this?")


def test_a_choice_by_number_or_by_word(person: Person) -> None:
    answers = {"self": "me", "child": "my child"}
    person.types("7\nchild\n")
    assert ask.choose("Who?", answers) == "child"
    person.types("1\n")
    assert ask.choose("Who?", answers) == "self"


def test_a_case_number_from_a_file_and_from_stdin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = CaseNumber.draw()
    (tmp_path / "number").write_text(f"  {str(case).lower().replace('-', ' ')}\n")
    assert ask.case_number(str(tmp_path / "number")) == case
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{case}\nmore\n"))
    assert ask.case_number("-") == case


def test_a_case_number_among_the_arguments(tmp_path: Path) -> None:
    case = CaseNumber.draw()
    with pytest.raises(UsageError, match="history"):
        ask.case_number(str(case))
    with pytest.raises(UsageError, match="cannot be read"):
        ask.case_number(str(tmp_path / "nowhere"))


def test_a_mistyped_number_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    case = str(CaseNumber.draw())
    wrong = case[:-1] + ("A" if case[-1] != "A" else "B")
    monkeypatch.setattr(sys, "stdin", io.StringIO(wrong))
    with pytest.raises(CaseNumberError) as error:
        ask.case_number("-")
    assert wrong not in str(error.value) + error.value.hint


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_number_typed_on_a_terminal_is_not_echoed(tmp_path: Path) -> None:
    from takedown_cli.bundle.file import payload_of, write

    case = CaseNumber.draw()
    payload = payload_of([item()], case, DECLARATION, day="2026-01-02", card=card())
    (tmp_path / "x.tdb").write_bytes(write(payload, case, card()))
    code, screen = in_terminal("inspect", "x.tdb", "--case", "-", cwd=tmp_path, answers=[("Case number", f"{case}\r")])
    assert code == 0
    assert str(case) not in screen
    assert "Signature: valid" in screen


def test_an_answer_that_is_none_is_told_what_one_is(person: Person) -> None:
    screen = person.types("x\n2\n")
    assert ask.choose("How old?", {"under-18": "under 18", "adult": "18 or over"}) == "adult"
    assert "Please type a number from 1 to 2" in screen.getvalue()


def test_a_long_question_breaks_between_words(person: Person) -> None:
    screen = person.types("y\n")
    ask.confirm("Withdraw what this file shows? " + "Platforms are then told to stop looking for it. " * 3)
    lines = screen.getvalue().split("\n")
    assert max(map(len, lines)) <= 80
    assert lines[-1].endswith("[y/N] ")
