"""Names that every system takes, made from anything; and Windows' own rules, tried on paths as values."""

from __future__ import annotations

from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takedown_cli.core.file_names import is_lost_on_windows, is_reserved, literal_form, name_key, safe_file_name


def test_names_are_made_from_references() -> None:
    assert safe_file_name("2026/0142", ".html") == "2026-0142.html"
    assert safe_file_name("2026-0142", ".html", {"2026-0142.html"}) == "2026-0142-2.html"
    assert safe_file_name("../../x", ".txt") == "x.txt"
    assert safe_file_name("Дело 7", ".txt") == "Дело-7.txt"
    assert safe_file_name("…", ".txt", otherwise="slip") == "slip.txt"


@pytest.mark.parametrize("letter", ["a", "я", "語", "\U00020000"])
def test_no_reference_is_too_long_for_a_file(tmp_path: Path, letter: str) -> None:
    name = safe_file_name(letter * 64, ".html")
    (tmp_path / name).touch()
    assert letter * 50 in name


@pytest.mark.parametrize(
    "name",
    ["CON", "con", "aux.txt", "Nul.tar.gz", "COM1", "com³.html", "LPT9.", "prn .txt", "CONIN$", "conout$.log", "nul  "],
)
def test_devices_of_windows_are_known_by_any_spelling(name: str) -> None:
    assert is_reserved(name)
    assert is_lost_on_windows(name)


@pytest.mark.parametrize("name", ["console", "com", "com10", "auxiliary.txt", "a.con", "lpt-1.html", "nul-1.txt", ""])
def test_other_names_are_no_devices(name: str) -> None:
    assert not is_reserved(name)


def test_dots_and_spaces_at_the_end_are_lost_on_windows() -> None:
    assert is_lost_on_windows("Anna.")
    assert is_lost_on_windows("Anna ")
    assert not is_lost_on_windows("Anna. B.html")


def test_twins_by_case_and_composition_get_names_of_their_own() -> None:
    taken: set[str] = set()
    for stem in ("Ann/a", "ann a", "ANN-A", "Zoe\u0301", "Zoé", "Straße", "STRASSE"):
        taken.add(name_key(safe_file_name(stem, ".html", taken)))
    assert len(taken) == 7


@given(st.text(max_size=300), st.sampled_from(["", ".txt", ".html"]), st.sampled_from(["slip", "file"]))
def test_any_text_gives_a_name_for_every_system(stem: str, suffix: str, otherwise: str) -> None:
    name = safe_file_name(stem, suffix, otherwise=otherwise)
    assert not is_lost_on_windows(name)
    assert not set('<>:"/\\|?*').intersection(name)
    assert name.isprintable()
    assert 0 < len(name.encode()) <= 255
    assert PureWindowsPath(name).name == name
    assert not name.startswith((".", "-"))


@pytest.mark.parametrize(
    ("plain", "literal"),
    [
        ("C:\\pictures\\aux.txt", "\\\\?\\C:\\pictures\\aux.txt"),
        ("C:/pictures/Anna.", "\\\\?\\C:\\pictures\\Anna."),
        ("C:\\", "\\\\?\\C:\\"),
        ("\\\\server\\share\\a", "\\\\?\\UNC\\server\\share\\a"),
        ("\\\\?\\C:\\a", "\\\\?\\C:\\a"),
        ("\\\\.\\aux", "\\\\.\\aux"),
        ("/srv/a", "/srv/a"),
        ("relative\\a", "relative\\a"),
        ("C:relative", "C:relative"),
    ],
)
def test_windows_gets_a_path_that_it_does_not_change(plain: str, literal: str) -> None:
    assert literal_form(plain) == literal
    if PureWindowsPath(plain).is_absolute():
        child = PureWindowsPath(literal_form(plain)) / ("x" * 300) / "con .jpg"
        assert str(child).startswith(literal)
        assert child.name == "con .jpg"
