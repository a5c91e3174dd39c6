"""What reaches a terminal: outside text as visible escapes, colour only where it is wanted."""

from __future__ import annotations

import errno
import io
import json
import sys
import unicodedata
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takedown_cli.cli.terminal import console as consoles
from takedown_cli.cli.terminal.console import Console, console, is_closed_pipe, sanitise, shown_path
from takedown_cli.cli.terminal.table import Table
from takedown_cli.core.errors import OutputError

HOSTILE = [
    ("\x1b[31mred", "\\x1b[31mred"),
    ("a\nb\r\tc", "a\\nb\\r\\tc"),
    ("gpj.\u202eexe", "gpj.\\u202eexe"),
    ("\u2066x\u2069", "\\u2066x\\u2069"),
    ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
    ("\x9b2J", "\\x9b2J"),
    ("\udcff", "\\udcff"),
    ("\x7f\x00\x07", "\\x7f\\x00\\x07"),
    ("line\u2028end", "line\\u2028end"),
    ("tag\U000e0041", "tag\\U000e0041"),
    ("pay\u200dpal\u200c", "pay\\u200dpal\\u200c"),
    ("\u0645\u200c\u200c", "\u0645\\u200c\\u200c"),
    ("\u0c1c\u0c4d\u0c1e\u200c\u0c3e", "\u0c1c\u0c4d\u0c1e\\u200c\u0c3e"),
    ("\u0645\u200f\u061c", "\u0645\\u200f\\u061c"),
]


@pytest.mark.parametrize(("text", "shown"), HOSTILE)
def test_hostile_characters_become_visible(text: str, shown: str) -> None:
    assert sanitise(text) == shown


@pytest.mark.parametrize("text", ["[red]photo[/red].jpg", "--force", "Ελένη & Zoë", "日本語", ":smile:", "\\n",
                                  "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
                                  "\u0dc1\u0dca\u200d\u0dbb\u0dd3", "\u0915\u094d\u200d\u0937"])  # fmt: skip
def test_ordinary_text_stays(text: str) -> None:
    assert sanitise(text) == text


def invisible(text: str) -> set[str]:
    """What could move a cursor or turn text around. The two joiners cannot."""
    categories = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    return {c for c in text if unicodedata.category(c) in categories} - {"\u200c", "\u200d"}


@given(st.text(alphabet=st.characters(), max_size=300))
def test_nothing_that_moves_a_cursor_is_left(text: str) -> None:
    shown = sanitise(text)
    assert len(shown) <= 200
    assert not invisible(shown)
    shown.encode("utf-8")


def test_naughty_strings(shared: Path) -> None:
    for text in json.loads((shared / "corpus" / "naughty-strings.json").read_text()):
        assert not invisible(sanitise(text))


def test_long_text_is_cut_and_says_so() -> None:
    assert sanitise("x" * 500, limit=10) == "x" * 9 + "…"
    assert len(sanitise("\x1b" * 500, limit=50)) == 50


def test_a_name_that_is_no_utf8_is_shown_as_escapes() -> None:
    assert shown_path(Path("caf\udce9.jpg")) == "caf\\udce9.jpg"


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environ", "no_color", "terminal", "coloured"),
    [
        ({}, False, True, True),
        ({}, False, False, False),
        ({"NO_COLOR": "1"}, False, True, False),
        ({"NO_COLOR": ""}, False, True, True),
        ({"TERM": "dumb"}, False, True, False),
        ({"FORCE_COLOR": "1"}, False, False, True),
        ({"FORCE_COLOR": "0"}, False, False, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, True, False),
        ({"FORCE_COLOR": "1"}, True, True, False),
    ],
)
def test_who_decides_about_colour(
    environ: dict[str, str], no_color: bool, terminal: bool, coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    stream = _Terminal() if terminal else io.StringIO()
    assert ("\x1b[" in Console(no_color=no_color).style("x", "red", stream)) == coloured


def test_json_is_inert_ascii_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    Console(json=True).emit({"path": "\x1b[2J\u202eé\n"})
    line = capsys.readouterr().out
    assert line.isascii()
    assert line.count("\n") == 1
    assert "\x1b" not in line
    assert json.loads(line) == {"path": "\x1b[2J\u202eé\n"}


def test_quiet_drops_explanations_but_not_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    quiet = Console(quiet=True)
    quiet.say("explanation")
    quiet.warn("warning")
    assert "explanation" not in (said := capsys.readouterr().err)
    assert "warning" in said


@pytest.mark.parametrize(
    ("platform", "number", "closed"),
    [
        ("linux", errno.EPIPE, True),
        ("win32", errno.EPIPE, True),
        ("win32", errno.EINVAL, True),
        ("linux", errno.EINVAL, False),
        ("win32", errno.ENOSPC, False),
    ],
)
def test_a_reader_that_went_away_is_known_on_windows_too(platform: str, number: int, closed: bool) -> None:
    assert is_closed_pipe(platform, OSError(number, "")) == closed


@pytest.mark.parametrize(("number", "raised"), [(errno.EINVAL, BrokenPipeError), (errno.ENOSPC, OutputError)])
def test_output_that_nobody_reads_any_more_is_no_full_disk_on_windows(
    number: int, raised: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Pipe(io.StringIO):
        def flush(self) -> None:
            raise OSError(number, "")

    windows = partial(is_closed_pipe, "win32")
    monkeypatch.setattr(consoles, "is_closed_pipe", lambda _platform, error: windows(error))
    monkeypatch.setattr(sys, "stdout", Pipe())
    with pytest.raises(raised):
        Console().result("text")


def test_a_missing_stderr_is_no_reason_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    Console().say("nobody hears this")
    Console().prompt("nor this")


def test_a_result_in_sentences_is_wrapped_on_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "Pictures 1-3: " + "on the list that platforms read, " * 4 + "\n  Example Platform blocks it."
    console.paragraphs(text)
    assert capsys.readouterr().out == text + "\n"

    screen = io.StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdout", screen)
    console.paragraphs(text)
    lines = screen.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[-1] == "  Example Platform blocks it."
    assert " ".join(" ".join(lines).split()) == " ".join(text.split())


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_text_wraps_at_words_and_hangs_under_what_it_continues(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    words = "fingerprints of pictures and videos are sent and nothing else of you or of this computer leaves it ever"
    text = f"{words}\n  {words}\n12  {words}\nMade on:   {words}\n  takedown status - --intake {'x' * 130}"
    lines = Console()._wrapped(text).split("\n")
    assert all(len(line) <= columns for line in lines[:-1])
    assert lines[-1].startswith("  takedown status")
    starts = [len(line) - len(line.lstrip()) for line in lines[:-1]]
    number, label = (next(n for n, line in enumerate(lines) if line.startswith(word)) for word in ("12", "Made"))
    assert set(starts[number + 1 : label]) == {4}
    assert set(starts[label + 1 :]) == {11}
    assert " ".join(" ".join(lines).split()) == " ".join(text.split())


def test_a_table_is_whole_for_a_program_and_fits_a_terminal() -> None:
    rows = [("1", "Plat A: 3 blocked (2026-01-02)"), ("1,200", "\x1b[2J [red]moved[/red]\nbelow")]
    table = Table((">entry", "answers"), rows)
    assert table.splitlines() == [
        "entry  answers",
        "    1  Plat A: 3 blocked (2026-01-02)",
        "1,200  \\x1b[2J [red]moved[/red]",
        "       below",
    ]
    assert table.fitted(24).splitlines()[1:3] == ["    1  Plat A: 3 blocked", "       (2026-01-02)"]
