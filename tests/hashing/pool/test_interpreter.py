"""Which program runs as a decoder, and that it finds the packages of an environment that it does not belong to."""

from __future__ import annotations

import sys

import pytest

from takedown_cli.core.model import Found, Hashed, Recipe
from takedown_cli.hashing.discover import open_media
from takedown_cli.hashing.pool import interpreter, supervisor
from takedown_cli.hashing.pool.launch import FreshInterpreters
from takedown_cli.hashing.pool.supervisor import Pool

_LAUNCHER = r"C:\case\.venv\Scripts\python.exe"
_REAL = r"C:\Python312\python.exe"


@pytest.mark.parametrize(
    ("platform", "executable", "base", "started"),
    [
        ("win32", _LAUNCHER, _REAL, _REAL),
        ("win32", _REAL, _REAL, _REAL),
        ("win32", _REAL, "", _REAL),
        ("darwin", "/case/.venv/bin/python", "/usr/local/bin/python3", "/case/.venv/bin/python"),
        ("linux", "/case/.venv/bin/python", "/usr/bin/python3", "/case/.venv/bin/python"),
    ],
)
def test_the_launcher_of_a_windows_environment_is_never_started_as_a_decoder(
    platform: str, executable: str, base: str, started: str
) -> None:
    assert interpreter.choose_executable(platform, executable, base) == started


@pytest.mark.skipif(sys.prefix == sys.base_prefix, reason="these tests do not run in a virtual environment")
def test_the_interpreter_behind_an_environment_finds_its_packages(
    pictures: list[Found], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []

    def choose_base(_platform: str, executable: str, base_executable: str) -> str:
        started.append(base_executable)
        assert base_executable != executable
        return base_executable

    monkeypatch.setattr(interpreter, "choose_executable", choose_base)
    monkeypatch.setattr(supervisor, "choose_launcher", FreshInterpreters)
    with Pool(Recipe(), 1, open_file=open_media) as pool:
        outcomes = list(pool.outcomes(pictures[:3]))
    assert [type(outcome) for outcome in outcomes] == [Hashed] * 3
    assert started
