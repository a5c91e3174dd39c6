"""Questions and secrets: answered on a terminal or not at all, never echoed, never from the arguments."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from takedown_cli.cli.terminal import prompts
from takedown_cli.cli.terminal.console import console
from takedown_cli.core.errors import CaseNumberError, DeclinedError, UsageError
from takedown_cli.protocol.case_number import CaseNumber
from tests.cli.runner import in_terminal
from tests.protocol.bundle.factory import DECLARATION, card, item


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
    return Person(monkeypatch)


@pytest.mark.parametrize(
    ("text", "goes_on"), [("y\n", True), ("YES\n", True), ("\n", False), ("n\n", False), ("", False)]
)
def test_only_a_yes_goes_on(person: Person, text: str, goes_on: bool) -> None:
    person.types(text)
    if goes_on:
        prompts.confirm("Send this?")
    else:
        with pytest.raises(DeclinedError):
            prompts.confirm("Send this?")


def test_yes_beforehand_asks_nothing(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = person.types("")
    monkeypatch.setattr(console, "yes", True)
    prompts.confirm("Send this?")
    assert screen.getvalue() == ""


def test_no_input_never_asks(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    person.types("y\n")
    monkeypatch.setattr(console, "no_input", True)
    for question in (lambda: prompts.confirm("?"), lambda: prompts.choose("?", {"a": "b"})):
        with pytest.raises(DeclinedError) as declined:
            question()
        assert declined.value.exit_code == 8
    with pytest.raises(UsageError) as misused:  # no --yes would help here
        prompts.secret("?")
    assert misused.value.exit_code == 2


def test_without_a_terminal_nothing_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    with pytest.raises(DeclinedError):
        prompts.confirm("Send this?")


def test_a_choice_by_number_or_by_word(person: Person) -> None:
    answers = {"self": "me", "child": "my child"}
    person.types("7\nchild\n")
    assert prompts.choose("Who?", answers) == "child"
    person.types("1\n")
    assert prompts.choose("Who?", answers) == "self"


def test_a_case_number_from_a_file_and_from_stdin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = CaseNumber.draw()
    (tmp_path / "number").write_text(f"  {str(case).lower().replace('-', ' ')}\n")
    assert prompts.read_case_number(str(tmp_path / "number")) == case
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(f"{case}\nmore\n".encode())))
    assert prompts.read_case_number("-") == case


def test_a_case_number_among_the_arguments(tmp_path: Path) -> None:
    case = CaseNumber.draw()
    with pytest.raises(UsageError, match="history"):
        prompts.read_case_number(str(case))
    with pytest.raises(UsageError, match="cannot be read"):
        prompts.read_case_number(str(tmp_path / "nowhere"))


def test_a_mistyped_number_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    case = str(CaseNumber.draw())
    wrong = case[:-1] + ("A" if case[-1] != "A" else "B")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(wrong.encode())))
    with pytest.raises(CaseNumberError) as error:
        prompts.read_case_number("-")
    assert wrong not in str(error.value) + error.value.hint


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_number_typed_on_a_terminal_is_not_echoed(tmp_path: Path) -> None:
    from takedown_cli.protocol.bundle.file import encode_bundle, payload_of

    case = CaseNumber.draw()
    payload = payload_of([item()], case, DECLARATION, day="2026-01-02", card=card())
    (tmp_path / "x.tdb").write_bytes(encode_bundle(payload, case, card()))
    code, screen = in_terminal("inspect", "x.tdb", "--case", "-", cwd=tmp_path, answers=[("Case number", f"{case}\r")])
    assert code == 0
    assert str(case) not in screen
    assert "Signature: valid" in screen


def test_a_wrong_answer_is_refused_with_the_right_ones_named(person: Person) -> None:
    screen = person.types("x\n2\n")
    assert prompts.choose("How old?", {"under-18": "under 18", "adult": "18 or over"}) == "adult"
    assert "Please type a number from 1 to 2" in screen.getvalue()


def test_a_long_question_breaks_between_words(person: Person) -> None:
    screen = person.types("y\n")
    prompts.confirm("Withdraw what this file shows? " + "Platforms then stop looking for it. " * 3)
    lines = screen.getvalue().split("\n")
    assert max(map(len, lines)) <= 80
    assert lines[-1].endswith("[y/N] ")
