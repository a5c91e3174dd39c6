"""Options that take several words, in both spellings."""

from __future__ import annotations

import pytest

from takedown_cli.cli.options import recipe
from takedown_cli.cli.typer_glue.several_values import repeat_options
from takedown_cli.core.variants import COPIES


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("x --copy a b --json", "x --copy a --copy b --json"),
        ("--copy a b --workers 2 x", "--copy a --copy b --workers 2 x"),
        ("--copy=a b c", "--copy=a --copy b --copy c"),
        ("x --copy a -- b", "x --copy a -- b"),
        ("x --copy a --copy b --case - y", "x --copy a --copy b --case - y"),
        ("x a b", "x a b"),
    ],
)
def test_copy_takes_several_files(typed: str, meant: str) -> None:
    assert list(repeat_options(typed.split(), {"--copy"})) == meant.split()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("photos --copies flips screens -o x", "photos --copies flips --copies screens -o x"),
        ("--copies flips screens photos more", "--copies flips --copies screens photos more"),
        ("--copies flips,crops screens photos", "--copies flips,crops --copies screens photos"),
        ("--copies=flips screens photos", "--copies=flips --copies screens photos"),
        ("--copies flips ./screens", "--copies flips ./screens"),
        ("--copies photos flips", "--copies photos --copies flips"),
        ("--also sha1 phash photos", "--also sha1 --also phash photos"),
        ("--copies flips -- screens", "--copies flips -- screens"),
    ],
)
def test_kinds_take_several_words(typed: str, meant: str) -> None:
    assert set(repeat_options(["--copies", "none"], {"--copies"})) == {"--copies", "none"}
    assert list(repeat_options(typed.split(), {"--copies", "--also"})) == meant.split()


@pytest.mark.parametrize("given", [["flips,screens"], ["flips", "screens"], ["flips screens"], ["flips, screens"]])
def test_both_spellings_mean_the_same(given: list[str]) -> None:
    assert recipe.kinds_of("--copies", given, COPIES) == {"flips", "screens"}
