"""Wildcards as Windows' shells leave them to the program, on paths as values."""

from __future__ import annotations

from pathlib import Path, PureWindowsPath

import pytest

from takedown_cli.cli.terminal.wildcards import expand_wildcards, typed_paths

_DISK = {
    "": ["b.JPG", "a.jpg", "notes.txt", "[x].jpg", "trip"],
    "trip": ["1.jpg", "2.png"],
    "C:\\": ["photos", "phones", "a.jpg"],
    "C:\\photos": ["1.jpg", "10.jpg"],
    "C:\\phones": ["3.jpg"],
    "\\\\server\\share\\": ["a.jpg"],
}


def _names(folder: PureWindowsPath) -> list[str]:
    return _DISK.get("" if folder == PureWindowsPath() else str(folder), [])


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("*.jpg", ["[x].jpg", "a.jpg", "b.JPG"]),
        ("?.jpg", ["a.jpg", "b.JPG"]),
        ("[x]*", ["[x].jpg"]),
        ("trip\\*", ["trip\\1.jpg", "trip\\2.png"]),
        ("C:/ph*/?.jpg", ["C:\\phones\\3.jpg", "C:\\photos\\1.jpg"]),
        ("C:\\*\\10.jpg", ["C:\\photos\\10.jpg"]),
        ("\\\\server\\share\\*.jpg", ["\\\\server\\share\\a.jpg"]),
        ("a.jpg", ["a.jpg"]),
        ("*.gif", ["*.gif"]),
        ("nowhere\\*.jpg", ["nowhere\\*.jpg"]),
        ("-", ["-"]),
    ],
)
def test_wildcards_stand_for_the_names_that_match(typed: str, found: list[str]) -> None:
    assert [str(path) for path in expand_wildcards(PureWindowsPath(typed), _names)] == found


def test_where_the_shell_expands_names_they_are_taken_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.jpg", "b.jpg", "*.jpg"):
        Path(name).touch()
    assert typed_paths("*.jpg") == [Path("*.jpg")]
