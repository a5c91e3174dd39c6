"""Progress: a bar only on a terminal, lines or JSON elsewhere, counts only."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import cast

import pytest

from takedown_cli.api.run import Count, Progress
from takedown_cli.cli.terminal.console import console
from takedown_cli.cli.terminal.progress import ProgressLine, _Bar, progress_line, progress_words
from takedown_cli.core.model import VideoProgress
from tests.cli.documents import published
from tests.cli.runner import in_terminal, run


def _line(**changes: object) -> ProgressLine:
    return cast("ProgressLine", published(json.dumps({**progress_line(Progress()), **changes})))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (_line(), "0 files, 0 B"),
        (_line(files=3, total=9), "3 of 9+ files, 0 B"),
        (_line(files=3, total=9, counted=True, bytes=2_500_000, seconds=2.0), "3 of 9 files, 2.5 MB, 1.2 MB/s"),
        (_line(files=1, total=1, counted=True, seconds=1.0, seconds_left=240.0), "1 file, 0 B, 0 B/s, 4 min left"),
        (_line(total=1, counted=True, video_seconds=35.4, video_total=120.0), "0 of 1 file, video 35 of 120 s, 0 B"),
        (
            _line(files=3, total=9, bytes=2_500_000, seconds=2.0, seconds_left=90, video_seconds=600, video_total=5400),
            "3 of 9+ files, video 10 of 90 min, 2 min left, 2.5 MB",
        ),
    ],
)
def test_progress_words(line: ProgressLine, words: str) -> None:
    assert progress_words(line) == words


def test_words_fit_beside_the_bar_whatever_the_numbers() -> None:
    line = _line(counted=True, files=1_234_567, total=9_999_999, bytes=10**14, seconds=1e5, seconds_left=1e5)
    assert len(progress_words(line)) <= 60
    line["video_seconds"] = line["video_total"] = 1e12
    assert len(progress_words(line)) <= 60


def test_the_line_of_a_long_video_says_how_far_it_is() -> None:
    assert not {"video_seconds", "video_total"} & set(_line())
    line = progress_line(Progress(video=VideoProgress(1.26, 30.0)))
    assert published(json.dumps(line))["video_seconds"] == 1.3
    assert line["video_total"] == 30.0


def test_time_left_needs_a_finished_count() -> None:
    count = Count()
    count.started -= 10
    count.bytes, count.found_bytes = 100, 300
    assert count.progress().seconds_left is None
    count.counted = True
    assert count.progress().seconds_left == pytest.approx(20, rel=0.1)


def test_json_on_stderr(many: Path, tmp_path: Path) -> None:
    ended = run("hash", many, "-q", "--progress=json", cwd=tmp_path)
    lines = [line for line in ended.err.splitlines() if line.startswith(b"{")]
    for line in lines:
        assert published(line)["schema"] == "takedown.progress"
    assert json.loads(lines[-1])["files"] == 60
    assert ended.out == b""


@pytest.mark.parametrize(("options", "env"), [([], {"TERM": "dumb"}), (["--progress=none"], {}), (["-q"], {})])
@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_no_bar_where_it_is_not_wanted(many: Path, tmp_path: Path, options: list[str], env: dict[str, str]) -> None:
    _, screen = in_terminal("hash", many, *options, cwd=tmp_path, env=env)
    assert "\x1b[" not in screen
    assert "━" not in screen


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_the_bar_counts_and_names_nothing(many: Path, tmp_path: Path) -> None:
    code, screen = in_terminal("hash", many, cwd=tmp_path)
    assert code == 0
    assert "of 60 files" in screen
    assert "000.jpg" not in screen
    assert screen.count("\x1b[?25l") == screen.count("\x1b[?25h") == 1


def test_forced_colour_makes_no_bar(good: Path, tmp_path: Path) -> None:
    ended = run("hash", good, cwd=tmp_path, env={"FORCE_COLOR": "1", "TERM": "xterm"})
    assert "━" not in ended.said
    assert "\x1b[?25l" not in ended.said


def test_an_unknown_mode_is_misuse(good: Path, tmp_path: Path) -> None:
    assert run("hash", good, "--progress=fancy", cwd=tmp_path).code == 2


def test_a_result_never_lands_on_the_line_of_the_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setattr(sys, "stderr", screen)
    bar = _Bar()
    try:
        for write in (console.result, console.error_line):
            bar.draw(_line(files=3, total=9))
            assert "3 of 9+ files" in screen.getvalue()
            write("Copy 1: yes.")
            assert screen.getvalue().endswith("\r\x1b[2KCopy 1: yes.\n")
    finally:
        bar.close()
    written = len(screen.getvalue())
    console.result("after it")
    assert screen.getvalue()[written:] == "after it\n"
