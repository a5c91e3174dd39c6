"""Help: every command is listed and loads, and none of it costs the time of a heavy library."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperCommand, TyperGroup

from takedown_cli import __version__
from takedown_cli.cli.typer_glue.group import invoke, load
from takedown_cli.cli.typer_glue.registry import ENTRIES, first_page
from tests.cli.runner import environment, run

HEAVY = {"numpy", "PIL", "av", "httpx", "cryptography", "sqlalchemy", "rich", "pydantic", "imagehash", "starlette"}


def test_first_page_names_every_command_within_80_columns() -> None:
    page = first_page()
    assert all(f"\n  {name} " in page for name in ENTRIES)
    assert max(map(len, page.splitlines())) <= 80
    assert "takeitdown.ncmec.org" in page
    assert "stopncii.org" in page


def _leaves(command: TyperCommand | TyperGroup) -> Iterator[TyperCommand]:
    if isinstance(command, TyperCommand):
        yield command
    else:
        for child in command.commands.values():
            assert isinstance(child, TyperCommand | TyperGroup)
            yield from _leaves(child)


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_every_command_loads_and_has_the_common_options(name: str) -> None:
    for leaf in _leaves(load(name)):
        options = [option for parameter in leaf.params for option in parameter.opts]
        assert {"--json", "--quiet", "--yes", "--no-input", "--no-color", "--debug"} <= set(options)
        assert len(options) == len(set(options))


@pytest.mark.parametrize("arguments", [["--help"], ["hash", "--help"], ["inspect", "--help"], ["doctor", "--help"]])
def test_help_imports_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "takedown_cli", *arguments],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        check=True,
        text=True,
    )
    imported = {line.rsplit("|", 1)[1].strip().split(".")[0] for line in ended.stderr.splitlines() if "|" in line}
    assert "takedown_cli" in imported
    assert not imported & HEAVY
    assert max(map(len, ended.stdout.splitlines())) <= 80


def _pages(command: TyperCommand | TyperGroup, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    yield path
    if isinstance(command, TyperGroup):
        for name, child in command.commands.items():
            assert isinstance(child, TyperCommand | TyperGroup)
            yield from _pages(child, (*path, name))


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_every_page_fits_80_columns_and_is_whole(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No sentence is cut with an ellipsis, no range is written as a formula, no value is named by its Python type."""
    monkeypatch.setenv("COLUMNS", "80")
    for path in _pages(load(name), (name,)):
        invoke([*path, "--help"])
        usage, rest = capsys.readouterr().out.split("\n", 1)
        assert usage.startswith(f"Usage: takedown {' '.join(path)} ")
        assert max(map(len, rest.splitlines())) <= 80, path
        assert "..." not in re.sub(r"[A-Z-]\.\.\.", "", rest), path
        assert "<=x" not in rest, path
        assert not re.search(r"^  -.* <(str|int|float)", rest, re.M), path


def test_every_option_that_takes_a_value_names_it() -> None:
    for name in ENTRIES:
        for leaf in _leaves(load(name)):
            for option in leaf.params:
                takes_value = option.param_type_name == "option" and not getattr(option, "is_flag", False)
                if takes_value and not getattr(option, "count", False) and not getattr(option, "hidden", False):
                    assert option.metavar, (name, option.opts)


def test_a_short_default_stands_on_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for path in (page for name in sorted(ENTRIES) for page in _pages(load(name), (name,))):
        invoke([*path, "--help"])
        lines = capsys.readouterr().out.splitlines()
        cut = [line for line in lines if "[default:" in line and "]" not in line.partition("[default:")[2]]
        assert all(len(line.partition("[default:")[2].strip()) > 12 for line in cut), (path, cut)
        assert not any("\u00a0" in line for line in lines)


def test_no_command_at_all_shows_the_first_page(tmp_path: Path) -> None:
    assert run(cwd=tmp_path).out.decode() == first_page()


def test_version(tmp_path: Path) -> None:
    ended = run("--version", cwd=tmp_path)
    assert (ended.code, ended.out.decode()) == (0, f"takedown {__version__}\n")


def test_options_are_grouped_each_once_and_name_no_type(tmp_path: Path) -> None:
    page = run("hash", "-h", cwd=tmp_path).out.decode()
    titles = ["Options:", "Person shown:", "Hashing:", "Limits:", "Every command:"]
    assert sorted(titles, key=page.index) == titles
    assert page.count("\n  --max-pixels ") == page.count("\n  --output") + page.count("\n  -o, --output") == 1
    assert "Path]" not in page


def test_examples_come_before_the_options(tmp_path: Path) -> None:
    page = run("hash", "-h", cwd=tmp_path).out.decode()
    assert page.index("takedown hash photos/") < page.index("Options:")


def test_no_two_options_of_a_command_share_a_name() -> None:
    """What is typed for one would arrive at the other: options shared by commands meet in places nobody thought of."""

    def leaves(command: Any) -> Iterator[Any]:
        children = getattr(command, "commands", {})
        for child in children.values():
            yield from leaves(child)
        if not children:
            yield command

    for name in ENTRIES:
        for command in leaves(load(name)):
            for of in ([p.name for p in command.params], [text for p in command.params for text in p.opts]):
                assert len(set(of)) == len(of), (name, sorted(n for n in of if of.count(n) > 1))
