"""However a command ends, a person reads what to do and a script reads one object; paths and tracebacks stay inside."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from takedown_cli.cli.app import run as run_here
from takedown_cli.cli.failure import report_failure
from takedown_cli.cli.terminal import signals
from takedown_cli.cli.terminal.console import console
from takedown_cli.core.errors import TakedownError, every_error
from tests.cli.runner import environment


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("json", "jsonl", "debug", "quiet", "answered"):
        monkeypatch.setattr(console, name, False)
    (tmp_path / "x").touch()
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.id)
def test_every_error_has_words_and_an_object(kind: type[TakedownError], capsys: pytest.CaptureFixture[str]) -> None:
    code = report_failure(kind(), ["status", "--json"])
    shown = capsys.readouterr()
    assert code == kind.exit_code
    assert kind.sentence in shown.err
    assert kind.hint in shown.err
    assert f"[{kind.id}]" in shown.err
    assert json.loads(shown.out) == {
        "schema": "takedown.error",
        "version": 1,
        "id": kind.id,
        "exit_code": kind.exit_code,
        "sentence": kind.sentence,
        "hint": kind.hint,
    }


def test_without_json_stdout_stays_empty(capsys: pytest.CaptureFixture[str]) -> None:
    report_failure(TakedownError(), ["status", "--", "--json"])
    assert capsys.readouterr().out == ""


def test_the_error_id_is_not_on_the_line_of_a_command_to_copy(capsys: pytest.CaptureFixture[str]) -> None:
    report_failure(TakedownError("It failed.", hint="Run:\n  takedown submit case.tdb"), [])
    assert "\n  takedown submit case.tdb\n[bug]\n" in capsys.readouterr().err


SECRET = "/home/lena/private pictures/IMG_2201.jpg"


@pytest.mark.parametrize("debug", [False, True])
def test_a_bug_shows_neither_path_nor_number(debug: bool, capsys: pytest.CaptureFixture[str]) -> None:
    number = "7K3M-9QWX-AAAA-BBBB-CCCC-DDDD"
    try:
        raise OSError(2, f"cannot open {number}", SECRET)
    except OSError as error:
        code = report_failure(error, ["hash", SECRET, *(["--debug"] if debug else [])])
    shown = capsys.readouterr()
    assert code == 1
    for private in ("lena", "pictures", "IMG_2201", number, str(Path(__file__).parent)):
        assert private not in shown.err + shown.out
    assert ("FileNotFoundError" in shown.err) == debug
    assert ("test_failure.py:" in shown.err) == debug


def test_the_redacted_traceback_names_our_own_modules(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_here(["hash", "--debug", "--max-pixels", "3", "--copies", "nonsense", "x"]) == 2
    assert "takedown_cli/cli/options/recipe.py:" in capsys.readouterr().err
    signals.disarm()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["hsah"], "Did you mean 'takedown hash'?"),
        (["hash", "--jsno"], "--json"),
        (["hash"], "No file or folder was named."),
        (["hash", "x", "--workers", "many"], "--workers"),
        (["hash", "x", "--copies", "mirrors"], "--copies must be one of: none, flips"),
        (["hash", "x", "--copies", "none,flips"], "cannot be combined"),
        (["hash", "x", "--age", "17"], "--age must be one of: under-18, adult, unsure"),
        (["hash", "x", "--authority", "law"], "--for"),
        (["hash", "x", "--memory", "much"], "500M"),
        (["hash", "x", "--case", "-"], "-o"),
        (["config"], "Missing command"),
    ],
)
def test_misuse_is_exit_2_with_a_way_out(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_here(arguments) == 2
    shown = capsys.readouterr()
    assert words in shown.err
    assert shown.out == ""


NUMBER = "7K3M-9QWX-AAAA-BBBB-CCCC-DDDD"


@pytest.mark.parametrize(
    "typed",
    [
        NUMBER,
        NUMBER.replace("-", "").lstrip("7"),
        NUMBER.lower(),
        f" {NUMBER}\n",
        NUMBER[:14],
        NUMBER[:4],
        NUMBER.replace("-", "."),
        NUMBER.replace("AAAA", "AUAA"),
        f"/home/anna/{NUMBER}",
    ],
)
@pytest.mark.parametrize(
    "arguments",
    [
        ["{}"],
        ["inspect", "a.tdb", "{}"],
        ["inspect", "a.tdb", "b", "{}"],
        ["hash", "--{}"],
        ["hash", "-{}"],
        ["hash", "--json={}"],
        ["hash", "x", "--workers", "{}"],
        ["hash", "x", "--workers={}"],
        ["hash", "x", "--image-seconds", "{}"],
        ["hash", "x", "--video", "{}"],
        ["hash", "x", "--memory", "{}"],
        ["hash", "{}"],
        ["config", "{}"],
        ["intake", "{}"],
        ["status", "{}", "{}"],
        ["submit", "{}", "--{}"],
        ["export", "{}", "--format", "{}"],
    ],
    ids=" ".join,
)
def test_a_case_number_in_the_wrong_place_is_not_echoed(
    arguments: list[str], typed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for extra in ([], ["--json"], ["--debug"]):
        assert run_here([*(part.replace("{}", typed) for part in arguments), *extra]) != 0
        shown = capsys.readouterr()
        said = (shown.err + shown.out).lower()
        for private in ("7k3m", "9qwx", "aaaa", "dddd"):
            assert private not in said
        assert "[" in said  # an id, so something was said
    signals.disarm()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["hash", "-o"], "-o needs a value."),
        (["hash", "--json=yes"], "--json takes no value."),
        (["status", "--watch=x"], "See 'takedown status --help'."),
        (["batch", "status", "--entry"], "See 'takedown batch status --help'."),
        (["hash", "x", "--workers", "0"], "--workers must be a whole number from 1 to 256."),
        (["submit"], "PATH|BUNDLE is missing."),
        (["inspect", "a", "b", "c"], "Too many arguments for this command."),
        (["batch", "withdraw", "2"], "Unexpected argument: '2'."),
        (["intake", "nonsense"], "Unknown command: 'nonsense'."),
        (["intake", "srve"], "Unknown command: 'srve'. Did you mean serve?"),
        (["stauts"], "Unknown command: 'stauts'."),
        (["hash", "x", "--copise", "flips"], "Unknown option: '--copise'. Did you mean --copies"),
        (["hash", "nowhere.jpg"], "No such file or folder: 'nowhere.jpg' (argument 1)."),
        (["hash", ".", "no\x1b[2J.jpg"], "No such file or folder: 'no\\x1b[2J.jpg' (argument 2)."),
        (["hash", ".", "--adult", "gone"], "No such file or folder: 'gone' (--adult)."),
        (["check", ".", "--copy", "gone.jpg"], "No such file or folder: 'gone.jpg' (--copy)."),
        (["check", "gone.tdb", "x.jpg"], "No such file or folder: 'gone.tdb' (argument 1)."),
        (["inspect", "."], "This is a folder, not a bundle."),
        (["submit", ".", "gone"], "No such file or folder: 'gone' (argument 2)."),
        (["inspect", "gone.tdb"], "No such file or folder: 'gone.tdb' (argument 1)."),
        (["hash", "ABCD", "EF12", "GH34", "JKMN", "PQRS", "TVWX"], "No such file or folder: argument 1."),
    ],
)
def test_misuse_is_explained_in_our_own_words(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_here(arguments) == 2
    assert words in capsys.readouterr().err


def test_a_foreign_exception_is_shown_as_class_and_number_only(capsys: pytest.CaptureFixture[str]) -> None:
    for error in (ValueError("lena"), OSError(28, "lena"), KeyError("lena"), TakedownError("Our own words.")):
        report_failure(error, ["hash", "--debug"])
        said = capsys.readouterr().err
        assert "lena" not in said
        assert type(error).__name__ in said
    report_failure(OSError(28, "lena", "lena.jpg"), ["--debug"])
    assert "OSError: errno 28\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [["hash", "--json", "--nonsense"], ["hash", "x", "--json", "--jsonl"], ["hash", "x", "-o", "-", "--json"]],
)
def test_misuse_is_an_object_too(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_here(arguments) == 2
    assert json.loads(capsys.readouterr().out)["id"] == "usage"


def test_core_dumps_are_off(tmp_path: Path) -> None:
    pytest.importorskip("resource")
    script = "import resource, takedown_cli.cli.app as app; app.run(['--help']); print(resource.getrlimit(4))"
    ended = subprocess.run(
        [sys.executable, "-c", script], env=environment(tmp_path), cwd=tmp_path, capture_output=True, check=True
    )
    assert ended.stdout.decode().splitlines()[-1] == "(0, 0)"


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_the_memory_of_the_main_process_is_not_for_others(tmp_path: Path) -> None:
    script = (
        "import ctypes, takedown_cli.cli.app as app; get = lambda: ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)\n"
        "before = get(); app.run(['--help']); helped = get()\n"
        "app.run(['inspect', 'none.tdb']); print(before, helped, get())"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], env=environment(tmp_path), cwd=tmp_path, capture_output=True, check=True
    )
    assert ended.stdout.decode().splitlines()[-1] == "1 1 0"
