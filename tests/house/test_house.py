"""The house rules, checked by reading the source: rooms, opening sentences, one table for reasons, one for errors."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from takedown_cli import __version__
from takedown_cli.core import errors, reasons

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "takedown_cli").rglob("*.py"))
HEAVY = ("numpy", "PIL", "av", "httpx", "cryptography", "sqlalchemy", "rich", "pydantic", "imagehash", "starlette")
#: Files in one folder of the package.
MOST_FILES = 16
EXIT_CODES = {1, 2, 3, 4, 5, 6, 7, 8, 9, 130}


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_a_room_is_small_enough_to_know_by_heart() -> None:
    rooms = Counter(path.parent for path in SOURCES if path.read_text(encoding="utf-8").strip())
    assert {_name(room): files for room, files in rooms.items() if files > MOST_FILES} == {}


def test_every_module_opens_with_what_it_is_for() -> None:
    silent = [
        _name(path) for path in SOURCES if (text := path.read_text(encoding="utf-8")).strip() and not _opening(text)
    ]
    assert silent == []


def _opening(text: str) -> str:
    return ast.get_docstring(ast.parse(text)) or ""


def test_a_command_to_copy_stands_on_a_line_of_its_own() -> None:
    """Behind a colon it would be wrapped, and followed by an error's id."""
    inline = re.compile(r": (takedown|batch|intake) [a-z]+")
    said = [(_name(path), text) for path in SOURCES for text in _texts(path)]
    assert len(said) > 2000
    assert [each for each in said if inline.search(each[1])] == []


def _texts(path: Path) -> Iterator[str]:
    """Every text in a module that is no docstring."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield node.value


def test_help_imports_nothing_heavy() -> None:
    run = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "takedown_cli", "--help"], capture_output=True, text=True, check=True
    )
    imported = {line.rpartition("|")[2].strip().split(".")[0] for line in run.stderr.splitlines()}
    assert "takedown_cli" in imported
    assert imported.isdisjoint(HEAVY)


def test_only_the_command_line_prints_prompts_or_reads_the_environment() -> None:
    forbidden = re.compile(r"(?<![\w.])(print|input)\(|os\.environ|os\.getenv|sys\.exit|sys\.std(out|err)")
    for path in SOURCES:
        parts = path.relative_to(ROOT / "takedown_cli").parts
        if parts[0] == "cli" or parts[:2] == (
            "hashing",
            "pool",
        ):  # a decoding process clears its environment and stands on its own
            continue
        assert not forbidden.search(path.read_text(encoding="utf-8")), _name(path)


def test_every_reason_has_one_sentence_and_one_kind() -> None:
    kinds = (reasons.SKIPPED, reasons.PARTIAL, reasons.TOO_POOR, reasons.FAILED)
    for reason in reasons.Reason:
        assert reason.sentence.endswith(".")
        assert sum(reason in kind for kind in kinds) == 1


def test_every_error_has_its_own_id_and_a_documented_exit_code() -> None:
    tree = [error for error in errors.every_error() if error.__module__ == "takedown_cli.core.errors"]
    ids = [error.id for error in tree]
    assert len(ids) == len(set(ids))
    for error in tree:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", error.id)
        assert error.exit_code in EXIT_CODES
        assert error.sentence.endswith(".")
        assert error.hint.endswith(".") or "\n  takedown " in error.hint


@pytest.mark.parametrize("folder", ["takedown_cli", "tests", "docs/tools"])
def test_no_module_begins_with_an_import_that_windows_lacks(folder: str) -> None:
    """Such an import belongs into the function that needs it, or below a question about ``sys.platform``."""
    lacking = {"crypt", "fcntl", "grp", "posix", "pty", "pwd", "readline", "resource", "syslog", "termios", "tty"}
    faults = [
        f"{_name(path)}:{line}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for name, line in _top_imports(ast.parse(path.read_text(encoding="utf-8")))
        if name.partition(".")[0] in lacking
    ]
    assert faults == []


def _top_imports(module: ast.Module) -> Iterator[tuple[str, int]]:
    for statement in module.body:
        if isinstance(statement, ast.Import):
            yield from ((each.name, statement.lineno) for each in statement.names)
        elif isinstance(statement, ast.ImportFrom):
            yield statement.module or "", statement.lineno


def _tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name.decode() for name in listed.stdout.split(b"\0") if name]


def test_the_tree_names_no_machine_and_no_package_index() -> None:
    said = re.compile(rb"(--(extra-)?index-url|--find-links|/(?:root)/|" + re.escape(str(ROOT).encode()) + rb"/)")
    for path in _tracked():
        if path.is_file() and path != Path(__file__):
            found = said.search(path.read_bytes())
            assert not found, f"{_name(path)}: {found}"


def test_the_top_level_stays_small() -> None:
    names = {path.relative_to(ROOT).parts[0] for path in _tracked()}
    assert names <= {
        "pyproject.toml", "README.md", "Makefile", "LICENSE", "CHANGELOG.md", ".ci", ".github", ".gitignore",
        ".editorconfig", ".pre-commit-config.yaml", "takedown_cli", "tests", "docs",
    }  # fmt: skip


def test_the_version_is_said_once() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "takedown_cli", "--version"], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == f"takedown {__version__}"
