"""The house rules, checked by reading the source: sizes, opening sentences, one table for reasons, one for errors."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from takedown_cli import __version__, errors, reasons

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "takedown_cli").rglob("*.py"))
HEAVY = ("numpy", "PIL", "av", "httpx", "cryptography", "sqlalchemy", "rich", "pydantic", "imagehash", "starlette")
EXIT_CODES = {1, 2, 3, 4, 5, 6, 7, 8, 9, 130}


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_a_module_is_one_idea_of_readable_size(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 400
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 50, node.name
    if text.strip():
        opening = ast.get_docstring(tree) or ""
        assert len(re.findall(r"[.:](?:\s|$)", opening)) >= 2, (
            "a module opens with what it guarantees and must never do"
        )


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
        part = path.relative_to(ROOT / "takedown_cli").parts[0]
        if part in {"cli", "pool"}:  # a decoding process clears its environment and stands on its own
            continue
        assert not forbidden.search(path.read_text(encoding="utf-8")), _name(path)


def test_every_reason_has_one_sentence_and_one_kind() -> None:
    kinds = (reasons.SKIPPED, reasons.PARTIAL, reasons.TOO_POOR, reasons.FAILED)
    for reason in reasons.Reason:
        assert reasons.SENTENCES[reason].endswith(".")
        assert sum(reason in kind for kind in kinds) == 1


def test_every_error_has_its_own_id_and_a_documented_exit_code() -> None:
    tree = [error for error in errors.every_error() if error.__module__ == "takedown_cli.errors"]
    ids = [error.id for error in tree]
    assert len(ids) == len(set(ids))
    for error in tree:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", error.id)
        assert error.exit_code in EXIT_CODES
        assert error.sentence.endswith(".")
        assert error.hint.endswith(".")


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
        "pyproject.toml", "README.md", "Makefile", "LICENSE", ".ci", ".gitignore", "takedown_cli", "tests", "docs",
    }  # fmt: skip


def test_the_version_is_said_once() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "takedown_cli", "--version"], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == f"takedown {__version__}"
