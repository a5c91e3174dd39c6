"""The generated pages: each is what the code says now, and every command has one."""

from __future__ import annotations

import os
import subprocess
import sys

from docs.tools import reference
from docs.tools.command_tree import read_commands
from docs.tools.pages import EXIT_MEANINGS
from takedown_cli.core.errors import every_error
from tests.cli.screens import SCREENS, TEXTS, WIDTHS, screen_text
from tests.docs.markdown import DOCS


def test_generated_pages_are_up_to_date() -> None:
    for name, text in reference.generated_pages().items():
        assert (DOCS / name).read_text(encoding="utf-8") == text, f"{name}: run 'make reference'"


def test_screens_are_what_the_commands_show() -> None:
    assert {path.stem for path in TEXTS.iterdir()} == {*SCREENS}
    for name in SCREENS:
        assert (TEXTS / f"{name}.txt").read_text(encoding="utf-8") == screen_text(name), f"{name}: run 'make screens'"


def test_no_screen_is_wider_than_the_terminal() -> None:
    """Only a command to copy is never broken."""
    for name in SCREENS:
        for part in screen_text(name).split("\n-- "):
            width = int(part.removeprefix("-- ").split()[0])
            assert width in WIDTHS
            for line in part.splitlines()[1:]:
                assert len(line) <= width or line.startswith("  takedown "), f"{name}: {line}"


def test_every_exit_code_has_a_meaning() -> None:
    assert {error.exit_code for error in every_error()} <= EXIT_MEANINGS.keys()


def test_no_page_of_a_command_is_left_over() -> None:
    made = {name for name in reference.generated_pages() if name.startswith("reference/commands/")}
    assert {f"reference/commands/{page.name}" for page in (DOCS / "reference/commands").iterdir()} == made


def test_every_command_and_sub_command_has_a_page() -> None:
    commands = read_commands()
    assert {"takedown hash", "takedown batch run", "takedown intake participant add"} <= commands.keys()
    for name in commands:
        if name != "takedown":
            page = DOCS / "reference/commands" / f"{'-'.join(name.split()[1:])}.md"
            assert page.read_text(encoding="utf-8").split("\n")[2] == f"# {name}"


def test_the_help_on_a_page_is_what_the_command_prints() -> None:
    environ = {key: value for key, value in os.environ.items() if not key.startswith("TAKEDOWN_")}
    for command in ([], ["hash"], ["intake", "participant", "add"]):
        run = subprocess.run(
            [sys.executable, "-m", "takedown_cli", *command, "--help"],
            capture_output=True, text=True, check=True,
            env=environ | {"COLUMNS": "80", "NO_COLOR": "1", "TERM": "dumb"},
        )  # fmt: skip
        assert run.stdout.rstrip() == read_commands()[" ".join(["takedown", *command])].help
